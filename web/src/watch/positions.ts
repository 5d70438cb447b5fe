/** Where one stopped watching, in this browser only. Bounded: the oldest are forgotten. */
const storageKey = 'shoal.positions'
const most = 200
/** Beginnings and ends are not worth coming back to. */
export const edgeSeconds = 10

interface Stop {
  /** Seconds, rounded down, and the video's length for the bar on its picture. */
  time: number
  of: number
}

function read(): Map<string, Stop> {
  try {
    const all: unknown = JSON.parse(localStorage.getItem(storageKey) ?? '[]')
    return new Map(Array.isArray(all) ? (all as [string, Stop][]) : [])
  } catch {
    return new Map()
  }
}

export function remember(uuid: string, time: number, of: number): void {
  const all = read()
  all.delete(uuid)
  if (time >= edgeSeconds && time <= of - edgeSeconds) {
    all.set(uuid, { time: Math.floor(time), of })
  }
  try {
    localStorage.setItem(storageKey, JSON.stringify([...all].slice(-most)))
  } catch {
    // Storage is full or forbidden: it starts at the beginning next time.
  }
}

export function stoppedAt(uuid: string): number {
  const time = read().get(uuid)?.time
  return typeof time === 'number' && time > 0 ? time : 0
}

/** 0 to 1; 0 where nothing is remembered. */
export function watchedFraction(uuid: string): number {
  const stop = read().get(uuid)
  return stop && stop.of > 0 ? Math.min(1, Math.max(0, stop.time / stop.of)) : 0
}
