-- An object is in the trash once: announced before it is put, or no copy of anything any more.
-- While its deletion runs (deleting = 1) nobody may put or record it.
delete from object_trash where id not in
  (select min(id) from object_trash group by store, object_key);
alter table object_trash add column deleting integer not null default 0;
create unique index object_trash_object on object_trash (store, object_key);
