-- What else lists are asked in the order of: the original date, and the lists of signed-in users,
-- who also see internal videos; recent views by their time.
create index video_public_originally on video (coalesce(originally_published_at, 0), id)
  where privacy = 1 and state = 1;
create index video_published on video (published_at, id) where state = 1;
create index view_bucket_start on view_bucket (start, video_id, views);
