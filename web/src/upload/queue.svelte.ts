/**
 * Every upload of this page load. It lives outside the upload page, so that people may look
 * around while files are sent; only closing the tab stops it, and that asks first.
 */
import { Privacy, videos, type VideoAttributes } from '../api'
import { oneLine } from '../app/problem'
import { me } from '../app/session.svelte'
import { uploadStatus } from '../app/uploadStatus.svelte'
import { i18n } from '../i18n/index.svelte'
import { fingerprintOf, forget, remember, remembered, type Remembered } from './memory'
import { defaultLimits, ResumableUpload, UploadError } from './resumable'
import { SpeedMeter } from './speed'
import { transport } from './transport'

const parallelUploads = 2
const rememberEveryMs = 2000

export type UploadPhase =
  | 'waiting'
  | 'sending'
  | 'retrying'
  | 'paused'
  | 'finishing'
  | 'uploaded'
  | 'publishing'
  | 'published'
  | 'failed'

export class UploadItem {
  phase = $state<UploadPhase>('waiting')
  sent = $state(0)
  speed = $state(0)
  secondsLeft = $state(0)
  retrySeconds = $state(0)
  problem = $state('')
  /** Saving the details failed; the upload itself is safe. */
  saveProblem = $state('')
  attributes = $state() as VideoAttributes
  thumbnail = $state.raw<File | null>(null)
  publish = $state(false)
  video = $state.raw<{ id: number; uuid: string; shortUUID: string } | null>(null)
  readonly active = $derived(
    ['waiting', 'sending', 'retrying', 'paused', 'finishing', 'publishing'].includes(this.phase)
  )

  readonly id = crypto.randomUUID?.() ?? Math.random().toString(36).slice(2)
  private upload: ResumableUpload | null = null
  private controller: AbortController | null = null
  private meter = new SpeedMeter()
  private fingerprint = ''
  private rememberedAt = 0

  constructor(
    readonly file: File,
    attributes: VideoAttributes,
    private readonly done: () => void
  ) {
    this.attributes = attributes
  }

  async start(): Promise<void> {
    this.phase = 'sending'
    this.problem = ''
    this.controller = new AbortController()
    this.meter.reset()
    try {
      await this.prepare()
      const upload = this.upload
      if (!upload) return
      const video = await upload.run(this.controller.signal)
      this.video = video
      this.phase = 'uploaded'
      forget(this.fingerprint)
      if (this.publish) await this.save()
      else await this.keepDetails()
    } catch (error) {
      if (error instanceof DOMException && error.name === 'AbortError') return
      this.phase = 'failed'
      this.problem = describe(error)
      if (error instanceof UploadError) {
        this.upload = null
        forget(this.fingerprint)
      }
    } finally {
      this.done()
    }
  }

  private async prepare(): Promise<void> {
    if (this.upload) return
    this.fingerprint = await fingerprintOf(this.file)
    const before = remembered(me.user?.id ?? 0).find((one) => one.fingerprint === this.fingerprint)
    if (before) {
      this.attributes = before.attributes
      this.publish = before.publish
      this.sent = before.sent
    }
    const limit = me.config?.client?.videos?.resumableUpload?.maxChunkSize ?? 0
    const limits = limit > 0 ? { ...defaultLimits, maxChunk: limit } : defaultLimits
    // Nobody sees the video before its owner has chosen to publish it.
    const metadata = {
      name: nameFor(this.attributes.name, this.file.name),
      channelId: this.attributes.channelId,
      privacy: Privacy.private,
      waitTranscoding: false,
      downloadEnabled: this.attributes.downloadEnabled
    }
    this.upload = new ResumableUpload(
      this.file,
      metadata,
      transport,
      {
        session: () => this.remember(true),
        progress: (bytes) => this.progress(bytes),
        retrying: (seconds) => {
          this.retrySeconds = seconds
          if (this.phase !== 'paused') this.phase = seconds > 0 ? 'retrying' : 'sending'
        },
        finishing: () => (this.phase = 'finishing')
      },
      before?.uploadId ?? null,
      limits
    )
  }

  private progress(bytes: number): void {
    this.sent = bytes
    this.meter.add(bytes, performance.now())
    this.speed = this.meter.bytesPerSecond()
    this.secondsLeft = this.meter.secondsLeft(this.file.size)
    this.remember(false)
  }

  /** Keeps what a reload needs; not on every progress event. */
  remember(now: boolean): void {
    const uploadId = this.upload?.uploadId
    if (!uploadId || this.video) return
    if (!now && Date.now() - this.rememberedAt < rememberEveryMs) return
    this.rememberedAt = Date.now()
    remember({
      fingerprint: this.fingerprint,
      uploadId,
      fileName: this.file.name,
      size: this.file.size,
      sent: this.sent,
      attributes: $state.snapshot(this.attributes) as VideoAttributes,
      publish: this.publish,
      userId: me.user?.id ?? 0,
      updatedAt: Date.now()
    })
  }

  pause(): void {
    this.phase = 'paused'
    this.speed = this.secondsLeft = 0
    this.remember(true)
    this.controller?.abort()
  }
  retryNow(): void {
    this.upload?.retryNow()
  }

  async remove(): Promise<void> {
    this.controller?.abort()
    forget(this.fingerprint)
    await this.upload?.cancel().catch(() => {})
  }

  /** Asks for publishing: at once when the file is there, else as soon as it is. */
  async requestPublish(): Promise<void> {
    this.publish = true
    this.remember(true)
    if (this.video) await this.save()
  }

  /** What was typed during the upload outlives this page, unseen by others until published. */
  private async keepDetails(): Promise<void> {
    if (!this.video) return
    const typed = $state.snapshot(this.attributes) as VideoAttributes
    const { videoPasswords: _, ...details } = typed
    details.name = nameFor(details.name, this.file.name)
    // Publishing sends everything again and reports what is wrong.
    await videos.update(this.video.uuid, { ...details, privacy: Privacy.private }).catch(() => {})
  }

  private async save(): Promise<void> {
    if (!this.video) return
    this.phase = 'publishing'
    this.saveProblem = ''
    try {
      const attributes = $state.snapshot(this.attributes) as VideoAttributes
      attributes.name = nameFor(attributes.name, this.file.name)
      await videos.update(this.video.uuid, attributes, this.thumbnail ?? undefined)
      this.phase = 'published'
    } catch (error) {
      this.phase = 'uploaded'
      this.publish = false
      this.saveProblem = i18n.t.upload.saveFailed(oneLine(error, i18n.t))
    }
  }
}

class UploadQueue {
  items = $state<UploadItem[]>([])
  unfinished = $state.raw<Remembered[]>([])
  readonly busy = $derived(this.items.some((item) => item.active))

  constructor() {
    addEventListener('beforeunload', (event) => {
      if (!this.busy) return
      for (const item of this.items) item.remember(true)
      event.preventDefault()
    })
    $effect.root(() => {
      $effect(() => {
        const active = this.items.filter((item) => item.active)
        const total = active.reduce((sum, item) => sum + item.file.size, 0)
        const sent = active.reduce((sum, item) => sum + item.sent, 0)
        uploadStatus.active = active.length
        uploadStatus.fraction = total > 0 ? sent / total : 0
      })
    })
    addEventListener('online', () => this.items.forEach((item) => item.retryNow()))
  }

  add(files: File[]): void {
    for (const file of files) {
      this.items.push(new UploadItem(file, defaults(file), () => this.pump()))
    }
    this.pump()
    this.refreshUnfinished()
  }

  pause(item: UploadItem): void {
    item.pause()
    this.pump()
  }
  resume(item: UploadItem): void {
    item.phase = 'waiting'
    this.pump()
  }
  async remove(item: UploadItem): Promise<void> {
    this.items = this.items.filter((one) => one !== item)
    await item.remove()
    this.pump()
  }

  refreshUnfinished(): void {
    const here = new Set(this.items.map((item) => `${item.file.name}/${item.file.size}`))
    this.unfinished = remembered(me.user?.id ?? 0).filter(
      (one) => !here.has(`${one.fileName}/${one.size}`)
    )
  }
  discard(record: Remembered): void {
    forget(record.fingerprint)
    void transport.cancel(record.uploadId).catch(() => {})
    this.refreshUnfinished()
  }

  private pump(): void {
    const running = this.items.filter((item) =>
      ['sending', 'retrying', 'finishing'].includes(item.phase)
    ).length
    const waiting = this.items.filter((item) => item.phase === 'waiting')
    for (const item of waiting.slice(0, Math.max(0, parallelUploads - running))) void item.start()
  }
}

/** "my_holiday.2026.mp4" -> "my holiday.2026"; the server wants 3 to 120 characters. */
export function titleFromFile(name: string): string {
  const title = name
    .replace(/\.[^.]{1,5}$/, '')
    .replace(/[_\s]+/g, ' ')
    .trim()
    .slice(0, 120)
  return title.length >= 3 ? title : `${title} video`.trim()
}
const nameFor = (typed: string, fileName: string) =>
  typed.trim().length >= 3 ? typed.trim() : titleFromFile(fileName)

function defaults(file: File): VideoAttributes {
  const publish = me.config?.defaults?.publish
  return {
    name: titleFromFile(file.name),
    description: null,
    channelId: me.user?.videoChannels[0]?.id ?? 0,
    privacy: publish?.privacy ?? Privacy.public,
    category: null,
    licence: publish?.licence ?? null,
    language: null,
    tags: [],
    downloadEnabled: publish?.downloadEnabled ?? true,
    nsfw: false
  }
}

function describe(error: unknown): string {
  const t = i18n.t.upload
  if (!(error instanceof UploadError)) return oneLine(error, i18n.t)
  switch (error.kind) {
    case 'tooLarge':
      return t.tooLarge
    case 'quota':
      return t.quota
    case 'unsupported':
      return error.detail ? `${t.unsupported} (${error.detail})` : t.unsupported
    case 'empty':
      return t.empty
    case 'changed':
      return t.changed
    default:
      return error.detail || t.failed
  }
}

export const queue = new UploadQueue()
