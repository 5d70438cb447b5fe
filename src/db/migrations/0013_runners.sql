-- Machines elsewhere that do jobs (PeerTube's runners, and ours).
create table runner_registration_token (
  id {id},
  token text not null unique,          -- as it is: an administrator reads it here to give it away
  created_at bigint not null
);
create table runner (
  id {id},
  registration_token_id bigint not null references runner_registration_token (id) on delete cascade,
  name text not null unique,
  description text,
  ip text not null,
  token_hash text not null unique,     -- SHA-256, hex
  last_contact_at bigint not null,
  created_at bigint not null
);
create index runner_registration on runner (registration_token_id);
-- Who failed at a job last, and leaves it to others for a while.
create table runner_failure (
  job_id bigint not null references job (id) on delete cascade,
  runner_id bigint not null references runner (id) on delete cascade,
  failed_at bigint not null,
  primary key (job_id, runner_id)
);
create index runner_failure_runner on runner_failure (runner_id);
-- Sound alone has no picture that another machine could encode.
update job set kind = 'video-package' where kind = 'video-encode'
  and video_id in (select video_id from streaming_playlist where plan like '%"resolution":0,%');
