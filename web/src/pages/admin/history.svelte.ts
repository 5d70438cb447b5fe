/** Polls the overview and keeps a window of samples for the charts. Times are epoch seconds. */
import { server, type Overview } from '../../api'

export const pollMs = 2000
/** Ten minutes of samples; older ones fall out. */
export const maxSamples = 300

export interface Sample {
  at: number
  value: Overview
}

export class OverviewHistory {
  samples = $state.raw<Sample[]>([])
  error = $state.raw<unknown>(null)
  readonly latest = $derived(this.samples.at(-1)?.value ?? null)
  private timer = 0
  private controller: AbortController | null = null

  start(): () => void {
    const stop = () => {
      clearTimeout(this.timer)
      this.controller?.abort()
    }
    const tick = async () => {
      // A hidden page costs nothing; it catches up when it is looked at again.
      if (!document.hidden) await this.poll()
      this.timer = window.setTimeout(tick, pollMs)
    }
    void tick()
    return stop
  }

  async poll(now = Date.now()): Promise<void> {
    this.controller = new AbortController()
    try {
      const value = await server.overview(this.controller.signal)
      this.error = null
      this.samples = [...this.samples.slice(1 - maxSamples), { at: now / 1000, value }]
    } catch (error) {
      if (!(error instanceof DOMException && error.name === 'AbortError')) this.error = error
    }
  }
}

export type Verdict =
  | { kind: 'good' }
  | { kind: 'disk'; freeBytes: number }
  | { kind: 'failed'; count: number }
  | { kind: 'backlog'; seconds: number }
  | { kind: 'cpu' }

export const limits = { diskFreeFraction: 0.1, backlogSeconds: 180, cpuPercent: 95 }

const seenKey = 'shoal.admin.failedJobsSeen'

/** Failed jobs are news until somebody has looked at them. */
export function markFailedJobsSeen(total: number): void {
  localStorage.setItem(seenKey, String(total))
}
export function unseenFailedJobs(total: number): number {
  const seen = Number(localStorage.getItem(seenKey)) || 0
  return seen > total ? total : total - seen
}

/** What an administrator should know first. The worst thing wins. */
export function verdict(o: Overview, cpuAverage: number, failedJobs: number): Verdict {
  if (o.disk.totalBytes > 0 && o.disk.freeBytes / o.disk.totalBytes < limits.diskFreeFraction) {
    return { kind: 'disk', freeBytes: o.disk.freeBytes }
  }
  if (o.jobs.oldestWaitSeconds > limits.backlogSeconds) {
    return { kind: 'backlog', seconds: o.jobs.oldestWaitSeconds }
  }
  if (failedJobs > 0) return { kind: 'failed', count: failedJobs }
  // Processing takes whatever viewers leave, so that alone is no reason to worry.
  if (cpuAverage > limits.cpuPercent && o.jobs.running === 0) return { kind: 'cpu' }
  return { kind: 'good' }
}
