-- In the order that jobs are leased in, so that the next one is found without sorting all that wait.
drop index job_waiting;
create index job_waiting on job (priority, id, run_after) where state = 1;
