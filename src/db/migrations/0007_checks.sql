-- What the last look at a copy found wrong with it; null: nothing. Where the file has another copy a
-- bad one gets the state 4 and is out of use; the only copy stays in use as it is.
alter table placement add column problem text;
create index placement_verified on placement (store, (coalesce(verified_at, 0)), id);
create index placement_problem on placement (id) where problem is not null;
-- 1: an object that no row named, found by an administrator; not one that was announced or dropped.
alter table object_trash add column orphan integer not null default 0;
-- How often this database has written its mark into the store (storage/store_ledger.h); null: the
-- mark that is found there counts.
alter table store add column ledger bigint;
-- Why nothing is deleted there until an administrator confirms; null: deletions go on.
alter table store add column hold text;
