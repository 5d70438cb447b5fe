/** The page of stores: what it polls, and what it makes of it. */
import {
  storage,
  type FileKind,
  type Move,
  type NewMove,
  type Store,
  type StoreList
} from '../../api'

/** While files move or a store is away, and else. */
export const busyPollMs = 2000
export const idlePollMs = 10_000

export class StorageWatch {
  stores = $state.raw<StoreList | null>(null)
  moves = $state.raw<Move[] | null>(null)
  error = $state.raw<unknown>(null)
  private running = false
  private timer = 0
  private controller: AbortController | null = null

  start(): () => void {
    this.running = true
    void this.tick()
    return () => {
      this.running = false
      clearTimeout(this.timer)
      this.controller?.abort()
    }
  }
  /** After a change of one's own: at once. */
  async refresh(): Promise<void> {
    await this.poll()
    this.schedule()
  }

  private async tick(): Promise<void> {
    // A hidden page costs nothing; it catches up when it is looked at again.
    if (!document.hidden || !this.stores) await this.poll()
    this.schedule()
  }
  private schedule(): void {
    clearTimeout(this.timer)
    if (!this.running) return
    const busy =
      this.moves?.some((move) => move.state === 'running') ||
      this.stores?.data.some((store) => !store.online)
    this.timer = window.setTimeout(() => void this.tick(), busy ? busyPollMs : idlePollMs)
  }

  async poll(): Promise<void> {
    this.controller?.abort()
    const controller = (this.controller = new AbortController())
    try {
      const [stores, moves] = await Promise.all([
        storage.stores(controller.signal),
        storage.moves(controller.signal)
      ])
      this.stores = stores
      this.moves = moves.data
      this.error = null
    } catch (error) {
      if (!(error instanceof DOMException && error.name === 'AbortError')) this.error = error
    }
  }
}

/** Files of a move that nothing more happens to, and all that are known. */
export function counts(move: Move): { over: number; all: number } {
  const over = move.done.files + move.skipped.files + move.failed.files
  return { over, all: over + move.waiting.files }
}
/** By bytes, which take the time; 0 to 1. */
export function fraction(move: Move): number {
  const waiting = move.waiting.bytes
  const all = move.done.bytes + move.skipped.bytes + move.failed.bytes + waiting
  if (all === 0) return move.state === 'done' ? 1 : 0
  return (all - waiting) / all
}
export const isOpen = (move: Move) => move.state === 'running' || move.state === 'paused'
export const canResume = (move: Move) =>
  move.state === 'paused' || (move.state === 'done' && move.failed.files > 0)

export interface Share {
  kind: FileKind | 'other'
  bytes: number
}
const shown: FileKind[] = ['rendition', 'original', 'running']
/** What a store's bytes are, for its bar: the large kinds, and all that is small as one. */
export function shares(store: Store): Share[] {
  const sum = (wanted: (kind: FileKind) => boolean) =>
    store.kinds.filter((one) => wanted(one.kind)).reduce((total, one) => total + one.bytes, 0)
  const all: Share[] = shown.map((kind) => ({ kind, bytes: sum((one) => one === kind) }))
  all.push({ kind: 'other', bytes: sum((one) => !shown.includes(one)) })
  return all.filter((share) => share.bytes > 0)
}

/** Kinds that go where another one goes say nothing by themselves. */
const followers: FileKind[] = ['playlist', 'segments-sha256', 'preview']
export const homes = (store: Store) => store.homeOf.filter((kind) => !followers.includes(kind))

/** As typed. */
export interface MoveForm {
  from: string
  to: string
  kinds: FileKind[]
  videos: string
  channel: string
  days: string
  views: string
  megabytes: string
  parallel: string
  keep: boolean
}
const megabyte = 1e6
const dayMs = 86_400_000

/** One a line; of an address the part that names the video. */
export function videoKeys(text: string): string[] {
  return text
    .split(/[\s,]+/)
    .map((word) => word.split(/[?#;]/)[0]?.replace(/\/+$/, '').split('/').at(-1) ?? '')
    .filter((word) => word !== '')
}

export function moveRequest(form: MoveForm, now = Date.now()): NewMove {
  const move: NewMove = { from: form.from, to: form.to }
  if (form.kinds.length > 0) move.kinds = form.kinds
  const videos = videoKeys(form.videos)
  if (videos.length > 0) move.videos = videos
  if (form.channel.trim()) move.channel = form.channel.trim()
  if (form.days.trim())
    move.publishedBefore = new Date(now - Number(form.days) * dayMs).toISOString()
  if (form.views.trim()) move.viewsBelow = Number(form.views)
  if (form.megabytes.trim()) move.rateLimit = Math.round(Number(form.megabytes) * megabyte)
  if (form.parallel.trim()) move.parallel = Number(form.parallel)
  if (form.keep) move.keepSource = true
  return move
}
