-- Who may have been told where a copy is (storage/exposure/exposure.h). What lies in other stores
-- already counts as told, so that it is replaced when its video leaves the public.
alter table placement add column exposure integer not null default 0;
update placement set exposure = 1 where store <> 'local';
-- Of what was a copy: whose, so that it goes at once when that video leaves the public.
alter table object_trash add column exposure integer not null default 0;
alter table object_trash add column video_id bigint;
create index object_trash_exposed on object_trash (video_id) where exposure > 0;
