/** What the player needs from outside. It knows nothing of pages, API calls or languages. */
import type { Messages } from '../i18n/en'

export type PlayerStrings = Messages['player']

export interface PlayerSource {
  /** HLS master playlist; absent while nothing can be played yet. */
  hls: string | null
  /** Progressive file for browsers without HLS support, or a video without playlist. */
  file: string | null
  poster: string | null
  /** Seconds, from the API: a growing playlist does not know its end. */
  duration: number
  /** True while the playlist still grows. */
  growing: boolean
  /** Access token for private media; added to every media request. */
  token: string | null
}
/** Counted since the player was made; `resolution` and `fps` are of what is shown now. */
export interface PlaybackStats {
  /** PeerTube's names: HLS (with or without peers), or the plain file. */
  mode: 'p2p-media-loader' | 'web-video'
  bytes: number
  levelChanges: number
  errors: number
  stalls: number
  resolution: number
  fps: number
  playing: boolean
}
export interface CaptionSource {
  language: string
  label: string
  src: string
}
export interface ChapterMark {
  timecode: number
  title: string
}
export interface StoryboardSource {
  src: string
  totalWidth: number
  totalHeight: number
  spriteWidth: number
  spriteHeight: number
  spriteDuration: number
}
