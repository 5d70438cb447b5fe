/** What a viewer set once and expects to find again. */
export interface PlayerPrefs {
  volume: number
  muted: boolean
  /** Caption language, or null when captions are off. */
  captions: string | null
  speed: number
}
const storageKey = 'shoal.player'
const defaults: PlayerPrefs = { volume: 1, muted: false, captions: null, speed: 1 }

export function readPrefs(): PlayerPrefs {
  try {
    const value = JSON.parse(localStorage.getItem(storageKey) ?? '{}') as Partial<PlayerPrefs>
    return {
      volume: typeof value.volume === 'number' ? Math.min(1, Math.max(0, value.volume)) : 1,
      muted: value.muted === true,
      captions: typeof value.captions === 'string' ? value.captions : null,
      speed: typeof value.speed === 'number' && value.speed > 0 ? value.speed : 1
    }
  } catch {
    return { ...defaults }
  }
}

export function writePrefs(change: Partial<PlayerPrefs>): void {
  try {
    localStorage.setItem(storageKey, JSON.stringify({ ...readPrefs(), ...change }))
  } catch {
    // Storage is full or forbidden: the choice holds for this page only.
  }
}
