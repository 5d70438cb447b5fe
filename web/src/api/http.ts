/**
 * Requests to /api/v1. One place for tokens, refresh and errors.
 *
 * Errors: every failure is an ApiError; `status` 0 means that no answer came. A 401 with a stored
 * refresh token is retried once after refreshing; concurrent callers share one refresh.
 */
import type { OAuthClient, Tokens } from './types'

const tokenKey = 'shoal.session'
const base = '/api/v1/'

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    /** Field name to message, from RFC 7807's `invalid-params`. */
    readonly fields: Record<string, string> = {},
    readonly retryAfterSeconds = 0
  ) {
    super(detail || `HTTP ${status}`)
  }
}

export interface StoredTokens {
  access: string
  refresh: string
}

export function storedTokens(): StoredTokens | null {
  try {
    const value = JSON.parse(localStorage.getItem(tokenKey) ?? 'null')
    return typeof value?.access === 'string' && typeof value?.refresh === 'string' ? value : null
  } catch {
    return null
  }
}
export function storeTokens(tokens: Tokens | null): void {
  if (!tokens) localStorage.removeItem(tokenKey)
  else
    localStorage.setItem(
      tokenKey,
      JSON.stringify({ access: tokens.access_token, refresh: tokens.refresh_token })
    )
}

let whenSessionEnds: () => void = () => {}
/** Called when the refresh token no longer works: the user has to log in again. */
export function onSessionEnd(callback: () => void): void {
  whenSessionEnds = callback
}

export type Query = Record<
  string,
  string | number | boolean | (string | number)[] | undefined | null
>

export function withQuery(path: string, query?: Query): string {
  const params = new URLSearchParams()
  for (const [key, value] of Object.entries(query ?? {})) {
    if (value === undefined || value === null || value === '') continue
    for (const one of Array.isArray(value) ? value : [value]) params.append(key, String(one))
  }
  const text = params.toString()
  return text ? `${path}?${text}` : path
}

interface RequestOptions {
  query?: Query | undefined
  json?: unknown
  form?: URLSearchParams | FormData
  headers?: Record<string, string>
  signal?: AbortSignal | undefined
  /** false: never send the token (log-in itself). */
  auth?: boolean
}

async function send(method: string, path: string, options: RequestOptions): Promise<Response> {
  const headers = new Headers({ Accept: 'application/json', ...options.headers })
  const tokens = options.auth === false ? null : storedTokens()
  if (tokens) headers.set('Authorization', `Bearer ${tokens.access}`)
  let body: BodyInit | null = null
  if (options.json !== undefined) {
    headers.set('Content-Type', 'application/json')
    body = JSON.stringify(options.json)
  } else if (options.form) body = options.form
  try {
    return await fetch(withQuery(base + path, options.query), {
      method,
      headers,
      body,
      signal: options.signal ?? null
    })
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new ApiError(0, 'unreachable', '')
  }
}

/** Turns a failed answer (problem+json, uploadx's form, or plain text) into an ApiError. */
export function toApiError(status: number, headers: Headers, text: string): ApiError {
  const retry = Number(headers.get('Retry-After') ?? 0) || 0
  try {
    const body = JSON.parse(text)
    const fields: Record<string, string> = {}
    for (const [name, value] of Object.entries(body['invalid-params'] ?? {})) {
      fields[name] = String((value as { msg?: unknown })?.msg ?? '')
    }
    const nested = typeof body.error === 'object' && body.error !== null ? body.error : null
    const code = body.code ?? nested?.code ?? ''
    const detail = body.detail ?? nested?.message ?? body.title ?? ''
    return new ApiError(status, String(code), String(detail), fields, retry)
  } catch {
    return new ApiError(status, '', text.slice(0, 200), {}, retry)
  }
}

let refreshing: Promise<boolean> | null = null

async function refresh(): Promise<boolean> {
  const tokens = storedTokens()
  if (!tokens) return false
  const client = await clientCredentials()
  const response = await send('POST', 'users/token', {
    auth: false,
    form: new URLSearchParams({
      ...client,
      grant_type: 'refresh_token',
      refresh_token: tokens.refresh
    })
  })
  if (response.ok) {
    storeTokens((await response.json()) as Tokens)
    return true
  }
  // Another tab may have refreshed first: then its newer token is the one to use.
  const now = storedTokens()
  if (now && now.refresh !== tokens.refresh) return true
  if (response.status < 500) {
    storeTokens(null)
    whenSessionEnds()
  }
  return false
}

let credentials: Promise<OAuthClient> | null = null
export function clientCredentials(): Promise<OAuthClient> {
  credentials ??= request<OAuthClient>('GET', 'oauth-clients/local', { auth: false }).catch(
    (error) => {
      credentials = null
      throw error
    }
  )
  return credentials
}

/** Shared by the upload client, which sends its own requests. */
export function refreshSession(): Promise<boolean> {
  refreshing ??= refresh().finally(() => (refreshing = null))
  return refreshing
}

export async function request<T>(
  method: string,
  path: string,
  options: RequestOptions = {}
): Promise<T> {
  let response = await send(method, path, options)
  if (response.status === 401 && options.auth !== false && storedTokens()) {
    if (await refreshSession()) response = await send(method, path, options)
  }
  const text = await response.text()
  if (!response.ok) throw toApiError(response.status, response.headers, text)
  return (text ? JSON.parse(text) : undefined) as T
}
