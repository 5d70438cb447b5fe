/** The player's pure decisions: keys, quality labels, chapters, storyboard cells, tokens. */
import type { ChapterMark, StoryboardSource } from './types'

export type KeyAction =
  | { do: 'toggle' | 'mute' | 'fullscreen' | 'captions' | 'pip' }
  | { do: 'seekBy'; seconds: number }
  | { do: 'seekToFraction'; fraction: number }
  | { do: 'volumeBy'; amount: number }
  | { do: 'speedBy'; steps: number }
  | { do: 'frame'; steps: number }

interface Key {
  key: string
  ctrlKey?: boolean
  metaKey?: boolean
  altKey?: boolean
}

/** The keys everybody knows. Null: not ours, leave it to the browser. */
export function keyAction(event: Key): KeyAction | null {
  if (event.ctrlKey || event.metaKey || event.altKey) return null
  if (/^[0-9]$/.test(event.key)) return { do: 'seekToFraction', fraction: Number(event.key) / 10 }
  switch (event.key.length === 1 ? event.key.toLowerCase() : event.key) {
    case ' ':
    case 'k':
      return { do: 'toggle' }
    case 'j':
      return { do: 'seekBy', seconds: -10 }
    case 'l':
      return { do: 'seekBy', seconds: 10 }
    case 'ArrowLeft':
      return { do: 'seekBy', seconds: -5 }
    case 'ArrowRight':
      return { do: 'seekBy', seconds: 5 }
    case 'ArrowUp':
      return { do: 'volumeBy', amount: 0.05 }
    case 'ArrowDown':
      return { do: 'volumeBy', amount: -0.05 }
    case 'Home':
      return { do: 'seekToFraction', fraction: 0 }
    case 'End':
      return { do: 'seekToFraction', fraction: 1 }
    case 'm':
      return { do: 'mute' }
    case 'f':
      return { do: 'fullscreen' }
    case 'c':
      return { do: 'captions' }
    case 'i':
      return { do: 'pip' }
    case '<':
      return { do: 'speedBy', steps: -1 }
    case '>':
      return { do: 'speedBy', steps: 1 }
    case ',':
      return { do: 'frame', steps: -1 }
    case '.':
      return { do: 'frame', steps: 1 }
    default:
      return null
  }
}

export const speeds = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2]

export function nextSpeed(current: number, steps: number): number {
  const at = speeds.reduce(
    (best, speed, i) =>
      Math.abs(speed - current) < Math.abs((speeds[best] ?? 1) - current) ? i : best,
    0
  )
  return speeds[Math.min(speeds.length - 1, Math.max(0, at + steps))] ?? 1
}

export interface Quality {
  /** Index among the HLS levels. */
  level: number
  height: number
  label: string
}

/** Portrait video counts its short side. */
export const lines = ({ width, height }: { width: number; height: number }) =>
  width > 0 && width < height ? width : height

/** One entry per height and frame-rate class, best first. */
export function qualities(
  levels: { width: number; height: number; frameRate?: number; bitrate: number }[]
): Quality[] {
  const best = new Map<string, Quality & { bitrate: number }>()
  for (const [level, one] of levels.entries()) {
    const { frameRate, bitrate } = one
    const shown = lines(one)
    const fps = (frameRate ?? 0) > 32 ? String(Math.round(frameRate ?? 0)) : ''
    const label = shown > 0 ? `${shown}p${fps}` : `${Math.round(bitrate / 1000)} kbit/s`
    const known = best.get(label)
    if (!known || known.bitrate < bitrate) best.set(label, { level, height: shown, label, bitrate })
  }
  return [...best.values()]
    .sort((a, b) => b.height - a.height || b.bitrate - a.bitrate)
    .map(({ level, height, label }) => ({ level, height, label }))
}

export interface ChapterSpan extends ChapterMark {
  start: number
  end: number
}

/** Chapters as spans that cover [0, duration) without gap; unusable ones are dropped. */
export function chapterSpans(chapters: ChapterMark[], duration: number): ChapterSpan[] {
  const usable = chapters
    .filter((c) => c.timecode >= 0 && c.timecode < duration)
    .sort((a, b) => a.timecode - b.timecode)
    .filter((c, i, all) => i === 0 || c.timecode > (all[i - 1]?.timecode ?? -1))
  const first = usable[0]
  if (!first) return []
  if (first.timecode > 0) usable.unshift({ timecode: 0, title: '' })
  return usable.map((chapter, i) => ({
    ...chapter,
    start: chapter.timecode,
    end: usable[i + 1]?.timecode ?? duration
  }))
}

export function chapterAt(spans: ChapterSpan[], time: number): ChapterSpan | null {
  return spans.find((span) => time >= span.start && time < span.end) ?? spans.at(-1) ?? null
}

/** The storyboard's cell for a time; the last cell stands for everything after it. */
export function storyboardCell(board: StoryboardSource, time: number): { x: number; y: number } {
  const columns = Math.max(1, Math.floor(board.totalWidth / board.spriteWidth))
  const rows = Math.max(1, Math.floor(board.totalHeight / board.spriteHeight))
  const wanted = Math.floor(Math.max(0, time) / Math.max(0.001, board.spriteDuration))
  const index = Math.min(columns * rows - 1, wanted)
  return {
    x: (index % columns) * board.spriteWidth,
    y: Math.floor(index / columns) * board.spriteHeight
  }
}

export function withToken(url: string, token: string | null): string {
  if (!token) return url
  const [path, hash = ''] = url.split('#', 2)
  const glue = path?.includes('?') ? '&' : '?'
  return `${path}${glue}videoFileToken=${encodeURIComponent(token)}${hash ? `#${hash}` : ''}`
}

/** Where the playlist's server alone is asked: a store's address is signed as it is, and a store
    must not learn the token. */
export function takesToken(url: string, playlist: string, page: string): boolean {
  const home = new URL(playlist, page).origin
  return new URL(url, page).origin === home && !url.includes('videoFileToken=')
}

/** What a store gives for a while, to whoever has the address. */
export function isSigned(url: string): boolean {
  return /[?&]X-Amz-Signature=/.test(url)
}

export function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value))
}
