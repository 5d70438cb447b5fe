/** Bytes per second over the last few seconds, and the time the rest takes. */
const windowMs = 6000

export class SpeedMeter {
  private samples: { at: number; bytes: number }[] = []

  add(bytes: number, at: number): void {
    const last = this.samples.at(-1)
    // Going back (another offset) makes what was measured meaningless.
    if (last && bytes < last.bytes) this.samples = []
    this.samples.push({ at, bytes })
    while (this.samples.length > 2 && at - (this.samples[0]?.at ?? at) > windowMs) {
      this.samples.shift()
    }
  }
  reset(): void {
    this.samples = []
  }
  bytesPerSecond(): number {
    const first = this.samples[0]
    const last = this.samples.at(-1)
    if (!first || !last || last.at - first.at < 500) return 0
    return ((last.bytes - first.bytes) * 1000) / (last.at - first.at)
  }
  secondsLeft(totalBytes: number): number {
    const speed = this.bytesPerSecond()
    const sent = this.samples.at(-1)?.bytes ?? 0
    return speed > 0 ? (totalBytes - sent) / speed : 0
  }
}
