-- What the autoscaler decided, and why: a row for each change, and the newest, which is written
-- again while nothing changes. Bounded by who writes it.
create table autoscaler_decision (
  id {id},
  since bigint not null,                 -- when it was decided first
  decided_at bigint not null,            -- and last
  driver text not null,
  dry_run integer not null,              -- nothing was done
  workers integer not null,              -- that take work, or are about to
  busy integer not null,                 -- of these
  wanted integer not null,
  started integer not null,
  drained integer not null,
  queued_jobs bigint not null,
  queued_media_seconds double precision not null,
  queued_seconds double precision not null,   -- what one worker takes for it, estimated
  oldest_wait_seconds double precision not null,
  media_speed double precision not null, -- seconds of media that a busy worker makes in one; 0: not known
  cost_per_hour double precision not null,
  reasons text not null,                 -- JSON: sentences
  error text                             -- why it was not decided, or not done
);
-- Seconds of media that came to be encoded in each second, on average over a quarter of an hour.
create table autoscaler_load (
  begins_at bigint primary key,
  load double precision not null
);
