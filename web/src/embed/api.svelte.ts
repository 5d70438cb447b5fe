/** PeerTube's embed API over one player: its methods, and the events it expects. */
import { type PlayerController, speeds } from '../player'
import { AnsweringChannel } from './channel'

export interface EmbedHost {
  controller(): PlayerController | null
  setPassword(password: string): void
}

const statusEveryMs = 500

export class EmbedApi {
  private ready = false
  private stopChannel: () => void
  private timer = 0

  constructor(
    private readonly channel: AnsweringChannel,
    private readonly host: EmbedHost
  ) {
    this.bindAll()
    this.stopChannel = channel.start()
  }

  /** The video can be played (or, false, never will be). */
  announce(success: boolean): void {
    this.ready = success
    this.channel.notify('ready', success)
    if (!success || this.timer) return
    this.timer = window.setInterval(() => this.status(), statusEveryMs)
  }

  stop(): void {
    clearInterval(this.timer)
    this.stopChannel()
  }

  playbackState(): 'unstarted' | 'playing' | 'paused' | 'ended' {
    const c = this.host.controller()
    if (!c?.started) return 'unstarted'
    return c.ended ? 'ended' : c.paused ? 'paused' : 'playing'
  }
  stateChanged(): void {
    const state = this.playbackState()
    this.channel.notify('playbackStatusChange', state)
    if (state === 'playing') this.channel.notify('play')
    if (state === 'paused') this.channel.notify('pause')
  }
  volumeChanged(): void {
    this.channel.notify('volumeChange', this.volume())
  }
  resolutionsChanged(): void {
    this.channel.notify('resolutionUpdate', this.resolutions())
  }

  private status(): void {
    const c = this.host.controller()
    if (!c) return
    this.channel.notify('playbackStatusUpdate', {
      position: c.time,
      volume: this.volume(),
      duration: c.duration,
      playbackState: this.playbackState()
    })
  }

  private volume(): number {
    const c = this.host.controller()
    return c && !c.muted ? c.volume : 0
  }

  private resolutions(): { id: number; label: string; height: number; active: boolean }[] {
    const c = this.host.controller()
    if (!c) return []
    return [
      { id: -1, label: 'Auto', height: 0, active: c.chosenLevel < 0 },
      ...c.qualities.map((one) => ({
        id: one.level,
        label: one.label,
        height: one.height,
        active: c.chosenLevel === one.level
      }))
    ]
  }

  private bindAll(): void {
    const on = (name: string, run: (c: PlayerController, params: unknown) => unknown) =>
      this.channel.bind(name, (params) => {
        const c = this.host.controller()
        if (!c) throw new Error('The player is not ready')
        return run(c, params)
      })
    this.channel.bind('isReady', () => this.ready)
    this.channel.bind('setVideoPassword', (params) => {
      this.host.setPassword(String(params ?? ''))
      return null
    })
    on('isPlaying', (c) => !c.paused)
    on('play', async (c) => {
      await c.play()
      return null
    })
    on('pause', (c) => nothing(c.pause()))
    on('seek', (c, params) => nothing(c.seek(finite(params))))
    on('getCurrentTime', (c) => c.time)
    on('setVolume', (c, params) => nothing(c.setVolume(finite(params))))
    on('getVolume', () => this.volume())
    on('setResolution', (c, params) => nothing(c.setLevel(finite(params))))
    on('getResolutions', () => this.resolutions())
    on('getPlaybackRates', () => speeds)
    on('getPlaybackRate', (c) => c.speed)
    on('setPlaybackRate', (c, params) => nothing(c.setSpeed(finite(params))))
    on('getCaptions', (c) =>
      c.captions.map((one) => ({
        id: one.language,
        label: one.label,
        src: one.src,
        mode: c.caption === one.language ? 'showing' : 'disabled'
      }))
    )
    on('setCaption', (c, params) => {
      const known = c.captions.some((one) => one.language === params)
      c.setCaption(known ? String(params) : null)
      return null
    })
    on('getImageDataUrl', (c) => imageOf(c.media))
    // Playlists are not part of an embed of one video: position 1, nowhere else to go.
    on('getCurrentPosition', () => 1)
    on('playNextVideo', () => null)
    on('playPreviousVideo', () => null)
  }
}

/** jschannel answers with a value; "done" is null. */
function nothing(_: void): null {
  return null
}
function finite(value: unknown): number {
  const number = Number(value)
  if (!Number.isFinite(number)) throw new Error('Expected a number')
  return number
}
function imageOf(media: HTMLVideoElement | null): string {
  const canvas = document.createElement('canvas')
  canvas.width = media?.videoWidth ?? 0
  canvas.height = media?.videoHeight ?? 0
  if (media) canvas.getContext('2d')?.drawImage(media, 0, 0)
  return canvas.toDataURL('image/jpeg')
}
