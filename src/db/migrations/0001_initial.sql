-- One schema for SQLite and PostgreSQL. {id} is the engine's way to say "numbered by itself".
-- Times are UTC milliseconds; booleans are 0 or 1; enumerations carry PeerTube's numbers.

-- What an administrator changed at run time, one JSON value per configuration key; and what the
-- instance made for itself once (secrets, OAuth client), under keys that start with "instance.".
create table setting (
  key text primary key,
  value text not null,
  updated_at bigint not null
);

-- Everything that can own, follow or sign. Remote actors have a host; keys are made when first needed.
create table actor (
  id {id},
  kind integer not null,               -- 1 Person (account), 2 Group (channel), 3 Application (instance)
  preferred_username text not null,    -- as shown; unique without case per host
  username_key text not null,          -- lower case
  host text,                           -- null: this instance
  url text not null unique,
  public_key text,
  private_key text,
  created_at bigint not null,
  updated_at bigint not null
);
create unique index actor_local_name on actor (username_key) where host is null;
create unique index actor_remote_name on actor (username_key, host) where host is not null;

create table users (
  id {id},
  username text not null unique,       -- lower case, equals the account actor's preferred_username
  email text not null unique,          -- lower case
  password_hash text not null,         -- argon2id, PHC string
  role integer not null,               -- 0 administrator, 1 moderator, 2 user
  blocked integer not null default 0,
  blocked_reason text,
  video_quota bigint not null,         -- bytes, -1 unlimited
  video_quota_daily bigint not null,
  preferences text not null,           -- JSON: what only the user's own client reads
  last_login_at bigint,
  created_at bigint not null,
  updated_at bigint not null
);

create table account (
  id {id},
  actor_id bigint not null unique references actor (id) on delete cascade,
  user_id bigint unique references users (id) on delete cascade,
  display_name text not null,
  description text,
  created_at bigint not null,
  updated_at bigint not null
);

create table channel (
  id {id},
  actor_id bigint not null unique references actor (id) on delete cascade,
  account_id bigint not null references account (id) on delete cascade,
  display_name text not null,
  description text,
  support text,
  created_at bigint not null,
  updated_at bigint not null
);
create index channel_account on channel (account_id);

create table oauth_token (
  id {id},
  user_id bigint not null references users (id) on delete cascade,
  access_hash text not null unique,    -- SHA-256, hex: a stolen database opens no session
  refresh_hash text not null unique,
  access_expires_at bigint not null,
  refresh_expires_at bigint not null,
  created_at bigint not null
);
create index oauth_token_user on oauth_token (user_id);
create index oauth_token_expiry on oauth_token (refresh_expires_at);

create table video (
  id {id},
  uuid text not null unique,
  channel_id bigint not null references channel (id) on delete cascade,
  name text not null,
  description text,
  support text,
  category integer,
  licence integer,
  language text,
  privacy integer not null,            -- 1 public 2 unlisted 3 private 4 internal 5 password
  nsfw integer not null default 0,
  comments_policy integer not null default 1,
  download_enabled integer not null default 1,
  wait_transcoding integer not null default 0,
  state integer not null,              -- 1 published, 2 to transcode, 7 transcoding failed
  failure text,                        -- what the owner reads when processing failed
  duration bigint not null default 0,  -- ms
  aspect_ratio double precision,
  views bigint not null default 0,
  -- What videoFileToken is signed with besides the secret: raised to revoke all tokens of a video.
  privacy_epoch bigint not null default 0,
  source_filename text,
  source_size bigint not null default 0,
  originally_published_at bigint,
  published_at bigint not null,
  scheduled_at bigint,                 -- when set: takes scheduled_privacy at that time
  scheduled_privacy integer,
  created_at bigint not null,
  updated_at bigint not null
);
create index video_channel on video (channel_id, published_at);
-- The public lists, in each order that they are asked for.
create index video_public_published on video (published_at, id) where privacy = 1 and state = 1;
create index video_public_views on video (views, id) where privacy = 1 and state = 1;
create index video_public_created on video (created_at, id) where privacy = 1 and state = 1;
create index video_public_name on video (name, id) where privacy = 1 and state = 1;
create index video_public_duration on video (duration, id) where privacy = 1 and state = 1;
create index video_scheduled on video (scheduled_at) where scheduled_at is not null;

create table video_tag (
  video_id bigint not null references video (id) on delete cascade,
  position integer not null,
  name text not null,
  name_key text not null,              -- lower case
  primary key (video_id, position)
);
create index video_tag_name on video_tag (name_key, video_id);

create table video_password (
  id {id},
  video_id bigint not null references video (id) on delete cascade,
  password text not null,              -- shown to the owner again, as PeerTube does
  created_at bigint not null,
  updated_at bigint not null,
  unique (video_id, password)
);

create table chapter (
  video_id bigint not null references video (id) on delete cascade,
  timecode integer not null,           -- seconds
  title text not null,
  primary key (video_id, timecode)
);

-- A file that exists on its own: immutable, named once, never rewritten.
create table media_file (
  id {id},
  video_id bigint references video (id) on delete set null,
  kind integer not null,               -- storage/file_kind.h
  name text not null unique,           -- as in its URL
  content_type text not null,
  size bigint not null,
  sha256 text not null,                -- hex
  block_sha256 text,                   -- hex, one per 4 MiB block, concatenated; null below one block
  created_at bigint not null
);
create index media_file_video on media_file (video_id);

-- Where copies of a file are. Only a verified placement counts as a copy.
create table placement (
  id {id},
  file_id bigint not null references media_file (id) on delete cascade,
  store text not null,
  object_key text not null,
  generation bigint not null default 0,
  state integer not null,              -- 1 copying 2 verified 3 deleting
  verified_at bigint,
  created_at bigint not null,
  unique (store, object_key)
);
create index placement_file on placement (file_id);

-- Objects whose rows are gone or going: deleted from their store after due_at.
create table object_trash (
  id {id},
  store text not null,
  object_key text not null,
  due_at bigint not null
);
create index object_trash_due on object_trash (due_at);

create table rendition (
  id {id},
  video_id bigint not null references video (id) on delete cascade,
  height integer not null,             -- the ladder's step: 0 is audio only
  width integer not null,
  pixel_height integer not null,
  fps integer not null,
  codecs text not null,                -- RFC 6381, for the master playlist
  bandwidth bigint not null,           -- bits per second, peak
  average_bandwidth bigint not null,
  has_audio integer not null,
  has_video integer not null,
  file_id bigint not null references media_file (id),
  playlist_file_id bigint not null references media_file (id),
  layout text,                         -- JSON: its HLS segments with their SHA-256
  created_at bigint not null,
  unique (video_id, height)
);

-- One per video: the playlists that players are told about.
create table streaming_playlist (
  id {id},
  video_id bigint not null unique references video (id) on delete cascade,
  master_file_id bigint references media_file (id),
  segments_sha256_file_id bigint references media_file (id),
  -- What is to be made, as JSON (processing/plan.h): boundaries, renditions, work segments.
  plan text,
  -- Which pieces of the sound are made, as JSON (processing/packaging.h).
  audio_manifest text,
  -- When the running playlists got their ENDLIST; their objects live for duration + 24 h more.
  running_ended_at bigint,
  created_at bigint not null,
  updated_at bigint not null
);

-- Finished pieces of running work: work segment `position` of one rendition, an immutable object.
-- The running playlist lists them in order up to the first gap.
create table work_segment (
  video_id bigint not null references video (id) on delete cascade,
  height integer not null,
  position integer not null,
  file_id bigint not null references media_file (id),
  layout text not null,                -- JSON: its HLS segments with their SHA-256
  primary key (video_id, height, position)
);

create table caption (
  id {id},
  video_id bigint not null references video (id) on delete cascade,
  language text not null,
  automatically_generated integer not null default 0,
  file_id bigint not null references media_file (id),
  created_at bigint not null,
  updated_at bigint not null,
  unique (video_id, language)
);

create table thumbnail (
  video_id bigint not null references video (id) on delete cascade,
  kind integer not null,               -- 1 miniature, 2 preview
  file_id bigint not null references media_file (id),
  automatic integer not null,          -- 0: the owner's own picture, never replaced by a frame
  primary key (video_id, kind)
);

create table storyboard (
  video_id bigint primary key references video (id) on delete cascade,
  file_id bigint not null references media_file (id),
  total_width integer not null,
  total_height integer not null,
  sprite_width integer not null,
  sprite_height integer not null,
  sprite_duration bigint not null      -- seconds
);

create table upload_session (
  id {id},
  upload_id text not null unique,
  user_id bigint not null references users (id) on delete cascade,
  channel_id bigint not null references channel (id) on delete cascade,
  purpose integer not null,            -- 1 new video
  filename text not null,
  total_size bigint not null,
  content_type text not null,
  metadata text not null,              -- JSON: the attributes of the video to be
  state integer not null,              -- 1 receiving 2 assembling 3 done
  video_id bigint references video (id) on delete set null,
  created_at bigint not null,
  updated_at bigint not null           -- of the last acknowledged chunk: stale ones are collected
);
create index upload_session_user on upload_session (user_id);
create index upload_session_updated on upload_session (updated_at);

-- Acknowledged bytes: each row's object is durable before the row is written.
create table upload_chunk (
  session_id bigint not null references upload_session (id) on delete cascade,
  start bigint not null,
  size bigint not null,
  object_key text not null unique,
  primary key (session_id, start)
);

create table job (
  id {id},
  kind text not null,
  video_id bigint,                     -- no reference: a job outlives its video long enough to end cleanly
  payload text not null,               -- JSON
  priority integer not null,           -- smaller first
  state integer not null,              -- 1 waiting 2 running 3 blocked (by dependencies)
  run_after bigint not null,
  attempt integer not null default 0,
  max_attempts integer not null,
  worker text,                         -- who holds the lease
  fence bigint not null default 0,     -- raised with each lease; a holder with an older one writes nothing
  lease_expires_at bigint,
  last_error text,
  created_at bigint not null,
  started_at bigint
);
create index job_waiting on job (priority, run_after, id) where state = 1;
create index job_running on job (lease_expires_at) where state = 2;
create index job_video on job (video_id);

create table job_dependency (
  job_id bigint not null references job (id) on delete cascade,
  needs bigint not null,               -- a job; gone from `job` means done
  primary key (job_id, needs)
);
create index job_dependency_needs on job_dependency (needs);

-- Finished jobs, out of the queue's way; pruned by age and count.
create table job_history (
  id bigint primary key,
  kind text not null,
  video_id bigint,
  payload text not null,
  priority integer not null,
  outcome integer not null,            -- 1 completed 2 failed 3 cancelled
  attempt integer not null,
  error text,
  created_at bigint not null,
  started_at bigint,
  finished_at bigint not null
);
create index job_history_finished on job_history (finished_at);
create index job_history_outcome on job_history (outcome, finished_at);

create table worker (
  name text primary key,
  heartbeat_at bigint not null
);

create table lease (
  name text primary key,
  owner text not null,
  fence bigint not null,
  expires_at bigint not null
);

create table view_bucket (
  video_id bigint not null references video (id) on delete cascade,
  start bigint not null,               -- ms, start of the hour
  views bigint not null,
  watch_ms bigint not null default 0,
  primary key (video_id, start)
);
-- Idempotency of counter flushes: a batch that was written is not written twice.
create table view_batch (
  id text primary key,
  created_at bigint not null
);

-- Search on both engines: bigrams of CJK, trigrams of the rest, over name and tags (see catalog/ngram.h).
create table video_gram (
  gram text not null,
  video_id bigint not null references video (id) on delete cascade,
  weight integer not null,
  primary key (gram, video_id)
);
create index video_gram_video on video_gram (video_id);
