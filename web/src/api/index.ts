/** Every call the pages make, by resource. */
import { clientCredentials, request, storeTokens, storedTokens, type Query } from './http'
import * as T from './types'

export { ApiError, onSessionEnd } from './http'
export * from './types'

type Signal = AbortSignal | undefined
const get = <R>(path: string, query?: Query, signal?: Signal) =>
  request<R>('GET', path, { query, signal })
const id = (value: string | number) => encodeURIComponent(value)

export interface ListQuery {
  start?: number
  count?: number
  sort?: string
  search?: string
}

export const server = {
  config: () => get<T.ServerConfig>('config'),
  customConfig: () => get<T.CustomConfig>('config/custom'),
  saveCustomConfig: (config: T.CustomConfig) =>
    request<T.CustomConfig>('PUT', 'config/custom', { json: config }),
  overview: (signal?: Signal) => get<T.Overview>('admin/overview', undefined, signal),
  reportPlayback: (json: T.PlaybackReport) => request<void>('POST', 'metrics/playback', { json })
}

export const session = {
  async login(username: string, password: string): Promise<void> {
    const form = new URLSearchParams({
      ...(await clientCredentials()),
      response_type: 'code',
      grant_type: 'password',
      scope: 'upload',
      username,
      password
    })
    storeTokens(await request<T.Tokens>('POST', 'users/token', { form, auth: false }))
  },
  async logout(): Promise<void> {
    try {
      if (storedTokens()) await request('POST', 'users/revoke-token')
    } finally {
      storeTokens(null)
    }
  },
  has: () => storedTokens() !== null,
  me: () => get<T.User>('users/me'),
  quota: () => get<T.QuotaUsed>('users/me/video-quota-used'),
  updateMe: (json: T.MyChanges) => request<void>('PUT', 'users/me', { json }),
  register: (json: T.Registration) => request<void>('POST', 'users/register', { json, auth: false })
}

function videoForm(attributes: Partial<T.VideoAttributes>, thumbnail?: Blob): FormData {
  const form = new FormData()
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined) continue
    if (Array.isArray(value)) value.forEach((one, i) => form.append(`${key}[${i}]`, one))
    else form.append(key, value === null ? '' : String(value))
  }
  if (thumbnail) {
    form.append('thumbnailfile', thumbnail, 'thumbnail')
    form.append('previewfile', thumbnail, 'preview')
  }
  return form
}

const passwordHeader = (password?: string): Record<string, string> =>
  password ? { 'x-peertube-video-password': password } : {}

/** PeerTube's `include` flags: not published yet (1) and blocked ones (2). */
const includeAll = 1 | 2

export const videos = {
  list: (query: ListQuery & { categoryOneOf?: number }, signal?: Signal) =>
    get<T.Page<T.Video>>('videos', { skipCount: false, ...query }, signal),
  search: (
    query: ListQuery & { durationMin?: number | undefined; durationMax?: number | undefined },
    signal?: Signal
  ) => get<T.Page<T.Video>>('search/videos', { ...query }, signal),
  mine: (query: ListQuery, signal?: Signal) =>
    get<T.Page<T.Video>>('users/me/videos', { ...query }, signal),
  /** Everybody's, of every privacy and state: for administrators and moderators. */
  all: (query: ListQuery, signal?: Signal) =>
    get<T.Page<T.Video>>(
      'videos',
      { ...query, isLocal: true, include: includeAll, privacyOneOf: Object.values(T.Privacy) },
      signal
    ),
  get: (key: string, password?: string, signal?: Signal) =>
    request<T.VideoDetails>('GET', `videos/${id(key)}`, {
      headers: passwordHeader(password),
      signal
    }),
  token: (key: string, password?: string) =>
    request<T.MediaToken>('POST', `videos/${id(key)}/token`, {
      headers: passwordHeader(password)
    }),
  update: (key: string, attributes: Partial<T.VideoAttributes>, thumbnail?: Blob) =>
    thumbnail
      ? request<void>('PUT', `videos/${id(key)}`, { form: videoForm(attributes, thumbnail) })
      : request<void>('PUT', `videos/${id(key)}`, { json: attributes }),
  remove: (key: string) => request<void>('DELETE', `videos/${id(key)}`),
  view: (key: string, json: T.ViewReport, password?: string) =>
    request<void>('POST', `videos/${id(key)}/views`, { json, headers: passwordHeader(password) }),
  /** For administrators and moderators: what failed is tried again, what is made stays. */
  processAgain: (key: string) =>
    request<void>('POST', `videos/${id(key)}/transcoding`, { json: { transcodingType: 'hls' } }),
  captions: (key: string, password?: string) =>
    request<T.Page<T.Caption>>('GET', `videos/${id(key)}/captions`, {
      headers: passwordHeader(password)
    }),
  saveCaption: (key: string, language: string, file: Blob, name: string) => {
    const form = new FormData()
    form.append('captionfile', file, name)
    return request<void>('PUT', `videos/${id(key)}/captions/${id(language)}`, { form })
  },
  removeCaption: (key: string, language: string) =>
    request<void>('DELETE', `videos/${id(key)}/captions/${id(language)}`),
  chapters: (key: string, password?: string) =>
    request<T.ChapterList>('GET', `videos/${id(key)}/chapters`, {
      headers: passwordHeader(password)
    }),
  saveChapters: (key: string, chapters: T.Chapter[]) =>
    request<void>('PUT', `videos/${id(key)}/chapters`, { json: { chapters } }),
  storyboards: (key: string, password?: string) =>
    request<T.StoryboardList>('GET', `videos/${id(key)}/storyboards`, {
      headers: passwordHeader(password)
    })
}

/** The fixed lists; each is fetched once and kept. */
const kept = new Map<string, Promise<T.Labels>>()
function constants(name: 'categories' | 'licences' | 'languages'): Promise<T.Labels> {
  let list = kept.get(name)
  if (!list) {
    list = get<T.Labels>(`videos/${name}`)
    list.catch(() => kept.delete(name))
    kept.set(name, list)
  }
  return list
}
export const lists = {
  categories: () => constants('categories'),
  licences: () => constants('licences'),
  languages: () => constants('languages')
}

export const channels = {
  search: (query: ListQuery, signal?: Signal) =>
    get<T.Page<T.Channel>>('search/video-channels', { ...query }, signal),
  get: (handle: string, signal?: Signal) =>
    get<T.Channel>(`video-channels/${id(handle)}`, undefined, signal),
  videos: (handle: string, query: ListQuery, signal?: Signal) =>
    get<T.Page<T.Video>>(`video-channels/${id(handle)}/videos`, { ...query }, signal)
}
export const accounts = {
  get: (handle: string, signal?: Signal) =>
    get<T.Account>(`accounts/${id(handle)}`, undefined, signal),
  channels: (handle: string, signal?: Signal) =>
    get<T.Page<T.Channel>>(`accounts/${id(handle)}/video-channels`, undefined, signal),
  videos: (handle: string, query: ListQuery, signal?: Signal) =>
    get<T.Page<T.Video>>(`accounts/${id(handle)}/videos`, { ...query }, signal)
}

export const users = {
  list: (query: ListQuery, signal?: Signal) => get<T.Page<T.User>>('users', { ...query }, signal),
  create: (json: T.UserInput) => request<{ user: { id: number } }>('POST', 'users', { json }),
  update: (user: number, json: T.UserInput) => request<void>('PUT', `users/${user}`, { json }),
  block: (user: number, reason: string) =>
    request<void>('POST', `users/${user}/block`, { json: reason ? { reason } : {} }),
  unblock: (user: number) => request<void>('POST', `users/${user}/unblock`),
  remove: (user: number) => request<void>('DELETE', `users/${user}`)
}

export const jobs = {
  list: (state: string, query: ListQuery, signal?: Signal) =>
    get<T.Page<T.Job>>(state ? `jobs/${id(state)}` : 'jobs', { ...query }, signal)
}

/** For administrators. */
export const storage = {
  stores: (signal?: Signal) => get<T.StoreList>('admin/storage/stores', undefined, signal),
  moves: (signal?: Signal) => get<T.Page<T.Move>>('admin/storage/moves', undefined, signal),
  plan: (json: T.NewMove) =>
    request<T.AddedMove>('POST', 'admin/storage/moves', { json: { ...json, dryRun: true } }),
  move: (json: T.NewMove) => request<T.AddedMove>('POST', 'admin/storage/moves', { json }),
  change: (move: number, verb: 'pause' | 'resume' | 'cancel') =>
    request<void>('POST', `admin/storage/moves/${move}/${verb}`),
  copies: (key: string, signal?: Signal) =>
    get<T.VideoCopies>(`admin/storage/videos/${id(key)}`, undefined, signal)
}

/** For administrators. */
export const cluster = {
  nodes: (signal?: Signal) => get<T.Page<T.Node>>('server/nodes', undefined, signal),
  runners: (signal?: Signal) =>
    get<T.Page<T.Runner>>('runners', { count: 100, sort: '-createdAt' }, signal),
  autoscaler: (signal?: Signal) => get<T.AutoscalerStatus>('server/autoscaler', undefined, signal)
}
