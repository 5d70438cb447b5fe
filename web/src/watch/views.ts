/** Counts a view: tells the server every few seconds where this viewer is. */
import { videos } from '../api'

const defaultIntervalMs = 5000

export class ViewReporter {
  private readonly sessionId = Math.random().toString(36).slice(2) + Date.now().toString(36)
  private timer = 0

  constructor(
    private readonly key: string,
    private readonly position: () => { time: number; playing: boolean },
    private readonly intervalMs = defaultIntervalMs
  ) {}

  start(): void {
    this.timer = window.setInterval(() => {
      if (this.position().playing) this.report()
    }, this.intervalMs)
  }
  seeked(): void {
    this.report(true)
  }
  stop(): void {
    clearInterval(this.timer)
  }
  private report(seek = false): void {
    // Statistics only: a failure must not disturb the viewer.
    videos.view(this.key, this.position().time, this.sessionId, seek).catch(() => {})
  }
}
