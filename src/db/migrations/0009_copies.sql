-- 1: files of the batch stay in its source too, so that they have a second copy.
alter table move_batch add column keeps_source integer not null default 0;
