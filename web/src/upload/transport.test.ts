import { describe, expect, it } from 'vitest'
import { readAnswer } from './transport'

const headers = (all: Record<string, string>) => (name: string) => all[name] ?? null

describe('readAnswer', () => {
  it('reads the session from a scheme-relative Location', () => {
    const location = '//localhost:9010/api/v1/videos/upload-resumable?upload_id=af63-2dd2'
    expect(readAnswer(201, headers({ Location: location }), '').uploadId).toBe('af63-2dd2')
  })
  it('reads what is stored from Range, also when nothing is', () => {
    expect(readAnswer(308, headers({ Range: 'bytes=0-262143' }), '').stored).toBe(262144)
    expect(readAnswer(308, headers({ Range: 'bytes=0--1' }), '').stored).toBe(0)
    expect(readAnswer(308, headers({}), '').stored).toBeNull()
  })
  it('reads the video at the end', () => {
    const body = JSON.stringify({ video: { id: 2, shortUUID: 'un35', uuid: 'e5af' } })
    expect(readAnswer(200, headers({}), body).video?.shortUUID).toBe('un35')
  })
  it('reads both error forms', () => {
    const uploadx = JSON.stringify({ error: { code: 'FileConflict', message: 'File conflict' } })
    expect(readAnswer(409, headers({}), uploadx)).toMatchObject({
      code: 'FileConflict',
      detail: 'File conflict'
    })
    const problem = JSON.stringify({ code: 'quota_reached', detail: 'Quota', status: 413 })
    expect(readAnswer(413, headers({}), problem).code).toBe('quota_reached')
    expect(readAnswer(429, headers({ 'Retry-After': '7' }), 'Too many').retryAfterSeconds).toBe(7)
  })
})
