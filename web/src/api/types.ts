/**
 * The API's types by the names the pages use. Their shapes come from docs/api/openapi.yaml
 * (`npm run api-types`); only what no answer holds is written here.
 */
import type { components } from './generated/schema'

type Schemas = components['schemas']

export interface Page<T> {
  total: number
  data: T[]
}
export type ActorSummary = Schemas['ActorSummary']
export type Account = Schemas['Account']
export type Channel = Schemas['Channel']
export type Video = Schemas['Video']
export type VideoDetails = Schemas['VideoDetails']
export type VideoFile = Schemas['VideoFile']
export type Caption = Schemas['Caption']
export type Chapter = Schemas['Chapter']
export type ChapterList = Schemas['ChapterList']
export type Storyboard = Schemas['Storyboard']
export type StoryboardList = Schemas['StoryboardList']
export type MediaToken = Schemas['MediaToken']
export type ViewReport = Schemas['ViewReport']
export type PlaybackReport = Schemas['PlaybackReport']
export type User = Schemas['User']
export type UserInput = Partial<Schemas['NewUser']> & Schemas['UserChanges']
export type Registration = Schemas['Registration']
export type MyChanges = Schemas['MyChanges']
export type QuotaUsed = Schemas['QuotaUsed']
export type Tokens = Schemas['Tokens']
export type OAuthClient = Schemas['OAuthClient']
export type ServerConfig = Schemas['Config']
export type CustomConfig = Schemas['CustomConfig']
export type Job = Schemas['Job']
export type Overview = Schemas['AdminOverview']
export type Store = Schemas['Store']
export type StoreList = Schemas['StoreList']
export type Move = Schemas['Move']
export type NewMove = Schemas['NewMove']
export type MoveEstimate = Schemas['MoveEstimate']
export type AddedMove = Schemas['AddedMove']
export type VideoCopies = Schemas['VideoCopies']
export type FileKind = Schemas['FileKind']
export type Node = Schemas['Node']
export type Runner = Schemas['Runner']
export type AutoscalerStatus = Schemas['AutoscalerStatus']
export type Labels = Schemas['Labels']

/** What a details form edits: all of these, and a password when one is set. */
export type VideoAttributes = Pick<Schemas['VideoAttributes'], 'videoPasswords'> &
  Required<
    Pick<
      Schemas['VideoAttributes'],
      | 'name'
      | 'description'
      | 'channelId'
      | 'privacy'
      | 'category'
      | 'licence'
      | 'language'
      | 'tags'
      | 'downloadEnabled'
      | 'nsfw'
    >
  >

export const Privacy = { public: 1, unlisted: 2, private: 3, internal: 4, password: 5 } as const
export const VideoState = { published: 1, toTranscode: 2, transcodingFailed: 7 } as const
export const Role = { administrator: 0, moderator: 1, user: 2 } as const
