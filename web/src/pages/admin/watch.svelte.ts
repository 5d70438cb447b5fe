/** What a page of the administration asks for again and again while it is looked at. */
export abstract class Watch {
  error = $state.raw<unknown>(null)
  private running = false
  private timer = 0
  private controller: AbortController | null = null

  protected abstract isKnown(): boolean
  /** Until it is asked for again. */
  protected abstract pauseMs(): number
  protected abstract load(signal: AbortSignal): Promise<void>

  start(): () => void {
    this.running = true
    void this.tick()
    return () => {
      this.running = false
      clearTimeout(this.timer)
      this.controller?.abort()
    }
  }
  /** After a change of one's own: at once. */
  async refresh(): Promise<void> {
    await this.poll()
    this.schedule()
  }

  private async tick(): Promise<void> {
    // A hidden page costs nothing; it catches up when it is looked at again.
    if (!document.hidden || !this.isKnown()) await this.poll()
    this.schedule()
  }
  private schedule(): void {
    clearTimeout(this.timer)
    if (this.running) this.timer = window.setTimeout(() => void this.tick(), this.pauseMs())
  }

  async poll(): Promise<void> {
    this.controller?.abort()
    const controller = (this.controller = new AbortController())
    try {
      await this.load(controller.signal)
      this.error = null
    } catch (error) {
      if (!(error instanceof DOMException && error.name === 'AbortError')) this.error = error
    }
  }
}
