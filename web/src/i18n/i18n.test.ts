import { describe, expect, it } from 'vitest'
import { en } from './en'
import { preferredLanguage } from './index.svelte'
import { clock, makeTools } from './tools'
import { zh } from './zh'

type Tree = { [key: string]: unknown }
function leaves(tree: Tree, path = ''): string[] {
  return Object.entries(tree).flatMap(([key, value]) =>
    typeof value === 'object' && value !== null
      ? leaves(value as Tree, `${path}${key}.`)
      : [`${path}${key}:${typeof value}`]
  )
}

describe('languages', () => {
  it('have the same keys, and Chinese none left in English', () => {
    expect(leaves(zh)).toEqual(leaves(en))
    const same: string[] = []
    const compare = (a: Tree, b: Tree, path: string) => {
      for (const [key, value] of Object.entries(a)) {
        if (typeof value === 'object' && value !== null) {
          compare(value as Tree, b[key] as Tree, `${path}${key}.`)
        } else if (typeof value === 'string' && /[a-z]{3}/i.test(value) && value === b[key]) {
          same.push(path + key)
        }
      }
    }
    compare(en, zh, '')
    expect(same).toEqual([])
  })
  it('are chosen by the stored choice, then by the browser', () => {
    expect(preferredLanguage('zh', ['en'])).toBe('zh')
    expect(preferredLanguage(null, ['fr-FR', 'zh-TW', 'en'])).toBe('zh')
    expect(preferredLanguage('xx', ['fr'])).toBe('en')
  })
})

describe('formats', () => {
  const f = makeTools('en')
  it('count with plurals', () => {
    expect(en.common.views(0)).toBe('No views yet')
    expect(en.common.views(1)).toBe('1 view')
    expect(en.common.views(128_402)).toBe('128.4K views')
    expect(zh.common.views(100_000)).toBe('10万次观看')
  })
  it('say how long ago', () => {
    const now = Date.parse('2026-11-22T12:00:00Z')
    expect(f.ago('2026-11-22T11:59:50Z', now)).toBe('now')
    expect(f.ago('2026-11-22T09:00:00Z', now)).toBe('3 hours ago')
    expect(f.ago('2026-11-21T11:00:00Z', now)).toBe('yesterday')
    expect(f.ago('2024-11-01T11:00:00Z', now)).toBe('2 years ago')
  })
  it('write sizes, rates and times', () => {
    expect(f.bytes(0)).toBe('0 B')
    expect(f.bytes(19_900_000)).toBe('19.9 MB')
    expect(f.bytes(512e9)).toBe('512 GB')
    expect(f.bitsPerSecond(125_000)).toBe('1 Mbit/s')
    expect(f.price(0)).toBe('0.00')
    expect(f.price(2_300_000)).toBe('2.30')
    expect(f.price(1_250)).toBe('0.0013')
    expect(clock(75)).toBe('1:15')
    expect(clock(3675)).toBe('1:01:15')
    expect(clock(NaN)).toBe('0:00')
  })
})
