-- The processes that serve this database: one row each, written by itself alone, deleted when it
-- leaves. One that was killed leaves a row whose heartbeat stands still.
create table node (
  id text primary key,                   -- of its data folder
  fence bigint not null,                 -- of its start: grows with every start of any node
  name text not null unique,
  roles text not null,                   -- words with spaces between
  region text not null,
  address text not null,                 -- for calls between nodes; empty: none
  version text not null,                 -- of its program
  schema_version integer not null,       -- that its program knows
  cores integer not null,
  unshared text not null,                -- configuration keys that keep it to one machine; empty: none
  state integer not null,                -- 1 up 2 draining
  running_jobs bigint not null,
  requests_per_second double precision not null,
  bytes_per_second double precision not null,  -- sent
  started_at bigint not null,
  heartbeat_at bigint not null           -- by the database's clock, as all times of this table
);
-- What one server held a database with before there were nodes: one that still does finds it gone.
delete from lease where name = 'server';
