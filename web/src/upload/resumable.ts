/**
 * One file over the resumable protocol: POST opens a session, each PUT sends one chunk and is
 * answered 308 with the range that is stored, the last one 200 with the video. Everything the
 * server has acknowledged is kept: after a lost connection, a pause or a reload the server is
 * asked how far it got, and the upload goes on from there.
 *
 * Failures that time may heal are retried for ever with growing pauses; the others end the upload
 * with an UploadError. No browser API but Blob, AbortSignal and timers, so that tests drive it.
 */

export interface Answer {
  status: number
  /** Bytes stored so far, from `Range: bytes=0-n`; null when the header is absent. */
  stored: number | null
  /** Session id, from `Location: ...?upload_id=`. */
  uploadId: string | null
  video: { id: number; uuid: string; shortUUID: string } | null
  code: string
  detail: string
  retryAfterSeconds: number
}

/** Rejects on a lost connection (any error) or when aborted (AbortError). */
export interface Transport {
  open(file: Blob & { name: string }, metadata: Record<string, unknown>): Promise<Answer>
  send(
    uploadId: string,
    from: number,
    chunk: Blob,
    total: number,
    signal: AbortSignal,
    progress: (sentOfChunk: number) => void
  ): Promise<Answer>
  query(uploadId: string, total: number): Promise<Answer>
  cancel(uploadId: string): Promise<void>
}

export type UploadErrorKind =
  'tooLarge' | 'quota' | 'unsupported' | 'empty' | 'changed' | 'forbidden' | 'other'

export class UploadError extends Error {
  constructor(
    readonly kind: UploadErrorKind,
    readonly detail = ''
  ) {
    super(detail || kind)
  }
}

export interface Events {
  session(uploadId: string): void
  progress(sentBytes: number): void
  /** Waiting before the next try; 0: going on now. */
  retrying(seconds: number): void
  finishing(): void
}

export interface Limits {
  minChunk: number
  maxChunk: number
  /** Aim of one chunk: what a cut connection loses at most. */
  secondsPerChunk: number
}
const mebibyte = 1024 * 1024
export const defaultLimits: Limits = {
  minChunk: mebibyte,
  maxChunk: 64 * mebibyte,
  secondsPerChunk: 3
}

const maxBackoffSeconds = 30
const aborted = (error: unknown) => error instanceof DOMException && error.name === 'AbortError'

export class ResumableUpload {
  private offset = 0
  private attempts = 0
  private chunkSize: number
  private wake: (() => void) | null = null

  constructor(
    private readonly file: Blob & { name: string },
    private readonly metadata: Record<string, unknown>,
    private readonly transport: Transport,
    private readonly events: Events,
    public uploadId: string | null = null,
    private readonly limits: Limits = defaultLimits,
    private readonly now: () => number = () => performance.now()
  ) {
    this.chunkSize = Math.min(limits.maxChunk, 4 * mebibyte)
  }

  /** Runs until the video exists. Rejects with AbortError on `signal`; may be called again after. */
  async run(signal: AbortSignal): Promise<NonNullable<Answer['video']>> {
    if (this.file.size === 0) throw new UploadError('empty')
    let known = false
    for (;;) {
      signal.throwIfAborted()
      try {
        if (!this.uploadId) {
          await this.open(signal)
          known = true
        } else if (!known) {
          const done = await this.ask(signal)
          if (done) return done
          known = this.uploadId !== null
        } else {
          const done = await this.sendNext(signal)
          if (done) return done
        }
      } catch (error) {
        if (aborted(error) || error instanceof UploadError) throw error
        if (error instanceof DOMException && error.name === 'NotReadableError') {
          throw new UploadError('changed')
        }
        // A lost connection: what the server holds is known again only after asking.
        known = false
        await this.pauseBefore(2 ** this.attempts++, signal)
      }
    }
  }

  /** Ends a waiting pause at once (the network came back). */
  retryNow(): void {
    this.wake?.()
  }

  async cancel(): Promise<void> {
    if (this.uploadId) await this.transport.cancel(this.uploadId)
  }

  private async open(signal: AbortSignal): Promise<void> {
    const answer = await this.transport.open(this.file, this.metadata)
    if ((answer.status === 201 || answer.status === 200) && answer.uploadId) {
      this.uploadId = answer.uploadId
      this.events.session(answer.uploadId)
      this.accept(answer.stored ?? 0)
      // 200: the server had this session already; the query after it tells how far it got.
      if (answer.status === 200) await this.ask(signal)
    } else await this.refused(answer, signal)
  }

  private async ask(signal: AbortSignal): Promise<Answer['video']> {
    const answer = await this.transport.query(this.uploadId ?? '', this.file.size)
    if (answer.status === 308) this.accept(answer.stored ?? 0)
    else if (answer.status === 200 && answer.video) return answer.video
    else await this.refused(answer, signal)
    return null
  }

  private async sendNext(signal: AbortSignal): Promise<Answer['video']> {
    const from = this.offset
    const chunk = this.file.slice(from, Math.min(this.file.size, from + this.chunkSize))
    const last = from + chunk.size === this.file.size
    const began = this.now()
    const answer = await this.transport.send(
      this.uploadId ?? '',
      from,
      chunk,
      this.file.size,
      signal,
      (sent) => {
        this.events.progress(from + sent)
        if (last && sent >= chunk.size) this.events.finishing()
      }
    )
    if (answer.status === 200 && answer.video) {
      this.events.progress(this.file.size)
      return answer.video
    }
    if (answer.status === 308 && answer.stored !== null) {
      this.accept(answer.stored)
      this.adapt(chunk.size, (this.now() - began) / 1000)
    } else if (answer.status === 409) {
      // We and the server disagree about the offset: its word counts.
      return this.ask(signal)
    } else await this.refused(answer, signal)
    return null
  }

  private accept(stored: number): void {
    this.offset = stored
    this.attempts = 0
    this.events.retrying(0)
    this.events.progress(stored)
  }

  private adapt(bytes: number, seconds: number): void {
    const wanted = (bytes / Math.max(0.001, seconds)) * this.limits.secondsPerChunk
    const next = Math.min(this.chunkSize * 2, Math.max(this.chunkSize / 2, wanted))
    this.chunkSize = Math.round(
      Math.min(this.limits.maxChunk, Math.max(this.limits.minChunk, next))
    )
  }

  /** Returns when it is worth trying again, else throws an UploadError. */
  private async refused(answer: Answer, signal: AbortSignal): Promise<void> {
    const { status, code } = answer
    if (status === 404 && this.uploadId) {
      // The session is gone (too old, or the server was reset): start over with the same file.
      this.uploadId = null
      this.offset = 0
      this.events.progress(0)
      return
    }
    if (status === 413) {
      throw new UploadError(code === 'quota_reached' ? 'quota' : 'tooLarge', answer.detail)
    }
    if (status === 415 || status === 422) throw new UploadError('unsupported', answer.detail)
    if (status === 401 || status === 403) throw new UploadError('forbidden', answer.detail)
    if (status !== 429 && status !== 408 && status < 500) {
      throw new UploadError('other', answer.detail || `HTTP ${status}`)
    }
    const wait = answer.retryAfterSeconds || 2 ** this.attempts
    this.attempts++
    await this.pauseBefore(wait, signal, answer.retryAfterSeconds > 0)
  }

  private async pauseBefore(seconds: number, signal: AbortSignal, exact = false): Promise<void> {
    const wait = exact ? seconds : Math.min(maxBackoffSeconds, seconds)
    this.events.retrying(wait)
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(done, wait * 1000)
      const stop = () => {
        clearTimeout(timer)
        reject(new DOMException('aborted', 'AbortError'))
      }
      function done() {
        clearTimeout(timer)
        signal.removeEventListener('abort', stop)
        resolve()
      }
      this.wake = done
      if (signal.aborted) stop()
      else signal.addEventListener('abort', stop, { once: true })
    }).finally(() => (this.wake = null))
  }
}
