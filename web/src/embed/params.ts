/** The embed's address parameters: PeerTube's names and defaults. */
import { parseTime } from '../app/richText'

export interface EmbedParams {
  start: number
  stop: number | null
  autoplay: boolean
  muted: boolean
  loop: boolean
  controls: boolean
  controlBar: boolean
  title: boolean
  api: boolean
  peertubeLink: boolean
  subtitle: string | null
  playbackRate: number | null
  waitPassword: boolean
  scope: string
}

export function readParams(search: string): EmbedParams {
  const query = new URLSearchParams(search)
  const flag = (name: string, fallback: boolean) => {
    const value = query.get(name)
    return value === null ? fallback : value === '1' || value === 'true'
  }
  const rate = Number(query.get('playbackRate'))
  return {
    start: parseTime(query.get('start') ?? '') ?? 0,
    stop: parseTime(query.get('stop') ?? ''),
    autoplay: flag('autoplay', false),
    muted: flag('muted', false),
    loop: flag('loop', false),
    controls: flag('controls', true),
    controlBar: flag('controlBar', true),
    title: flag('title', true),
    api: flag('api', false),
    peertubeLink: flag('peertubeLink', true),
    subtitle: query.get('subtitle'),
    playbackRate: rate > 0 && rate <= 16 ? rate : null,
    waitPassword: flag('waitPasswordFromEmbedAPI', false),
    scope: query.get('scope') ?? 'peertube'
  }
}
