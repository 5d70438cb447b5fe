/** Chapters as people write them: one per line, a time and a title. */
import type { Chapter } from '../api'
import { parseTime } from '../app/richText'
import { clock } from '../i18n/tools'

export type ChapterProblem = 'badLine' | 'order' | 'long' | 'title'
export type ParsedChapters =
  { ok: true; chapters: Chapter[] } | { ok: false; line: number; problem: ChapterProblem }

export function parseChapters(text: string, duration: number): ParsedChapters {
  const chapters: Chapter[] = []
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim()
    if (!line) continue
    const fail = (problem: ChapterProblem): ParsedChapters => ({
      ok: false,
      line: index + 1,
      problem
    })
    const match = /^(\d[\d:]*)(?:\s+[-–—]?\s*|\s*[-–—]\s*)?(.*)$/.exec(line)
    const timecode = match?.[1]?.includes(':') ? parseTime(match[1]) : null
    if (timecode === null || !match) return fail('badLine')
    const title = match[2]?.trim() ?? ''
    if (!title) return fail('title')
    const last = chapters.at(-1)
    if (last && timecode <= last.timecode) return fail('order')
    if (duration > 0 && timecode >= duration) return fail('long')
    chapters.push({ timecode, title })
  }
  return { ok: true, chapters }
}

export function formatChapters(chapters: Chapter[]): string {
  return chapters.map((one) => `${clock(one.timecode)} ${one.title}`).join('\n')
}
