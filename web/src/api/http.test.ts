import { beforeEach, describe, expect, it, vi } from 'vitest'
import {
  ApiError,
  onSessionEnd,
  request,
  storedTokens,
  storeTokens,
  toApiError,
  withQuery
} from './http'

const tokens = (access: string, refresh: string) => ({
  access_token: access,
  refresh_token: refresh,
  expires_in: 1,
  refresh_token_expires_in: 1,
  token_type: 'Bearer' as const
})
const json = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status })

describe('request', () => {
  const calls: { path: string; token: string | null; body: string }[] = []
  let answers: (path: string, token: string | null) => Response
  beforeEach(() => {
    localStorage.clear()
    calls.length = 0
    vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
      const token = new Headers(init.headers).get('Authorization')
      calls.push({ path, token, body: String(init.body ?? '') })
      if (path.endsWith('oauth-clients/local')) return json({ client_id: 'i', client_secret: 's' })
      return answers(path, token)
    })
  })

  it('refreshes an expired session once for all callers and repeats the calls', async () => {
    storeTokens(tokens('old', 'r1'))
    answers = (path, token) => {
      if (path.endsWith('users/token')) return json(tokens('new', 'r2'))
      return token === 'Bearer new' ? json({ ok: true }) : json({ status: 401 }, 401)
    }
    const both = await Promise.all([request('GET', 'users/me'), request('GET', 'jobs')])
    expect(both).toEqual([{ ok: true }, { ok: true }])
    expect(calls.filter((one) => one.path.endsWith('users/token'))).toHaveLength(1)
    expect(storedTokens()).toEqual({ access: 'new', refresh: 'r2' })
  })

  it('ends the session when the refresh token is refused', async () => {
    storeTokens(tokens('old', 'r1'))
    const ended = vi.fn()
    onSessionEnd(ended)
    answers = (path) =>
      path.endsWith('users/token')
        ? json({ code: 'invalid_grant' }, 400)
        : json({ status: 401 }, 401)
    await expect(request('GET', 'users/me')).rejects.toMatchObject({ status: 401 })
    expect(ended).toHaveBeenCalledTimes(1)
    expect(storedTokens()).toBeNull()
  })

  it('keeps the session when the server is down during the refresh', async () => {
    storeTokens(tokens('old', 'r1'))
    answers = (path) => (path.endsWith('users/token') ? json({}, 503) : json({}, 401))
    await expect(request('GET', 'users/me')).rejects.toMatchObject({ status: 401 })
    expect(storedTokens()).not.toBeNull()
  })

  it('says that no answer came with status 0', async () => {
    answers = () => {
      throw new TypeError('failed to fetch')
    }
    await expect(request('GET', 'videos')).rejects.toMatchObject({ status: 0 })
  })

  it('accepts an empty answer', async () => {
    answers = () => new Response(null, { status: 204 })
    expect(await request('DELETE', 'videos/1')).toBeUndefined()
  })
})

describe('toApiError', () => {
  it('reads the fields of a validation problem', () => {
    const error = toApiError(
      400,
      new Headers(),
      JSON.stringify({
        detail: 'Incorrect request parameters: name',
        'invalid-params': { name: { msg: 'Should have a video name' } }
      })
    )
    expect(error).toBeInstanceOf(ApiError)
    expect(error.fields).toEqual({ name: 'Should have a video name' })
  })
  it('reads plain text and Retry-After', () => {
    const error = toApiError(429, new Headers({ 'Retry-After': '9' }), 'Too many requests')
    expect(error).toMatchObject({ status: 429, detail: 'Too many requests', retryAfterSeconds: 9 })
  })
})

describe('withQuery', () => {
  it('leaves empty values out and repeats lists', () => {
    expect(withQuery('videos', { a: 1, b: undefined, c: '', d: [1, 2], e: 'x y' })).toBe(
      'videos?a=1&d=1&d=2&e=x+y'
    )
    expect(withQuery('videos')).toBe('videos')
  })
})
