/** The REST API as this client reads it: PeerTube's shapes, and Shoal's few additions (marked). */

export interface Page<T> {
  total: number
  data: T[]
}
export interface Constant<Id = number> {
  id: Id
  label: string
}
export interface Image {
  width?: number
  path?: string
  fileUrl?: string
}
export interface ActorSummary {
  id: number
  name: string
  displayName: string
  url: string
  host: string
  avatars: Image[]
}
export interface Account extends ActorSummary {
  description: string | null
  createdAt: string
  followersCount: number
  userId?: number
}
export interface Channel extends ActorSummary {
  description: string | null
  support: string | null
  createdAt: string
  followersCount: number
  banners?: Image[]
  ownerAccount?: Account
}

export const Privacy = { public: 1, unlisted: 2, private: 3, internal: 4, password: 5 } as const
export const VideoState = { published: 1, toTranscode: 2, transcodingFailed: 7 } as const

export interface Video {
  id: number
  uuid: string
  shortUUID: string
  name: string
  url: string
  category: Constant<number | null>
  licence: Constant<number | null>
  language: Constant<string | null>
  privacy: Constant
  nsfw: boolean
  truncatedDescription: string | null
  isLocal: boolean
  isLive: boolean
  duration: number
  aspectRatio: number | null
  views: number
  viewers: number
  thumbnailPath: string | null
  previewPath: string | null
  embedPath: string
  createdAt: string
  updatedAt: string
  publishedAt: string
  originallyPublishedAt: string | null
  account: ActorSummary
  channel: ActorSummary
  state?: Constant
  processing?: Processing | null
}
export interface VideoFile {
  id: number
  resolution: Constant
  width: number | null
  height: number | null
  size: number
  fps: number
  fileUrl: string
  fileDownloadUrl: string
  hasAudio?: boolean
  hasVideo?: boolean
}
export interface StreamingPlaylist {
  id: number
  type: number
  playlistUrl: string
  files: VideoFile[]
}
/** Shoal's addition: what is ready of a video that is being processed. */
export interface Processing {
  percent: number
  message?: string
  renditions: { resolution: number; state: 'ready' | 'running' | 'waiting'; percent: number }[]
  secondsRemaining?: number
}
export interface VideoDetails extends Omit<Video, 'channel' | 'account'> {
  channel: Channel
  account: Account
  description: string | null
  support: string | null
  tags: string[]
  downloadEnabled: boolean
  commentsPolicy?: Constant
  waitTranscoding?: boolean
  files: VideoFile[]
  streamingPlaylists: StreamingPlaylist[]
  state: Constant
}
export interface Caption {
  language: Constant<string>
  captionPath: string
  updatedAt: string
  automaticallyGenerated?: boolean
}
export interface Chapter {
  timecode: number
  title: string
}
export interface Storyboard {
  storyboardPath: string
  totalWidth: number
  totalHeight: number
  spriteWidth: number
  spriteHeight: number
  spriteDuration: number
}

export const Role = { administrator: 0, moderator: 1, user: 2 } as const

export interface User {
  id: number
  username: string
  email: string
  role: Constant
  videoQuota: number
  videoQuotaDaily: number
  videoQuotaUsed?: number
  videoQuotaUsedDaily?: number
  blocked: boolean
  blockedReason: string | null
  createdAt: string
  lastLoginDate: string | null
  account: Account
  videoChannels: Channel[]
}
export interface Tokens {
  access_token: string
  refresh_token: string
  expires_in: number
  refresh_token_expires_in: number
}
export interface ServerConfig {
  instance: { name: string; shortDescription: string }
  serverVersion: string
  signup: { allowed: boolean; allowedForCurrentIP: boolean; requiresApproval: boolean }
  client?: { videos?: { resumableUpload?: { maxChunkSize?: number } } }
  defaults?: { publish?: { privacy?: number; downloadEnabled?: boolean; licence?: number | null } }
  video?: { file?: { extensions?: string[] }; image?: { extensions?: string[] } }
  views?: { videos?: { watchingInterval?: { anonymous?: number; users?: number } } }
}

export interface CustomConfig {
  instance: { name: string; shortDescription: string; description: string; terms: string }
  signup: { enabled: boolean; limit: number; requiresApproval: boolean }
  user: { videoQuota: number; videoQuotaDaily: number }
  transcoding: {
    enabled: boolean
    threads: number
    concurrency: number
    resolutions: Record<string, boolean>
    alwaysTranscodeOriginalResolution: boolean
    fps?: { max: number }
  }
}

export interface Job {
  id: string | number
  state: string
  type: string
  data: Record<string, unknown> | null
  progress: number
  error: unknown
  parent?: { id: string | number }
  createdAt: string
  processedOn: string | null
  finishedOn: string | null
}
/** Shoal's addition: what the overview page polls. */
export interface Overview {
  version: string
  uptimeSeconds: number
  cpu: { percent: number }
  memory: { residentBytes: number }
  disk: { totalBytes: number; freeBytes: number; usedByShoalBytes: number }
  http: { requestsPerSecond: number; bytesPerSecond: number; openConnections: number }
  jobs: { waiting: number; running: number; failed: number; oldestWaitSeconds: number }
  viewers: number
  videos: number
  users: number
}

/** What a details form edits; the names are the API's. */
export interface VideoAttributes {
  name: string
  description: string | null
  channelId: number
  privacy: number
  videoPasswords?: string[]
  category: number | null
  licence: number | null
  language: string | null
  tags: string[]
  downloadEnabled: boolean
  nsfw: boolean
}
