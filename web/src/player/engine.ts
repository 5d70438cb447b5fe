/**
 * Feeds a <video> element: hls.js where Media Source Extensions exist, else the browser's own HLS,
 * else the plain file. Owns the Hls instance; `destroy` gives everything back.
 */
import Hls, { ErrorTypes, Events, type HlsConfig } from 'hls.js'
import { qualities, withToken, type Quality } from './logic'
import type { PlayerSource } from './types'

export type EngineError = 'network' | 'media' | 'unsupported'

export interface EngineEvents {
  qualities(list: Quality[]): void
  /** The level that is shown now. */
  level(index: number): void
  error(kind: EngineError, fatal: boolean): void
  recovered(): void
}

const maxMediaRecoveries = 2
const maxNetworkRetries = 8

export class Engine {
  private hls: Hls | null = null
  private recoveries = 0
  private retries = 0
  private timer = 0

  constructor(
    private readonly media: HTMLVideoElement,
    private readonly events: EngineEvents
  ) {}

  load(source: PlayerSource, startAt: number): void {
    this.destroy()
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
    this.load(source, this.media.currentTime)
  }

  destroy(): void {
    clearTimeout(this.timer)
    this.hls?.destroy()
    this.hls = null
    this.recoveries = 0
    this.retries = 0
  }

  private loadFile(url: string, startAt: number): void {
    this.media.src = startAt > 0 ? `${url}#t=${startAt}` : url
    this.media.load()
  }

  private loadHls(source: PlayerSource, startAt: number): void {
    const { token } = source
    const config: Partial<HlsConfig> = {
      startPosition: startAt,
      capLevelToPlayerSize: true,
      maxBufferLength: 30,
      backBufferLength: 60,
      // A first guess that starts sharp on an ordinary line; measured after one segment.
      abrEwmaDefaultEstimate: 3_000_000,
      xhrSetup: (xhr, url) => {
        if (token && !url.includes('videoFileToken=')) xhr.open('GET', withToken(url, token), true)
      }
    }
    const hls = (this.hls = new Hls(config))
    hls.on(Events.MANIFEST_PARSED, (_, data) => this.events.qualities(qualities(data.levels)))
    hls.on(Events.LEVELS_UPDATED, (_, data) => this.events.qualities(qualities(data.levels)))
    hls.on(Events.LEVEL_SWITCHED, (_, data) => this.events.level(data.level))
    hls.on(Events.FRAG_BUFFERED, () => {
      if (this.retries > 0) this.events.recovered()
      this.retries = 0
    })
    hls.on(Events.ERROR, (_, data) => {
      if (data.fatal) this.recover(hls, data.type, source)
    })
    hls.loadSource(source.hls ?? '')
    hls.attachMedia(this.media)
  }

  /** Network: keep trying, slower each time. Decoder: reset it twice, then give up. */
  private recover(hls: Hls, type: ErrorTypes, source: PlayerSource): void {
    if (type === ErrorTypes.NETWORK_ERROR && this.retries < maxNetworkRetries) {
      const waitMs = Math.min(15_000, 1000 * 2 ** this.retries++)
      this.events.error('network', false)
      clearTimeout(this.timer)
      this.timer = window.setTimeout(() => {
        if (this.hls !== hls) return
        if (hls.levels.length === 0) hls.loadSource(source.hls ?? '')
        else hls.startLoad(this.media.currentTime)
      }, waitMs)
    } else if (type === ErrorTypes.MEDIA_ERROR && this.recoveries++ < maxMediaRecoveries) {
      hls.recoverMediaError()
    } else {
      this.events.error(type === ErrorTypes.NETWORK_ERROR ? 'network' : 'media', true)
    }
  }
}
