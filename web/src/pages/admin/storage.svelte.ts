/** The page of stores: what it polls, and what it makes of it. */
import {
  storage,
  type FileKind,
  type Move,
  type NewMove,
  type Store,
  type StoreList
} from '../../api'
import { Watch } from './watch.svelte'

/** While files move or a store is away, and else. */
export const busyPollMs = 2000
export const idlePollMs = 10_000

export class StorageWatch extends Watch {
  stores = $state.raw<StoreList | null>(null)
  moves = $state.raw<Move[] | null>(null)

  protected isKnown() {
    return this.stores !== null
  }
  protected pauseMs() {
    const busy =
      this.moves?.some((move) => move.state === 'running') ||
      this.stores?.data.some((store) => !store.online)
    return busy ? busyPollMs : idlePollMs
  }
  protected async load(signal: AbortSignal) {
    const [stores, moves] = await Promise.all([storage.stores(signal), storage.moves(signal)])
    this.stores = stores
    this.moves = moves.data
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
