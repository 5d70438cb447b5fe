import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { PlaybackStats } from '../player/types'
import { PlaybackReporter, ViewReporter } from './reports'

type Body = Record<string, unknown>
let sent: { path: string; body: Body; password: string | null }[]
let answer: () => Response
const lost = () => {
  throw new TypeError('failed to fetch')
}

beforeEach(() => {
  vi.useFakeTimers()
  localStorage.clear()
  sessionStorage.clear()
  sent = []
  answer = () => new Response(null, { status: 204 })
  vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
    const password = new Headers(init.headers).get('x-peertube-video-password')
    sent.push({ path, body: JSON.parse(String(init.body)) as Body, password })
    return answer()
  })
})
afterEach(() => vi.useRealTimers())
const pass = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1000)

describe('ViewReporter', () => {
  let time: number
  let reporter: ViewReporter
  beforeEach(() => {
    time = 0
    reporter = new ViewReporter('u', () => time, 5000, 'secret')
    reporter.start()
  })
  afterEach(() => reporter.stop())
  const play = async (seconds: number) => {
    for (let i = 0; i < seconds; i++) {
      time += 1
      await pass(1)
    }
  }

  it('says where the viewer is, as one viewer, with the password of the video', async () => {
    reporter.now()
    await play(11)
    expect(sent.map(({ body }) => body.currentTime)).toEqual([0, 5, 10])
    expect(new Set(sent.map(({ body }) => body.sessionId)).size).toBe(1)
    expect(sent[0]).toMatchObject({ path: '/api/v1/videos/u/views', password: 'secret' })
  })

  it('keeps still while nothing plays', async () => {
    await play(5)
    await pass(600)
    expect(sent).toHaveLength(1)
  })

  it('makes one report of many jumps, and only one', async () => {
    time = 40
    for (let i = 0; i < 50; i++) reporter.seeked()
    await pass(5)
    await play(5)
    expect(sent.map(({ body }) => body.viewEvent)).toEqual(['seek', undefined])
  })

  it('waits as long as the server asks, then goes on', async () => {
    answer = () => new Response('', { status: 429, headers: { 'Retry-After': '20' } })
    await play(5)
    answer = () => new Response(null, { status: 204 })
    await play(19)
    expect(sent).toHaveLength(1)
    await play(6)
    expect(sent.length).toBeGreaterThan(1)
  })

  it('stops when the video is gone, and outlives a lost line', async () => {
    answer = lost
    await play(10)
    expect(sent).toHaveLength(2)
    answer = () => new Response('{}', { status: 404 })
    await play(60)
    expect(sent).toHaveLength(3)
  })
})

describe('PlaybackReporter', () => {
  let stats: PlaybackStats
  let reporter: PlaybackReporter
  beforeEach(() => {
    stats = {
      mode: 'p2p-media-loader',
      bytes: 500,
      levelChanges: 0,
      errors: 0,
      stalls: 0,
      resolution: 720,
      fps: 30,
      playing: true
    }
    reporter = new PlaybackReporter('u', () => stats, 15_000)
    reporter.start()
  })
  afterEach(() => reporter.stop())

  it('reports what happened since the last report that arrived', async () => {
    stats = { ...stats, bytes: 1500, levelChanges: 1 }
    await pass(15)
    expect(sent[0]).toMatchObject({ path: '/api/v1/metrics/playback' })
    expect(sent[0]?.body).toEqual({
      videoId: 'u',
      playerMode: 'p2p-media-loader',
      resolution: 720,
      fps: 30,
      resolutionChanges: 1,
      errors: 0,
      bufferStalled: 0,
      downloadedBytesHTTP: 1500,
      downloadedBytesP2P: 0,
      uploadedBytesP2P: 0,
      p2pEnabled: false,
      p2pPeers: 0
    })
    answer = lost
    stats = { ...stats, bytes: 2500 }
    await pass(15)
    answer = () => new Response(null, { status: 204 })
    stats = { ...stats, bytes: 3500 }
    await pass(15)
    expect(sent.at(-1)?.body.downloadedBytesHTTP).toBe(2000)
  })

  it('ends with what was not reported yet', async () => {
    stats = { ...stats, bytes: 700 }
    reporter.stop()
    await pass(60)
    expect(sent.map(({ body }) => body.downloadedBytesHTTP)).toEqual([700])
  })

  it('never claims more than the server believes', async () => {
    stats = { ...stats, bytes: 1e15, stalls: 1e9 }
    await pass(15)
    expect(sent[0]?.body).toMatchObject({
      downloadedBytesHTTP: 20 * 2 ** 30,
      bufferStalled: 10_000
    })
  })

  it('says nothing while nothing happens, nor where metrics are off', async () => {
    stats = { ...stats, bytes: 0, playing: false }
    await pass(60)
    expect(sent).toHaveLength(0)
    stats = { ...stats, playing: true }
    answer = () => new Response('{}', { status: 403 })
    await pass(60)
    expect(sent).toHaveLength(1)
  })

  it('is quiet for as long as the server asks', async () => {
    answer = () => new Response('', { status: 429, headers: { 'Retry-After': '40' } })
    await pass(15)
    await pass(39)
    expect(sent).toHaveLength(1)
    await pass(15)
    expect(sent).toHaveLength(2)
  })
})
