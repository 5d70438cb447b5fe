-- The SHA-1 of each piece of a file, as its torrent names them: made once, and gone with the file.
create table file_pieces (
  file_id bigint primary key references media_file (id) on delete cascade,
  piece_length bigint,                 -- null: not made yet
  sha1 text,                           -- hex, one per piece, concatenated
  job_id bigint,                       -- who was asked to make them, and when
  asked_at bigint
);
-- Attempts that failed by themselves, not because their worker was killed, and how many may.
alter table job add column failures integer not null default 0;
alter table job add column max_failures integer;  -- null: as many as attempts
