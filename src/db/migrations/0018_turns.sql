-- Owners of jobs take turns among those of one priority; waiting jobs are in the order that they are
-- leased in.
alter table job add column owner bigint not null default 0;  -- an account; 0: nobody's
alter table job add column turn bigint not null default 0;   -- smaller first
drop index job_waiting;
create index job_waiting on job (priority, turn, id, run_after) where state = 1;
create index job_owner on job (owner, priority, turn) where state = 1;
