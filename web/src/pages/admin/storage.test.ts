import { describe, expect, it } from 'vitest'
import type { Move, Store } from '../../api'
import {
  canResume,
  counts,
  fraction,
  homes,
  moveRequest,
  shares,
  videoKeys,
  type MoveForm
} from './storage.svelte'

const none = { files: 0, bytes: 0 }
const move: Move = {
  id: 1,
  from: 'local',
  to: 'archive',
  state: 'running',
  filter: {
    videos: [],
    videoIds: [],
    channel: null,
    publishedBefore: null,
    viewsBelow: null,
    kinds: []
  },
  rateLimit: 0,
  parallel: 2,
  keepSource: false,
  planned: true,
  waiting: none,
  done: none,
  skipped: none,
  failed: none,
  rate: 0,
  remainingSeconds: null,
  error: null,
  createdAt: '2026-11-23T00:00:00.000Z',
  finishedAt: null
}

describe('a move', () => {
  it('is as far as its bytes, whatever became of them', () => {
    const half = {
      ...move,
      waiting: { files: 1, bytes: 500 },
      done: { files: 7, bytes: 400 },
      failed: { files: 1, bytes: 100 }
    }
    expect(fraction(half)).toBe(0.5)
    expect(counts(half)).toEqual({ over: 8, all: 9 })
  })
  it('without files is not begun, or done', () => {
    expect(fraction(move)).toBe(0)
    expect(fraction({ ...move, state: 'done' })).toBe(1)
  })
  it('goes on when it is paused, and once more when something failed', () => {
    expect(canResume(move)).toBe(false)
    expect(canResume({ ...move, state: 'paused' })).toBe(true)
    expect(canResume({ ...move, state: 'done' })).toBe(false)
    expect(canResume({ ...move, state: 'done', failed: { files: 1, bytes: 1 } })).toBe(true)
    expect(canResume({ ...move, state: 'cancelled', failed: { files: 1, bytes: 1 } })).toBe(false)
  })
})

describe('a store', () => {
  const store = {
    kinds: [
      { kind: 'original', files: 1, bytes: 10 },
      { kind: 'rendition', files: 4, bytes: 80 },
      { kind: 'playlist', files: 5, bytes: 2 },
      { kind: 'caption', files: 1, bytes: 1 }
    ],
    homeOf: ['rendition', 'playlist', 'segments-sha256', 'thumbnail', 'preview']
  } as unknown as Store
  it('shows the large kinds, and the small ones as one', () => {
    expect(shares(store)).toEqual([
      { kind: 'rendition', bytes: 80 },
      { kind: 'original', bytes: 10 },
      { kind: 'other', bytes: 3 }
    ])
  })
  it('names the kinds that are chosen by themselves', () => {
    expect(homes(store)).toEqual(['rendition', 'thumbnail'])
  })
})

describe('what was typed', () => {
  const form: MoveForm = {
    from: 'local',
    to: 'archive',
    kinds: [],
    videos: '',
    channel: '',
    days: '',
    views: '',
    megabytes: '',
    parallel: '',
    keep: false
  }
  it('asks for nothing that was left empty', () => {
    expect(moveRequest(form)).toEqual({ from: 'local', to: 'archive' })
  })
  it('becomes numbers, times and bytes', () => {
    const asked = moveRequest(
      {
        ...form,
        kinds: ['rendition'],
        channel: ' news ',
        days: '30',
        views: '0',
        megabytes: '2.5',
        parallel: '4',
        keep: true
      },
      Date.parse('2026-11-23T00:00:00Z')
    )
    expect(asked).toEqual({
      from: 'local',
      to: 'archive',
      kinds: ['rendition'],
      channel: 'news',
      publishedBefore: '2026-10-24T00:00:00.000Z',
      viewsBelow: 0,
      rateLimit: 2_500_000,
      parallel: 4,
      keepSource: true
    })
  })
  it('names videos by addresses, numbers and UUIDs', () => {
    expect(
      videoKeys('https://a.example/w/kkGMgK9ZtnKfYAgnEtQxbv?start=3\n 12, /videos/watch/9c9d/ \n\n')
    ).toEqual(['kkGMgK9ZtnKfYAgnEtQxbv', '12', '9c9d'])
  })
})
