import { beforeEach, describe, expect, it } from 'vitest'
import { fingerprintOf, forget, remember, remembered, type Remembered } from './memory'
import { SpeedMeter } from './speed'

const record = (fingerprint: string, updatedAt = Date.now()): Remembered => ({
  fingerprint,
  uploadId: 'id',
  fileName: 'a.mp4',
  size: 10,
  sent: 4,
  attributes: {
    name: 'A',
    description: null,
    channelId: 1,
    privacy: 1,
    category: null,
    licence: null,
    language: null,
    tags: [],
    downloadEnabled: true,
    nsfw: false
  },
  publish: false,
  userId: 1,
  updatedAt
})

describe('remembered uploads', () => {
  beforeEach(() => localStorage.clear())

  it('are found again by their user only, newest first', () => {
    remember(record('a'))
    remember(record('b'))
    expect(remembered(1).map((one) => one.fingerprint)).toEqual(['b', 'a'])
    expect(remembered(2)).toEqual([])
    forget('b')
    expect(remembered(1).map((one) => one.fingerprint)).toEqual(['a'])
  })
  it('are forgotten after a day and survive a damaged store', () => {
    remember(record('a', Date.now() - 25 * 3600 * 1000))
    expect(remembered(1)).toEqual([])
    localStorage.setItem('shoal.uploads', '{broken')
    expect(remembered(1)).toEqual([])
  })
})

describe('fingerprintOf', () => {
  const at = { lastModified: 1000 }
  it('is the same for the same file and differs by content, size and date', async () => {
    const one = await fingerprintOf(new File(['abc'], 'x', at))
    expect(await fingerprintOf(new File(['abc'], 'renamed', at))).toBe(one)
    expect(await fingerprintOf(new File(['abd'], 'x', at))).not.toBe(one)
    expect(await fingerprintOf(new File(['abc '], 'x', at))).not.toBe(one)
    expect(await fingerprintOf(new File(['abc'], 'x', { lastModified: 2 }))).not.toBe(one)
  })
})

describe('SpeedMeter', () => {
  it('measures the last seconds and forgets what went before a jump back', () => {
    const meter = new SpeedMeter()
    meter.add(0, 0)
    meter.add(1000, 1000)
    expect(meter.bytesPerSecond()).toBe(1000)
    expect(meter.secondsLeft(3000)).toBe(2)
    meter.add(500, 1500)
    expect(meter.bytesPerSecond()).toBe(0)
  })
})
