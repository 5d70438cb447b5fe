-- Moves of many files between two stores, as an administrator asked for them. How far one is stands
-- in its items: no row is written by every file that moves.
create table move_batch (
  id {id},
  from_store text not null,
  to_store text not null,
  filter text not null,                -- JSON (storage/moves/move_filter.h)
  state integer not null,              -- 1 running 2 paused 3 cancelled 4 done
  rate_limit bigint not null,          -- bytes per second of one node; 0: none
  parallel integer not null,           -- files on their way at once
  planned_to bigint not null default 0,  -- the files up to this number have been looked at
  planned integer not null default 0,  -- 1: all of them
  created_at bigint not null,
  updated_at bigint not null,
  finished_at bigint
);
create table move_item (
  batch_id bigint not null references move_batch (id) on delete cascade,
  file_id bigint not null,             -- no reference: it tells what became of a file that is gone
  state integer not null,              -- 1 waiting 2 queued 3 done 4 skipped 5 failed
  size bigint not null,
  job_id bigint,
  error text,
  finished_at bigint,
  primary key (batch_id, file_id)
);
create index move_item_state on move_item (batch_id, state, file_id);
