/**
 * The player's state and commands over one <video> element. The view renders this; pages and the
 * embed API drive it. Times are seconds, volume and fractions 0 to 1.
 */
import { Engine, type EngineError } from './engine'
import { chapterAt, chapterSpans, clamp, nextSpeed, type KeyAction, type Quality } from './logic'
import { readPrefs, writePrefs } from './prefs'
import type { CaptionSource, ChapterMark, PlaybackStats, PlayerSource } from './types'

export interface EngineLike {
  readonly stats: Omit<PlaybackStats, 'playing'>
  load(source: PlayerSource, startAt: number): void
  setLevel(level: number): void
  retry(source: PlayerSource): void
  update(source: PlayerSource): void
  destroy(): void
}
type EngineFactory = (
  media: HTMLVideoElement,
  events: ConstructorParameters<typeof Engine>[1]
) => EngineLike

const frameSeconds = 1 / 25
const noStats: PlaybackStats = {
  mode: 'p2p-media-loader',
  bytes: 0,
  levelChanges: 0,
  errors: 0,
  stalls: 0,
  resolution: 0,
  fps: 0,
  playing: false
}

export class PlayerController {
  paused = $state(true)
  ended = $state(false)
  started = $state(false)
  waiting = $state(false)
  time = $state(0)
  mediaDuration = $state(0)
  bufferedEnd = $state(0)
  seekableEnd = $state(0)
  volume = $state(1)
  muted = $state(false)
  speed = $state(1)
  fullscreen = $state(false)
  pip = $state(false)
  /** How often the viewer jumped. */
  jumps = $state(0)
  error = $state<{ kind: EngineError; fatal: boolean } | null>(null)

  qualities = $state.raw<Quality[]>([])
  /** Level shown now, and the one the viewer fixed (-1: automatic). */
  level = $state(-1)
  chosenLevel = $state(-1)

  captions = $state.raw<CaptionSource[]>([])
  caption = $state<string | null>(null)
  chapters = $state.raw<ChapterMark[]>([])
  source = $state.raw<PlayerSource | null>(null)

  readonly duration = $derived(
    Math.max(this.source?.duration ?? 0, this.source?.growing ? 0 : this.mediaDuration)
  )
  readonly spans = $derived(chapterSpans(this.chapters, this.duration))
  readonly chapter = $derived(chapterAt(this.spans, this.time))
  /** End of what can be played now: less than the duration while the video is processed. */
  readonly availableEnd = $derived(
    this.source?.growing && this.seekableEnd > 0
      ? Math.min(this.seekableEnd, this.duration)
      : this.duration
  )
  /** The quality the viewer fixed, else the one that is shown. */
  readonly levelLabel = $derived.by(() => {
    const wanted = this.chosenLevel >= 0 ? this.chosenLevel : this.level
    return this.qualities.find((q) => q.level === wanted)?.label ?? ''
  })

  media = $state.raw<HTMLVideoElement | null>(null)
  /** Element that goes full screen. */
  frame: HTMLElement | null = null
  private engine: EngineLike | null = null
  private off: (() => void) | null = null
  private counted: PlaybackStats | null = null
  /** The media are no longer given out: the page finds out why. */
  onrefused: (() => void) | null = null

  constructor(
    private readonly makeEngine: EngineFactory = (media, events) => new Engine(media, events)
  ) {}

  attach(media: HTMLVideoElement, frame: HTMLElement): () => void {
    this.media = media
    this.frame = frame
    const prefs = readPrefs()
    media.volume = prefs.volume
    media.muted = media.muted || prefs.muted
    media.playbackRate = media.defaultPlaybackRate = prefs.speed
    this.caption = prefs.captions
    this.off = this.listen(media)
    this.engine = this.makeEngine(media, {
      qualities: (list) => (this.qualities = list),
      level: (index) => (this.level = index),
      error: (kind, fatal) => (this.error = { kind, fatal }),
      recovered: () => (this.error = null),
      refused: () => this.onrefused?.()
    })
    return () => this.detach()
  }

  private detach(): void {
    this.engine?.destroy()
    this.off?.()
    const media = this.media
    this.media = this.frame = this.engine = this.off = null
    if (media) {
      media.removeAttribute('src')
      media.load()
    }
  }

  /** What was counted since the player was made; it stays readable when the player has gone. */
  stats(): PlaybackStats {
    if (this.engine) this.counted = { ...this.engine.stats, playing: !this.paused }
    return this.counted ?? noStats
  }

  /** A changed URL of the same running video does not interrupt what plays. */
  load(source: PlayerSource, startAt = 0): void {
    this.source = source
    this.error = null
    this.started = this.ended = false
    this.chosenLevel = this.level = -1
    this.qualities = []
    this.time = startAt
    this.engine?.load(source, startAt)
  }
  /** New facts about what plays already (its end is known, the playlist was finished). */
  refresh(source: PlayerSource): void {
    this.source = source
    if (this.error?.fatal) this.retry()
    else this.engine?.update(source)
  }
  retry(): void {
    if (!this.source) return
    const wasPlaying = !this.paused || this.error?.fatal
    this.error = null
    this.engine?.retry(this.source)
    if (wasPlaying) void this.play()
  }

  /** False when the browser refused to start without a click. */
  async play(): Promise<boolean> {
    if (!this.media) return false
    if (this.ended && this.time >= this.duration - 0.5) this.seek(0)
    try {
      await this.media.play()
      return true
    } catch {
      return false
    }
  }
  pause(): void {
    this.media?.pause()
  }
  toggle(): void {
    if (this.paused) void this.play()
    else this.pause()
  }
  seek(to: number): void {
    if (!this.media) return
    const time = clamp(to, 0, Math.max(0, this.availableEnd - 0.05))
    this.time = time
    this.ended = false
    this.jumps++
    this.media.currentTime = time
  }
  setVolume(value: number): void {
    if (!this.media) return
    const volume = clamp(Math.round(value * 100) / 100, 0, 1)
    this.media.volume = volume
    this.media.muted = volume === 0
    writePrefs({ volume, muted: volume === 0 })
  }
  toggleMute(): void {
    if (!this.media) return
    this.media.muted = !this.media.muted
    if (!this.media.muted && this.media.volume === 0) this.media.volume = 0.5
    writePrefs({ muted: this.media.muted, volume: this.media.volume })
  }
  setSpeed(speed: number): void {
    if (!this.media) return
    this.media.playbackRate = this.media.defaultPlaybackRate = speed
    writePrefs({ speed })
  }
  setLevel(level: number): void {
    this.chosenLevel = level
    this.engine?.setLevel(level)
  }
  setCaption(language: string | null): void {
    this.caption = language
    writePrefs({ captions: language })
  }
  toggleCaptions(): void {
    const shown = this.captions.some((c) => c.language === this.caption)
    this.setCaption(shown ? null : (this.captions[0]?.language ?? null))
  }
  async toggleFullscreen(): Promise<void> {
    const iosVideo = this.media as (HTMLVideoElement & { webkitEnterFullscreen?(): void }) | null
    if (document.fullscreenElement) await document.exitFullscreen()
    else if (this.frame?.requestFullscreen) await this.frame.requestFullscreen().catch(() => {})
    else iosVideo?.webkitEnterFullscreen?.()
  }
  async togglePip(): Promise<void> {
    if (document.pictureInPictureElement) await document.exitPictureInPicture()
    else await this.media?.requestPictureInPicture?.().catch(() => {})
  }

  perform(action: KeyAction): void {
    switch (action.do) {
      case 'toggle':
        return this.toggle()
      case 'mute':
        return this.toggleMute()
      case 'captions':
        return this.toggleCaptions()
      case 'fullscreen':
        return void this.toggleFullscreen()
      case 'pip':
        return void this.togglePip()
      case 'seekBy':
        return this.seek(this.time + action.seconds)
      case 'seekToFraction':
        return this.seek(this.duration * action.fraction)
      case 'volumeBy':
        return this.setVolume((this.muted ? 0 : this.volume) + action.amount)
      case 'speedBy':
        return this.setSpeed(nextSpeed(this.speed, action.steps))
      case 'frame':
        this.pause()
        return this.seek(this.time + action.steps * frameSeconds)
    }
  }

  private listen(media: HTMLVideoElement): () => void {
    const on: Record<string, () => void> = {
      play: () => (this.paused = this.ended = false),
      pause: () => (this.paused = true),
      playing: () => {
        this.started = true
        this.waiting = false
        this.error = null
      },
      waiting: () => (this.waiting = true),
      seeking: () => (this.time = media.currentTime),
      seeked: () => (this.waiting = false),
      timeupdate: () => {
        this.time = media.currentTime
        this.readRanges(media)
      },
      progress: () => this.readRanges(media),
      durationchange: () => {
        this.mediaDuration = Number.isFinite(media.duration) ? media.duration : 0
        this.readRanges(media)
      },
      volumechange: () => {
        this.volume = media.volume
        this.muted = media.muted
      },
      ratechange: () => (this.speed = media.playbackRate),
      ended: () => {
        this.ended = this.paused = true
        this.waiting = false
        this.time = Math.max(this.time, this.duration)
      },
      enterpictureinpicture: () => (this.pip = true),
      leavepictureinpicture: () => (this.pip = false),
      // hls.js reports its own errors; this is for the plain file and for native HLS.
      error: () => {
        if (media.error && media.src && !media.src.startsWith('blob:')) {
          this.error = { kind: media.error.code === 2 ? 'network' : 'media', fatal: true }
        }
      }
    }
    for (const [name, handler] of Object.entries(on)) media.addEventListener(name, handler)
    const screen = () => (this.fullscreen = document.fullscreenElement === this.frame)
    document.addEventListener('fullscreenchange', screen)
    this.volume = media.volume
    this.muted = media.muted
    this.speed = media.playbackRate
    return () => {
      for (const [name, handler] of Object.entries(on)) media.removeEventListener(name, handler)
      document.removeEventListener('fullscreenchange', screen)
    }
  }

  private readRanges(media: HTMLVideoElement): void {
    const { buffered, seekable } = media
    let end = 0
    for (let i = 0; i < buffered.length; i++) {
      if (buffered.start(i) <= media.currentTime + 0.3) end = Math.max(end, buffered.end(i))
    }
    this.bufferedEnd = end
    this.seekableEnd = seekable.length > 0 ? seekable.end(seekable.length - 1) : 0
  }
}
