/**
 * Feeds a <video> element: hls.js where Media Source Extensions exist, else the browser's own HLS,
 * else the plain file. Owns the Hls instance; `destroy` gives everything back.
 */
import Hls, { ErrorDetails, ErrorTypes, Events, type ErrorData, type HlsConfig } from 'hls.js'
import { isSigned, lines, qualities, takesToken, withToken, type Quality } from './logic'
import type { PlaybackStats, PlayerSource } from './types'

export type EngineError = 'network' | 'media' | 'unsupported'

export interface EngineEvents {
  qualities(list: Quality[]): void
  /** The level that is shown now. */
  level(index: number): void
  error(kind: EngineError, fatal: boolean): void
  recovered(): void
  /** The server no longer gives these media out (401, 403, 404, 410): only the page knows why. */
  refused(status: number): void
}

const maxMediaRecoveries = 2
const maxNetworkRetries = 8
const refusals = [401, 403, 404, 410]

export class Engine {
  readonly stats: Omit<PlaybackStats, 'playing'> = {
    mode: 'p2p-media-loader',
    bytes: 0,
    levelChanges: 0,
    errors: 0,
    stalls: 0,
    resolution: 0,
    fps: 0
  }
  private hls: Hls | null = null
  private recoveries = 0
  private retries = 0
  private timer = 0
  private source: PlayerSource | null = null
  private startAt = 0
  /** The addresses in the playlists have ended, or may have: they are loaded again. */
  private outdated = false
  /** Set while a lost connection is waited for: goes on at once when the browser is online again. */
  private goOn: (() => void) | null = null
  private readonly online = () => this.goOn?.()

  constructor(
    private readonly media: HTMLVideoElement,
    private readonly events: EngineEvents
  ) {
    addEventListener('online', this.online)
  }

  load(source: PlayerSource, startAt: number): void {
    this.reset()
    this.source = source
    this.startAt = startAt
    if (source.hls && Hls.isSupported()) this.loadHls(source, startAt)
    else if (source.hls && this.media.canPlayType('application/vnd.apple.mpegurl')) {
      const url = withToken(source.hls, source.token)
      this.loadFile(source.token ? `${url}&reinjectVideoFileToken=true` : url, startAt)
    } else if (source.file) this.loadFile(withToken(source.file, source.token), startAt)
    else this.events.error('unsupported', true)
  }

  /** -1 chooses by bandwidth. */
  setLevel(level: number): void {
    if (this.hls) this.hls.nextLevel = level
  }

  retry(source: PlayerSource): void {
    this.load(source, this.position())
  }

  /** A new token serves every request from now on; a new address only what is in trouble. */
  update(source: PlayerSource): void {
    const moved = this.source?.hls !== source.hls
    this.source = source
    if (this.goOn && moved) this.retry(source)
    else if (this.hls && this.outdated) this.renew(this.hls)
    else this.goOn?.()
  }

  destroy(): void {
    removeEventListener('online', this.online)
    this.reset()
  }

  private reset(): void {
    clearTimeout(this.timer)
    this.goOn = null
    this.outdated = false
    this.hls?.destroy()
    this.hls = null
    this.recoveries = 0
    this.retries = 0
  }

  /** Before the first picture the element does not know where it was to start. */
  private position(): number {
    const { currentTime, played } = this.media
    return currentTime > 0 || played.length > 0 ? currentTime : this.startAt
  }

  private loadFile(url: string, startAt: number): void {
    this.stats.mode = 'web-video'
    this.media.src = startAt > 0 ? `${url}#t=${startAt}` : url
    this.media.load()
  }

  private loadHls(source: PlayerSource, startAt: number): void {
    const config: Partial<HlsConfig> = {
      startPosition: startAt,
      capLevelToPlayerSize: true,
      maxBufferLength: 30,
      backBufferLength: 60,
      // A first guess that starts sharp on an ordinary line; measured after one segment.
      abrEwmaDefaultEstimate: 3_000_000,
      xhrSetup: (xhr, url) => {
        const { token, hls: playlist } = this.source ?? {}
        if (token && playlist && takesToken(url, playlist, location.href))
          xhr.open('GET', withToken(url, token), true)
      }
    }
    const hls = (this.hls = new Hls(config))
    this.stats.mode = 'p2p-media-loader'
    hls.on(Events.MANIFEST_PARSED, (_, data) => this.events.qualities(qualities(data.levels)))
    hls.on(Events.LEVELS_UPDATED, (_, data) => this.events.qualities(qualities(data.levels)))
    hls.on(Events.LEVEL_SWITCHED, (_, data) => this.switched(hls, data.level))
    hls.on(Events.FRAG_LOADED, (_, data) => (this.stats.bytes += data.frag.stats.loaded))
    hls.on(Events.FRAG_BUFFERED, () => {
      if (this.retries > 0) this.events.recovered()
      this.retries = 0
      this.goOn = null
    })
    hls.on(Events.ERROR, (_, data) => {
      if (data.details === ErrorDetails.BUFFER_STALLED_ERROR) this.stats.stalls++
      if (data.type === ErrorTypes.NETWORK_ERROR) this.judge(data)
      if (data.fatal) this.recover(hls, data)
    })
    hls.loadSource(source.hls ?? '')
    hls.attachMedia(this.media)
  }

  private switched(hls: Hls, level: number): void {
    const { stats } = this
    const now = hls.levels[level]
    if (stats.resolution > 0) stats.levelChanges++
    stats.resolution = now ? lines(now) : 0
    stats.fps = Math.round(now?.frameRate ?? 0)
    this.events.level(level)
  }

  /** A store that refuses need not say why to another origin: then there is no status at all. */
  private judge({ frag, response }: ErrorData): void {
    const status = response?.code ?? 0
    const ended = frag !== undefined && isSigned(frag.url) && status === 0
    if (!ended && !refusals.includes(status)) return
    this.outdated ||= frag !== undefined
    this.events.refused(status || 403)
  }

  /** Goes on where it is, with playlists that are asked for with the token of now. */
  private renew(hls: Hls): void {
    clearTimeout(this.timer)
    this.goOn = null
    this.outdated = false
    hls.stopLoad()
    for (const level of hls.levels) level.details = undefined
    hls.startLoad(this.position())
  }

  /** Network: keep trying, slower each time. Decoder: reset it twice, then give up. */
  private recover(hls: Hls, { type }: ErrorData): void {
    this.stats.errors++
    if (type === ErrorTypes.NETWORK_ERROR) {
      const fatal = this.retries >= maxNetworkRetries
      const waitMs = Math.min(15_000, 1000 * 2 ** this.retries++)
      // The first time the page has a new token before the buffer is empty.
      if (fatal || !this.outdated || this.retries > 1) this.events.error('network', fatal)
      const again = () => {
        if (this.hls !== hls) return
        clearTimeout(this.timer)
        this.goOn = null
        if (hls.levels.length === 0) hls.loadSource(this.source?.hls ?? '')
        else if (this.outdated) this.renew(hls)
        else hls.startLoad(this.position())
      }
      clearTimeout(this.timer)
      this.goOn = again
      if (!fatal) this.timer = window.setTimeout(again, waitMs)
    } else if (type === ErrorTypes.MEDIA_ERROR && this.recoveries++ < maxMediaRecoveries) {
      hls.recoverMediaError()
    } else {
      this.events.error('media', true)
    }
  }
}
