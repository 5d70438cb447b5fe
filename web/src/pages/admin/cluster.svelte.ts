/** The page of the cluster: what it polls. */
import { cluster, type AutoscalerStatus, type Node, type Runner } from '../../api'
import { Watch } from './watch.svelte'

export const pollMs = 3000
/** Decisions that are shown; the server keeps more. */
export const shownDecisions = 20

export class ClusterWatch extends Watch {
  nodes = $state.raw<Node[] | null>(null)
  runners = $state.raw<Runner[]>([])
  autoscaler = $state.raw<AutoscalerStatus | null>(null)

  protected isKnown() {
    return this.nodes !== null
  }
  protected pauseMs() {
    return pollMs
  }
  protected async load(signal: AbortSignal) {
    const [nodes, runners, autoscaler] = await Promise.all([
      cluster.nodes(signal),
      cluster.runners(signal),
      cluster.autoscaler(signal)
    ])
    this.nodes = nodes.data
    this.runners = runners.data
    this.autoscaler = autoscaler
  }
}
