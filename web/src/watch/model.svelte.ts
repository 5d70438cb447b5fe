/**
 * One video as the watch page and the embed show it: its facts, its extras, its media source, and
 * the state of its processing, polled while it runs.
 */
import {
  ApiError,
  Privacy,
  VideoState,
  videos,
  type Caption,
  type Chapter,
  type Storyboard,
  type VideoDetails
} from '../api'
import { i18n } from '../i18n/index.svelte'
import type { CaptionSource, PlayerSource, StoryboardSource } from '../player/types'

export type Gate = 'none' | 'password' | 'login' | 'forbidden'

/**
 * Nobody should wait for our polling once the first seconds are ready, which most often is within
 * the first three; after those, less often: a server answers an address 50 times in ten seconds.
 */
const pollMs = { atFirst: 200, untilPlayable: 500, untilFinished: 3000 }
const pollsAtFirst = 15
/** Media that are refused make us look again, but not in a storm. */
const recheckEveryMs = 5000
const passwordCodes = ['video_requires_password', 'incorrect_video_password']

export class WatchModel {
  video = $state.raw<VideoDetails | null>(null)
  error = $state.raw<unknown>(null)
  gate = $state<Gate>('none')
  wrongPassword = $state(false)
  captions = $state.raw<Caption[]>([])
  chapters = $state.raw<Chapter[]>([])
  storyboard = $state.raw<Storyboard | null>(null)
  token = $state<string | null>(null)
  private key = ''
  private password: string | undefined
  private timer = 0
  private generation = 0
  private polls = 0
  private checkedAt = 0

  readonly source = $derived(this.video ? sourceOf(this.video, this.token) : null)
  readonly captionSources = $derived<CaptionSource[]>(
    this.captions.map((one) => ({
      language: one.language.id,
      label: i18n.f.language(one.language.id, one.language.label),
      src: one.captionPath
    }))
  )
  readonly storyboardSource = $derived<StoryboardSource | null>(
    this.storyboard ? { ...this.storyboard, src: this.storyboard.storyboardPath } : null
  )
  readonly processing = $derived(this.video?.processing ?? null)
  readonly failed = $derived(this.video?.state.id === VideoState.transcodingFailed)
  readonly playable = $derived(this.source?.hls != null || this.source?.file != null)
  /** Not finished, whether or not somebody is working on it at this moment. */
  readonly unfinished = $derived(
    this.processing !== null || this.video?.state.id === VideoState.toTranscode
  )

  async open(key: string, password?: string): Promise<void> {
    const generation = ++this.generation
    clearTimeout(this.timer)
    this.key = key
    this.password = password ?? (sessionStorage.getItem(passwordKey(key)) || undefined)
    this.video = null
    this.error = null
    this.gate = 'none'
    this.captions = []
    this.chapters = []
    this.storyboard = null
    this.token = null
    this.polls = 0
    try {
      const video = await videos.get(key, this.password)
      if (generation !== this.generation) return
      if (needsToken(video)) {
        this.token = (await videos.token(key, this.password)).files.token
        if (generation !== this.generation) return
      }
      if (password) sessionStorage.setItem(passwordKey(key), password)
      this.wrongPassword = false
      this.video = video
      this.schedule()
      void this.loadExtras(generation)
    } catch (error) {
      if (generation !== this.generation) return
      this.gate = gateOf(error)
      this.wrongPassword = this.gate === 'password' && password !== undefined
      if (this.gate === 'password') sessionStorage.removeItem(passwordKey(key))
      if (this.gate === 'none') this.error = error
      if (error instanceof ApiError && error.status === 429) {
        const waitMs = (error.retryAfterSeconds || 5) * 1000
        this.timer = window.setTimeout(() => void this.open(key, password), waitMs)
      }
    }
  }

  /** What `open` was given, or remembered, for requests of the page's own. */
  get videoPassword(): string | undefined {
    return this.password
  }

  /**
   * The media are no longer given out: the token may have run out (a new one plays on), or the
   * video was deleted or closed, and the page says so.
   */
  async recheck(): Promise<void> {
    if (Date.now() - this.checkedAt < recheckEveryMs) return
    this.checkedAt = Date.now()
    const generation = this.generation
    try {
      const video = await videos.get(this.key, this.password)
      const token = needsToken(video)
        ? (await videos.token(this.key, this.password)).files.token
        : null
      if (generation !== this.generation) return
      this.token = token
      this.video = video
    } catch (error) {
      if (generation !== this.generation || !(error instanceof ApiError)) return
      if (![401, 403, 404].includes(error.status)) return
      this.close()
      this.gate = gateOf(error)
      if (this.gate === 'none') this.error = error
    }
  }

  /** Rejects with what the server says against it. */
  async processAgain(): Promise<void> {
    const generation = this.generation
    await videos.processAgain(this.key)
    const video = await videos.get(this.key, this.password)
    if (generation !== this.generation) return
    this.video = video
    clearTimeout(this.timer)
    this.schedule()
  }

  close(): void {
    this.generation++
    clearTimeout(this.timer)
  }

  /** Extras may be missing: the video plays without them. */
  private async loadExtras(generation: number): Promise<void> {
    const keep = <T>(promise: Promise<T>, use: (value: T) => void) =>
      promise.then((value) => generation === this.generation && use(value)).catch(() => {})
    await Promise.all([
      keep(videos.captions(this.key, this.password), (page) => (this.captions = page.data)),
      keep(videos.chapters(this.key, this.password), (all) => (this.chapters = all.chapters)),
      keep(
        videos.storyboards(this.key, this.password),
        (all) => (this.storyboard = all.storyboards[0] ?? null)
      )
    ])
  }

  private pollDelay(): number {
    if (this.playable) return pollMs.untilFinished
    return this.polls++ < pollsAtFirst ? pollMs.atFirst : pollMs.untilPlayable
  }

  private schedule(): void {
    if (!this.unfinished) return
    const generation = this.generation
    this.timer = window.setTimeout(async () => {
      try {
        const video = await videos.get(this.key, this.password)
        if (generation !== this.generation) return
        const done =
          this.unfinished && !video.processing && video.state.id !== VideoState.toTranscode
        this.video = video
        if (done) void this.loadExtras(generation)
      } catch (error) {
        // The next poll may succeed; what plays goes on playing, unless the video is gone.
        if (error instanceof ApiError && error.status === 404) void this.recheck()
      }
      if (generation === this.generation) this.schedule()
    }, this.pollDelay())
  }
}

const passwordKey = (key: string) => `shoal.password.${key}`

function needsToken(video: VideoDetails): boolean {
  return video.privacy.id !== Privacy.public && video.privacy.id !== Privacy.unlisted
}

function gateOf(error: unknown): Gate {
  if (!(error instanceof ApiError)) return 'none'
  if (passwordCodes.includes(error.code)) return 'password'
  if (error.status === 401) return 'login'
  return error.status === 403 ? 'forbidden' : 'none'
}

export function sourceOf(video: VideoDetails, token: string | null): PlayerSource {
  const files = [...video.files].sort((a, b) => b.resolution.id - a.resolution.id)
  const growing = Boolean(video.processing) || video.state.id === VideoState.toTranscode
  // Until the renditions are there, what its owner is told of is the source: not made for browsers.
  const playable = !growing && video.state.id === VideoState.published
  return {
    hls: video.streamingPlaylists[0]?.playlistUrl ?? null,
    file: playable ? (files[0]?.fileUrl ?? null) : null,
    poster: video.previewPath,
    duration: video.duration,
    growing,
    token
  }
}
