-- Guesses at accounts, counted for all nodes together. `key` is a keyed hash of what was guessed at
-- and from where; a row with no failures says that somebody has logged in from there.
create table guess (
  key text not null primary key,
  failures bigint not null,
  last_at bigint not null
);
create index guess_last on guess (last_at);
