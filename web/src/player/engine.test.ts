import { ErrorDetails, ErrorTypes, Events } from 'hls.js'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Engine } from './engine'
import type { PlayerSource } from './types'

/** As much of hls.js as the engine talks to; the last one made. */
const fake = vi.hoisted(() => {
  class FakeHls {
    static last: FakeHls
    static isSupported = () => true
    levels: { details?: object }[] = [{ details: {} }, { details: {} }]
    handlers = new Map<string, (event: string, data: unknown) => void>()
    calls: string[] = []
    constructor(readonly config: { xhrSetup(xhr: XMLHttpRequest, url: string): void }) {
      FakeHls.last = this
    }
    on(event: string, handler: (event: string, data: unknown) => void) {
      this.handlers.set(event, handler)
    }
    emit(event: string, data: unknown) {
      this.handlers.get(event)?.(event, data)
    }
    loadSource = () => this.calls.push('source')
    attachMedia = () => {}
    stopLoad = () => this.calls.push('stop')
    startLoad = (at: number) =>
      this.calls.push(`start ${at}${this.levels.some((level) => level.details) ? '' : ' anew'}`)
    destroy = () => this.calls.push('destroy')
  }
  return FakeHls
})
vi.mock('hls.js', async (original) => ({ ...(await original<object>()), default: fake }))

const source: PlayerSource = {
  hls: '/static/master.m3u8',
  file: null,
  poster: null,
  duration: 100,
  growing: false,
  token: 'old'
}
const signed = 'https://store.example/a.mp4?X-Amz-Expires=60&X-Amz-Signature=ab'
const failure = (code: number, url: string | null, fatal = true) => ({
  type: ErrorTypes.NETWORK_ERROR,
  details: url ? ErrorDetails.FRAG_LOAD_ERROR : ErrorDetails.LEVEL_LOAD_ERROR,
  fatal,
  response: { code },
  ...(url ? { frag: { url } } : {})
})

describe('an engine whose addresses end', () => {
  const events = {
    qualities: vi.fn(),
    level: vi.fn(),
    error: vi.fn(),
    recovered: vi.fn(),
    refused: vi.fn()
  }
  let engine: Engine
  const hls = () => fake.last

  beforeEach(() => {
    vi.useFakeTimers()
    vi.clearAllMocks()
    const media = document.createElement('video')
    Object.defineProperty(media, 'currentTime', { value: 42 })
    engine = new Engine(media, events)
    engine.load(source, 0)
  })
  afterEach(() => {
    engine.destroy()
    vi.useRealTimers()
  })

  it('loads the playlists again with a new token, and goes on where it is', () => {
    hls().emit(Events.ERROR, failure(403, signed))
    expect(events.refused).toHaveBeenCalledWith(403)
    expect(events.error).not.toHaveBeenCalled()
    engine.update({ ...source, token: 'new' })
    expect(hls().calls).toEqual(['source', 'stop', 'start 42 anew'])
    const opened: string[] = []
    const xhr = { open: (_: string, url: string) => opened.push(url) }
    hls().config.xhrSetup(xhr as unknown as XMLHttpRequest, `${location.origin}/static/480.m3u8`)
    hls().config.xhrSetup(xhr as unknown as XMLHttpRequest, signed)
    expect(opened).toEqual([`${location.origin}/static/480.m3u8?videoFileToken=new`])
    vi.advanceTimersByTime(60_000)
    expect(hls().calls).toHaveLength(3)
  })

  it('takes a signed address that gives no status for one that has ended', () => {
    hls().emit(Events.ERROR, failure(0, signed, false))
    expect(events.refused).toHaveBeenCalledWith(403)
    engine.update({ ...source, token: 'new' })
    expect(hls().calls).toContain('start 42 anew')
  })

  it('leaves playlists alone when the line is down, or nothing was refused', () => {
    hls().emit(Events.ERROR, failure(0, 'https://home.example/a.mp4'))
    expect(events.refused).not.toHaveBeenCalled()
    expect(events.error).toHaveBeenCalledWith('network', false)
    engine.update({ ...source, token: 'new' })
    expect(hls().calls).toEqual(['source', 'start 42'])
  })

  it('tries by itself when the page has nothing new, and gives up in the end', () => {
    for (let round = 0; round < 20; round++) {
      hls().emit(Events.ERROR, failure(403, signed))
      vi.advanceTimersByTime(15_000)
    }
    expect(hls().calls.filter((call) => call === 'start 42 anew')).toHaveLength(8)
    expect(events.error).toHaveBeenLastCalledWith('network', true)
  })

  it('asks again for a playlist that was refused, with the new token', () => {
    hls().emit(Events.ERROR, failure(403, signed))
    engine.update(source)
    hls().emit(Events.ERROR, failure(401, null))
    engine.update({ ...source, token: 'new' })
    expect(hls().calls).toEqual(['source', 'stop', 'start 42 anew', 'start 42 anew'])
  })
})
