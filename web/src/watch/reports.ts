/**
 * What a player tells the server while it plays, as PeerTube's does: where this viewer is (views)
 * and how playback goes (metrics). Statistics only: a failure never disturbs the viewer. One request
 * of each kind per interval at most; a server that asks to wait (429, 503) is left alone for that
 * long, one that refuses for good (the video is gone, metrics are off) is not asked again.
 */
import { ApiError, server, videos, type PlaybackReport, type ServerConfig } from '../api'
import type { PlaybackStats } from '../player/types'

const defaults = { viewMs: 5000, metricsMs: 15_000, waitMs: 30_000 }

/** Calls `act` every interval, and sends what it returns; keeps to what the server asks for. */
class Beat {
  private timer = 0
  private quietUntil = 0
  private sending = false

  constructor(
    private readonly act: () => (() => Promise<void>) | null,
    private readonly intervalMs: number
  ) {}

  start(): void {
    this.timer = window.setInterval(() => void this.now(), this.intervalMs)
  }
  stop(): void {
    clearInterval(this.timer)
    this.timer = 0
  }
  async now(): Promise<void> {
    if (!this.timer || this.sending || Date.now() < this.quietUntil) return
    const send = this.act()
    if (!send) return
    this.sending = true
    try {
      await send()
    } catch (error) {
      const status = error instanceof ApiError ? error.status : 0
      const given = error instanceof ApiError ? error.retryAfterSeconds * 1000 : 0
      if (status === 429 || status >= 500) {
        this.quietUntil = Date.now() + (given || defaults.waitMs)
      } else if (status === 401 || status === 403 || status === 404) this.stop()
    } finally {
      this.sending = false
    }
  }
}

/** Counts a view: the server adds up the steps between the positions it hears of. */
export class ViewReporter {
  private readonly beat: Beat
  private last = -1
  private jumped = false

  constructor(
    private readonly key: string,
    private readonly seconds: () => number,
    intervalMs = defaults.viewMs,
    private readonly password?: string
  ) {
    this.beat = new Beat(() => this.next(), intervalMs)
  }

  start(): void {
    this.beat.start()
  }
  stop(): void {
    this.beat.stop()
  }
  /** The first picture, or the end: worth a report of its own. */
  now(): void {
    void this.beat.now()
  }
  /** Many jumps make one report: the next one says that its step was not watched. */
  seeked(): void {
    this.jumped = true
  }

  private next(): (() => Promise<void>) | null {
    const currentTime = Math.floor(this.seconds())
    if (currentTime === this.last && !this.jumped) return null
    return async () => {
      const jumped = this.jumped
      this.jumped = false
      this.last = currentTime
      await videos.view(
        this.key,
        { currentTime, sessionId: viewerId(), ...(jumped && { viewEvent: 'seek' as const }) },
        this.password
      )
    }
  }
}

/** The same through reloads of this tab: who looks twice within the hour is one view. */
function viewerId(): string {
  const storageKey = 'shoal.viewer'
  try {
    const known = sessionStorage.getItem(storageKey)
    if (known) return known
    const made = crypto.getRandomValues(new Uint32Array(4)).join('-')
    sessionStorage.setItem(storageKey, made)
    return made
  } catch {
    return 'no-storage'
  }
}

/** The server believes no more than this of one report. */
const most = { bytes: 20 * 2 ** 30, events: 10_000 }

/** Sends the differences since the last report that arrived. */
export class PlaybackReporter {
  private readonly beat: Beat
  /** A player counts from zero; what it loaded before its first picture is reported too. */
  private sent = { bytes: 0, levelChanges: 0, errors: 0, stalls: 0 }

  constructor(
    private readonly videoId: string,
    private readonly stats: () => PlaybackStats,
    intervalMs = defaults.metricsMs
  ) {
    this.beat = new Beat(() => this.next(), intervalMs)
  }
  start(): void {
    this.beat.start()
  }
  /** With a last report: a short video would else be watched without any. */
  stop(): void {
    void this.beat.now()
    this.beat.stop()
  }

  private next(): (() => Promise<void>) | null {
    const now = { ...this.stats() }
    const since = (name: 'bytes' | 'levelChanges' | 'errors' | 'stalls') =>
      Math.max(0, now[name] - this.sent[name])
    const quiet = since('bytes') + since('levelChanges') + since('errors') + since('stalls') === 0
    if (quiet && !now.playing) return null
    const events = (name: 'levelChanges' | 'errors' | 'stalls') =>
      Math.min(most.events, since(name))
    const report: PlaybackReport = {
      videoId: this.videoId,
      playerMode: now.mode,
      ...(now.resolution > 0 && { resolution: now.resolution }),
      ...(now.fps > 0 && { fps: now.fps }),
      resolutionChanges: events('levelChanges'),
      errors: events('errors'),
      bufferStalled: events('stalls'),
      downloadedBytesHTTP: Math.min(most.bytes, since('bytes')),
      downloadedBytesP2P: 0,
      uploadedBytesP2P: 0,
      p2pEnabled: false,
      p2pPeers: 0
    }
    return async () => {
      await server.reportPlayback(report)
      this.sent = now
    }
  }
}

/** Both reporters as the server's configuration wants them. */
export interface ReportOptions {
  key: string
  password?: string | undefined
  config: ServerConfig | null
  signedIn: boolean
  seconds: () => number
  stats: () => PlaybackStats
}
export class Reports {
  private readonly views: ViewReporter
  private readonly playback: PlaybackReporter | null

  constructor(options: ReportOptions) {
    const { config, key } = options
    const interval = config?.views.videos.watchingInterval
    this.views = new ViewReporter(
      key,
      options.seconds,
      interval?.[options.signedIn ? 'users' : 'anonymous'],
      options.password
    )
    const metrics = config?.openTelemetry.metrics
    this.playback = metrics?.enabled
      ? new PlaybackReporter(key, options.stats, metrics.playbackStatsInterval)
      : null
  }
  start(): void {
    this.views.start()
    this.playback?.start()
    this.views.now()
  }
  seeked(): void {
    this.views.seeked()
  }
  ended(): void {
    this.views.now()
  }
  stop(): void {
    this.views.stop()
    this.playback?.stop()
  }
}
