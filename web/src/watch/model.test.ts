import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { WatchModel } from './model.svelte'

type Json = Record<string, unknown>
const playlist = (url: string) => [{ id: 1, type: 1, playlistUrl: url, files: [] }]
const video = (more: Json = {}): Json => ({
  id: 1,
  uuid: 'u',
  shortUUID: 's',
  name: 'A',
  duration: 60,
  privacy: { id: 1 },
  state: { id: 1 },
  processing: null,
  files: [],
  streamingPlaylists: playlist('/finished.m3u8'),
  previewPath: null,
  ...more
})
const work = (percent: number) => ({ percent, renditions: [] })

describe('WatchModel', () => {
  let answers: Record<string, (headers: Headers) => [number, unknown]>
  const asked: string[] = []
  let model: WatchModel

  beforeEach(() => {
    vi.useFakeTimers()
    localStorage.clear()
    sessionStorage.clear()
    asked.length = 0
    answers = {
      'videos/s': () => [200, video()],
      'videos/s/captions': () => [200, { total: 0, data: [] }],
      'videos/s/chapters': () => [200, { chapters: [] }],
      'videos/s/storyboards': () => [200, { storyboards: [] }]
    }
    vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
      const name = path.replace('/api/v1/', '')
      asked.push(name)
      const [status, body] = answers[name]?.(new Headers(init.headers)) ?? [404, {}]
      return new Response(JSON.stringify(body), { status })
    })
    model = new WatchModel()
  })
  afterEach(() => {
    model.close()
    vi.useRealTimers()
  })
  const times = (name: string) => asked.filter((one) => one === name).length

  it('plays a public video without a token and does not poll it', async () => {
    await model.open('s')
    expect(model.source).toMatchObject({ hls: '/finished.m3u8', token: null, growing: false })
    await vi.advanceTimersByTimeAsync(60_000)
    expect(times('videos/s')).toBe(1)
    expect(asked).not.toContain('videos/s/token')
  })

  it('fetches a token for a private video', async () => {
    answers['videos/s'] = () => [200, video({ privacy: { id: 3 } })]
    answers['videos/s/token'] = () => [200, { files: { token: 'tok', expires: '' } }]
    await model.open('s')
    expect(model.source?.token).toBe('tok')
  })

  it('asks for the password, says when it is wrong, and keeps a right one for the session', async () => {
    answers['videos/s'] = (headers) => {
      const given = headers.get('x-peertube-video-password')
      if (given === 'right') return [200, video({ privacy: { id: 5 } })]
      const code = given === null ? 'video_requires_password' : 'incorrect_video_password'
      return [403, { code, status: 403 }]
    }
    answers['videos/s/token'] = () => [200, { files: { token: 'tok', expires: '' } }]
    await model.open('s')
    expect([model.gate, model.wrongPassword]).toEqual(['password', false])
    await model.open('s', 'wrong')
    expect([model.gate, model.wrongPassword]).toEqual(['password', true])
    await model.open('s', 'right')
    expect([model.gate, model.video?.name]).toEqual(['none', 'A'])
    const again = new WatchModel()
    await again.open('s')
    expect(again.gate).toBe('none')
    again.close()
  })

  it('tells a closed door from a missing video', async () => {
    answers['videos/s'] = () => [401, { status: 401 }]
    await model.open('s')
    expect(model.gate).toBe('login')
    answers['videos/s'] = () => [403, { status: 403 }]
    await model.open('s')
    expect(model.gate).toBe('forbidden')
    await model.open('missing')
    expect(model.error).toMatchObject({ status: 404 })
  })

  it('comes back by itself when the server asked to wait', async () => {
    answers['videos/s'] = () => [429, {}]
    await model.open('s')
    expect(model.error).toMatchObject({ status: 429 })
    answers['videos/s'] = () => [200, video()]
    await vi.advanceTimersByTimeAsync(5_100)
    expect(model.video?.name).toBe('A')
    expect(model.error).toBeNull()
  })

  it('looks often until something plays, rarely until all is done, then stops', async () => {
    const running = { state: { id: 2 }, processing: work(0), streamingPlaylists: [] as unknown }
    answers['videos/s'] = () => [200, video(running)]
    await model.open('s')
    expect([model.playable, model.unfinished]).toEqual([false, true])
    await vi.advanceTimersByTimeAsync(2_100)
    expect(times('videos/s')).toBe(11)
    await vi.advanceTimersByTimeAsync(7_900)
    expect(times('videos/s')).toBeLessThan(32)

    running.processing = work(40)
    running.streamingPlaylists = playlist('/running.m3u8')
    await vi.advanceTimersByTimeAsync(600)
    expect(model.source).toMatchObject({ hls: '/running.m3u8', growing: true, duration: 60 })
    const before = times('videos/s')
    await vi.advanceTimersByTimeAsync(6_200)
    expect(times('videos/s') - before).toBe(2)

    const storyboards = times('videos/s/storyboards')
    answers['videos/s'] = () => [200, video()]
    await vi.advanceTimersByTimeAsync(3_100)
    expect(model.source).toMatchObject({ hls: '/finished.m3u8', growing: false })
    expect(times('videos/s/storyboards')).toBe(storyboards + 1)
    const last = times('videos/s')
    await vi.advanceTimersByTimeAsync(30_000)
    expect(times('videos/s')).toBe(last)
  })

  it('goes on polling when one answer is lost, and stops when the page leaves', async () => {
    answers['videos/s'] = () => [200, video({ state: { id: 2 }, processing: work(10) })]
    await model.open('s')
    answers['videos/s'] = () => [502, {}]
    await vi.advanceTimersByTimeAsync(3_100)
    expect(model.video?.name).toBe('A')
    const before = times('videos/s')
    await vi.advanceTimersByTimeAsync(3_100)
    expect(times('videos/s')).toBe(before + 1)
    model.close()
    await vi.advanceTimersByTimeAsync(30_000)
    expect(times('videos/s')).toBe(before + 1)
  })
})
