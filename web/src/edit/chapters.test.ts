import { expect, it } from 'vitest'
import { formatChapters, parseChapters } from './chapters'

it('reads what people write and writes what it reads', () => {
  const parsed = parseChapters('0:00 Start\n\n 1:30 - The chase \n1:02:03 – End', 4000)
  expect(parsed).toEqual({
    ok: true,
    chapters: [
      { timecode: 0, title: 'Start' },
      { timecode: 90, title: 'The chase' },
      { timecode: 3723, title: 'End' }
    ]
  })
  if (!parsed.ok) return
  expect(formatChapters(parsed.chapters)).toBe('0:00 Start\n1:30 The chase\n1:02:03 End')
})

it.each([
  ['Start', 1, 'badLine'],
  ['90 Start', 1, 'badLine'],
  ['0:00 a\n0:00 b', 2, 'order'],
  ['0:00 a\n9:59 b', 2, 'long'],
  ['0:00', 1, 'title']
])('names the line that is wrong: %j', (text, line, problem) => {
  expect(parseChapters(text, 60)).toEqual({ ok: false, line, problem })
})

it('takes no chapters at all as none', () => {
  expect(parseChapters(' \n ', 60)).toEqual({ ok: true, chapters: [] })
})
