-- A job that has become slow may have a second holder, its twin, whose fence is the next after the
-- first one's; leases raise a job's fence by two, so that it stays free.
alter table job add column leased_at bigint;        -- when its holder took it
alter table job add column twin text;               -- who else holds it; null: nobody
alter table job add column twin_expires_at bigint;
alter table job add column twin_leased_at bigint;   -- kept when the twin ends: a lease has one at most
-- What a job took whom, for who compares.
alter table job_history add column worker text;     -- who completed it
alter table job_history add column leased_at bigint;
update job_history set leased_at = started_at where attempt = 1;
create index job_history_video on job_history (video_id) where video_id is not null;
-- What who asks the queue does: words with spaces between. Null: not said.
alter table worker add column kinds text;
-- What a machine has that some kinds of jobs need: words with spaces between. Null: it has not asked
-- for segments.
alter table runner add column labels text;
alter table node add column labels text not null default '';
