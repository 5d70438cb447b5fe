-- Who was counted as a view of what, and when: none of the nodes that somebody reports to counts
-- them twice. `viewer` is a keyed hash; rows are deleted when they count again.
create table counted_view (
  video_id bigint not null references video (id) on delete cascade,
  viewer text not null,
  counted_at bigint not null,
  primary key (video_id, viewer)
);
create index counted_view_at on counted_view (counted_at);
