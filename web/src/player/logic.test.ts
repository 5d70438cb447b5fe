import { describe, expect, it } from 'vitest'
import {
  chapterAt,
  chapterSpans,
  keyAction,
  nextSpeed,
  qualities,
  storyboardCell,
  takesToken,
  withToken
} from './logic'

describe('keyAction', () => {
  it('knows the keys everybody knows', () => {
    expect(keyAction({ key: 'k' })).toEqual({ do: 'toggle' })
    expect(keyAction({ key: 'K' })).toEqual({ do: 'toggle' })
    expect(keyAction({ key: ' ' })).toEqual({ do: 'toggle' })
    expect(keyAction({ key: 'j' })).toEqual({ do: 'seekBy', seconds: -10 })
    expect(keyAction({ key: 'l' })).toEqual({ do: 'seekBy', seconds: 10 })
    expect(keyAction({ key: 'ArrowLeft' })).toEqual({ do: 'seekBy', seconds: -5 })
    expect(keyAction({ key: 'ArrowUp' })).toEqual({ do: 'volumeBy', amount: 0.05 })
    expect(keyAction({ key: 'm' })).toEqual({ do: 'mute' })
    expect(keyAction({ key: 'f' })).toEqual({ do: 'fullscreen' })
    expect(keyAction({ key: 'c' })).toEqual({ do: 'captions' })
    expect(keyAction({ key: '0' })).toEqual({ do: 'seekToFraction', fraction: 0 })
    expect(keyAction({ key: '9' })).toEqual({ do: 'seekToFraction', fraction: 0.9 })
  })
  it('leaves shortcuts of the browser and other keys alone', () => {
    expect(keyAction({ key: 'f', ctrlKey: true })).toBeNull()
    expect(keyAction({ key: 'l', metaKey: true })).toBeNull()
    expect(keyAction({ key: 'ArrowLeft', altKey: true })).toBeNull()
    expect(keyAction({ key: 'x' })).toBeNull()
    expect(keyAction({ key: 'Escape' })).toBeNull()
  })
})

describe('qualities', () => {
  it('lists one entry per height, best first, with the level it plays', () => {
    const list = qualities([
      { width: 426, height: 240, bitrate: 400 },
      { width: 1280, height: 720, bitrate: 2000 },
      { width: 1280, height: 720, bitrate: 2500 },
      { width: 854, height: 480, bitrate: 1000 }
    ])
    expect(list.map((one) => one.label)).toEqual(['720p', '480p', '240p'])
    expect(list[0]?.level).toBe(2)
  })
  it('keeps high frame rates apart and names portrait video by its short side', () => {
    const list = qualities([
      { width: 1280, height: 720, bitrate: 3000, frameRate: 59.94 },
      { width: 1280, height: 720, bitrate: 2000, frameRate: 30 },
      { width: 480, height: 854, bitrate: 900 }
    ])
    expect(list.map((one) => one.label)).toEqual(['720p60', '720p', '480p'])
  })
  it('falls back to the bitrate for sound only', () => {
    expect(qualities([{ width: 0, height: 0, bitrate: 96_000 }])[0]?.label).toBe('96 kbit/s')
  })
})

describe('chapters', () => {
  it('cover the whole video without gap', () => {
    const spans = chapterSpans(
      [
        { timecode: 20, title: 'b' },
        { timecode: 5, title: 'a' }
      ],
      30
    )
    expect(spans.map((s) => [s.start, s.end, s.title])).toEqual([
      [0, 5, ''],
      [5, 20, 'a'],
      [20, 30, 'b']
    ])
    expect(chapterAt(spans, 19.9)?.title).toBe('a')
    expect(chapterAt(spans, 30)?.title).toBe('b')
  })
  it('beyond the end or doubled are dropped', () => {
    const marks = [
      { timecode: 0, title: 'a' },
      { timecode: 0, title: 'b' },
      { timecode: 99, title: 'c' }
    ]
    expect(chapterSpans(marks, 30).map((s) => s.title)).toEqual(['a'])
    expect(chapterSpans([], 30)).toEqual([])
    expect(chapterAt([], 3)).toBeNull()
  })
})

describe('storyboardCell', () => {
  const board = {
    src: '',
    totalWidth: 1152,
    totalHeight: 288,
    spriteWidth: 192,
    spriteHeight: 144,
    spriteDuration: 2
  }
  it('walks rows from left to right', () => {
    expect(storyboardCell(board, 0)).toEqual({ x: 0, y: 0 })
    expect(storyboardCell(board, 3.9)).toEqual({ x: 192, y: 0 })
    expect(storyboardCell(board, 12)).toEqual({ x: 0, y: 144 })
  })
  it('shows the last cell after its end and the first before its start', () => {
    expect(storyboardCell(board, 9999)).toEqual({ x: 960, y: 144 })
    expect(storyboardCell(board, -4)).toEqual({ x: 0, y: 0 })
  })
})

describe('withToken', () => {
  it('adds the token whatever the address has already', () => {
    expect(withToken('/a.m3u8', 't')).toBe('/a.m3u8?videoFileToken=t')
    expect(withToken('/a.m3u8?x=1', 'a b')).toBe('/a.m3u8?x=1&videoFileToken=a%20b')
    expect(withToken('/a.mp4#t=3', 't')).toBe('/a.mp4?videoFileToken=t#t=3')
    expect(withToken('/a.m3u8', null)).toBe('/a.m3u8')
  })
})

describe('takesToken', () => {
  const page = 'https://a.example/w/x'
  const playlist = 'https://a.example/static/p.m3u8'
  it('is so for the server of the playlist, and not twice', () => {
    expect(takesToken('https://a.example/static/v.mp4', playlist, page)).toBe(true)
    expect(takesToken('/static/v.mp4', '/static/p.m3u8', page)).toBe(true)
    expect(takesToken('https://a.example/static/v.mp4?videoFileToken=t', playlist, page)).toBe(
      false
    )
  })
  it('is not so for a store, whose addresses are signed as they are', () => {
    expect(takesToken('https://s3.example/b/v.mp4?X-Amz-Signature=1', playlist, page)).toBe(false)
    expect(takesToken('http://a.example/static/v.mp4', playlist, page)).toBe(false)
    expect(takesToken('https://a.example:8443/v.mp4', playlist, page)).toBe(false)
  })
})

describe('nextSpeed', () => {
  it('steps through the list and stops at its ends', () => {
    expect(nextSpeed(1, 1)).toBe(1.25)
    expect(nextSpeed(1, -1)).toBe(0.75)
    expect(nextSpeed(2, 1)).toBe(2)
    expect(nextSpeed(0.5, -1)).toBe(0.5)
    expect(nextSpeed(1.1, 1)).toBe(1.25)
  })
})
