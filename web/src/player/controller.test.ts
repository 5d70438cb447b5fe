import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { PlayerController, type EngineLike } from './controller.svelte'
import type { PlayerSource } from './types'

const noCounts = {
  mode: 'p2p-media-loader' as const,
  bytes: 0,
  levelChanges: 0,
  errors: 0,
  stalls: 0,
  resolution: 0,
  fps: 0
}
const source: PlayerSource = {
  hls: '/master.m3u8',
  file: null,
  poster: null,
  duration: 100,
  growing: false,
  token: null
}

function ranges(...list: [number, number][]): TimeRanges {
  return {
    length: list.length,
    start: (i: number) => list[i]?.[0] ?? 0,
    end: (i: number) => list[i]?.[1] ?? 0
  }
}

/** A media element whose clock and ranges the test sets. */
function fakeMedia() {
  const media = document.createElement('video')
  let time = 0
  const state = { buffered: ranges(), seekable: ranges(), duration: NaN }
  Object.defineProperties(media, {
    currentTime: {
      get: () => time,
      set: (value: number) => {
        time = value
      }
    },
    buffered: { get: () => state.buffered },
    seekable: { get: () => state.seekable },
    duration: { get: () => state.duration }
  })
  media.load = () => {}
  media.play = () => {
    media.dispatchEvent(new Event('play'))
    media.dispatchEvent(new Event('playing'))
    return Promise.resolve()
  }
  media.pause = () => media.dispatchEvent(new Event('pause'))
  return { media, state }
}

describe('PlayerController', () => {
  const engine = {
    stats: { ...noCounts },
    load: vi.fn(),
    setLevel: vi.fn(),
    retry: vi.fn(),
    update: vi.fn(),
    destroy: vi.fn()
  } satisfies EngineLike
  let events: Parameters<ConstructorParameters<typeof PlayerController>[0] & object>[1]
  let c: PlayerController
  let fake: ReturnType<typeof fakeMedia>
  let detach: () => void

  beforeEach(() => {
    localStorage.clear()
    vi.clearAllMocks()
    fake = fakeMedia()
    c = new PlayerController((_media, made) => {
      events = made
      return engine
    })
    detach = c.attach(fake.media, document.createElement('div'))
    c.load(source)
  })
  afterEach(() => detach())

  it('seeks within what exists and never past the end', () => {
    c.seek(40)
    expect(fake.media.currentTime).toBe(40)
    c.perform({ do: 'seekBy', seconds: -50 })
    expect(fake.media.currentTime).toBe(0)
    c.perform({ do: 'seekToFraction', fraction: 1 })
    expect(fake.media.currentTime).toBeCloseTo(99.95)
  })

  it('keeps to the processed part while the video still grows', () => {
    c.load({ ...source, growing: true })
    fake.state.seekable = ranges([0, 24])
    fake.media.dispatchEvent(new Event('progress'))
    expect(c.duration).toBe(100)
    expect(c.availableEnd).toBe(24)
    c.seek(80)
    expect(fake.media.currentTime).toBeCloseTo(23.95)
  })

  it('takes a new address of the running video without loading again', () => {
    expect(engine.load).toHaveBeenCalledTimes(1)
    c.refresh({ ...source, hls: '/finished-master.m3u8' })
    expect(engine.load).toHaveBeenCalledTimes(1)
    expect(engine.update).toHaveBeenCalledWith(
      expect.objectContaining({ hls: '/finished-master.m3u8' })
    )
    expect(engine.retry).not.toHaveBeenCalled()
  })

  it('loads the new address when the old one is broken', () => {
    events.error('network', true)
    expect(c.error).toEqual({ kind: 'network', fatal: true })
    c.refresh({ ...source, hls: '/finished-master.m3u8' })
    expect(engine.retry).toHaveBeenCalledWith(
      expect.objectContaining({ hls: '/finished-master.m3u8' })
    )
    expect(c.error).toBeNull()
  })

  it('remembers volume, speed and caption language for the next player', () => {
    c.setVolume(0.4)
    c.setSpeed(1.5)
    c.setCaption('fr')
    const next = new PlayerController(() => engine)
    const media = fakeMedia().media
    const off = next.attach(media, document.createElement('div'))
    expect(media.volume).toBeCloseTo(0.4)
    expect(media.playbackRate).toBe(1.5)
    expect(next.caption).toBe('fr')
    off()
  })

  it('turns the first captions on and off with one key', () => {
    c.captions = [
      { language: 'en', label: 'English', src: '' },
      { language: 'zh', label: 'Chinese', src: '' }
    ]
    c.perform({ do: 'captions' })
    expect(c.caption).toBe('en')
    c.perform({ do: 'captions' })
    expect(c.caption).toBeNull()
  })

  it('shows which part around the current time is buffered', () => {
    fake.media.currentTime = 12
    fake.state.buffered = ranges([0, 20], [60, 70])
    fake.media.dispatchEvent(new Event('timeupdate'))
    expect(c.bufferedEnd).toBe(20)
  })

  it('unmutes to something audible', () => {
    c.setVolume(0)
    expect(c.muted || fake.media.muted).toBe(true)
    c.toggleMute()
    expect(fake.media.muted).toBe(false)
    expect(fake.media.volume).toBe(0.5)
  })

  it('starts over when played again after its end', async () => {
    c.seek(99.9)
    fake.media.dispatchEvent(new Event('ended'))
    expect(c.ended).toBe(true)
    await c.play()
    expect(fake.media.currentTime).toBe(0)
    expect(c.ended).toBe(false)
  })

  it('gives the engine back when it goes', () => {
    detach()
    expect(engine.destroy).toHaveBeenCalled()
  })
})
