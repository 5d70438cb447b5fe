#include "catalog/videos.h"

#include <gmock/gmock.h>

#include "catalog/media_urls.h"
#include "catalog/video_passwords.h"
#include "tests/support/catalog_fixture.h"

namespace shoal::catalog {
namespace {

using testing::ElementsAre;

class VideosTest : public CatalogTest {};
SHOAL_ON_BOTH_ENGINES(VideosTest);

VideoAttributes everything() {
  VideoAttributes a;
  a.name = "First video";
  a.description = "Line one.\n\nSecond **paragraph**";
  a.support = "Give support";
  a.category = 2;
  a.licence = 1;
  a.language = "en";
  a.privacy = Privacy::everyone;
  a.tags = {"tag1", "Tag Zwei"};
  a.originally_published_at = from_millis(1'588'500'000'000);
  a.wait_transcoding = true;
  return a;
}

TEST_P(VideosTest, what_was_created_is_found_by_each_of_its_names) {
  const auto id = add_video("First video", everything(), VideoState::to_transcode);
  const auto video = read([&](db::Session& s) { return find_video(s, id); });
  ASSERT_TRUE(video);
  EXPECT_EQ(video->summary.name, "First video");
  EXPECT_EQ(video->summary.description, "Line one.\n\nSecond **paragraph**");
  EXPECT_EQ(video->summary.category, 2);
  EXPECT_EQ(video->summary.language, "en");
  EXPECT_EQ(video->summary.state, VideoState::to_transcode);
  EXPECT_TRUE(video->summary.wait_transcoding);
  EXPECT_FALSE(video->summary.nsfw);
  EXPECT_EQ(video->summary.originally_published_at, from_millis(1'588'500'000'000));
  EXPECT_THAT(video->tags, ElementsAre("tag1", "Tag Zwei"));
  EXPECT_EQ(video->channel.id, alice.channel);
  EXPECT_EQ(video->channel.owner.id, alice.account);
  EXPECT_EQ(video->channel.owner.user, alice.user);
  EXPECT_EQ(video->channel.owner.name, "alice");
  EXPECT_FALSE(video->playlist);
  EXPECT_FALSE(video->summary.thumbnail_name);

  const Uuid uuid = video->summary.uuid;
  for (const std::string& name : {uuid.text(), uuid.short_text(), std::to_string(id.value)}) {
    const auto key = parse_video_key(name);
    ASSERT_TRUE(key) << name;
    const auto access = read([&](db::Session& s) { return find_video_access(s, *key); });
    ASSERT_TRUE(access) << name;
    EXPECT_EQ(access->id, id);
    EXPECT_EQ(access->account, alice.account);
  }
}

TEST_P(VideosTest, names_that_are_no_video) {
  EXPECT_FALSE(parse_video_key("not_an_id"));
  EXPECT_FALSE(parse_video_key(""));
  EXPECT_FALSE(parse_video_key("-1"));
  EXPECT_FALSE(read([&](db::Session& s) { return find_video(s, VideoId{999}); }));
}

TEST_P(VideosTest, text_that_looks_like_sql_is_text) {
  auto attributes = public_video();
  attributes.tags = {"'; drop table video; --", "<script>"};
  attributes.description = "\"'`; \\ %s <img src=x onerror=alert(1)>";
  const auto id = add_video("'); delete from users; --", attributes);
  const auto video = read([&](db::Session& s) { return find_video(s, id); });
  EXPECT_EQ(video->summary.name, "'); delete from users; --");
  EXPECT_EQ(video->summary.description, attributes.description);
  EXPECT_EQ(video->tags, attributes.tags);
}

TEST_P(VideosTest, an_update_changes_what_it_names_and_nothing_else) {
  const auto id = add_video("First video", everything());
  VideoChanges changes;
  changes.name = "Renamed";
  changes.support.emplace(std::nullopt);
  changes.category = 4;
  changes.tags = std::vector<std::string>{"one"};
  changes.nsfw = true;
  write([&](db::Session& s) { return update_video(s, id, changes, now + Seconds{5}); });
  const auto video = read([&](db::Session& s) { return find_video(s, id); });
  EXPECT_EQ(video->summary.name, "Renamed");
  EXPECT_EQ(video->support, std::nullopt);
  EXPECT_EQ(video->summary.category, 4);
  EXPECT_EQ(video->summary.licence, 1);
  EXPECT_TRUE(video->summary.nsfw);
  EXPECT_THAT(video->tags, ElementsAre("one"));
  EXPECT_EQ(video->privacy_epoch, 0);
  EXPECT_EQ(video->summary.updated_at, now + Seconds{5});
  EXPECT_EQ(video->summary.published_at, now);
}

TEST_P(VideosTest, a_change_of_privacy_ends_media_tokens_and_publishes) {
  auto attributes = public_video();
  attributes.privacy = Privacy::owner_only;
  const auto id = add_video("Secret", attributes);
  VideoChanges changes;
  changes.privacy = Privacy::everyone;
  write([&](db::Session& s) { return update_video(s, id, changes, now + Seconds{9}); });
  auto video = read([&](db::Session& s) { return find_video(s, id); });
  EXPECT_EQ(video->privacy_epoch, 1);
  EXPECT_EQ(video->summary.published_at, now + Seconds{9});
  write([&](db::Session& s) { return update_video(s, id, changes, now + Seconds{20}); });
  video = read([&](db::Session& s) { return find_video(s, id); });
  EXPECT_EQ(video->privacy_epoch, 1);
}

TEST_P(VideosTest, a_schedule_is_taken_when_its_time_has_come) {
  auto attributes = public_video();
  attributes.privacy = Privacy::owner_only;
  attributes.scheduled = ScheduledUpdate{.at = now + Seconds{60}, .privacy = Privacy::everyone};
  const auto id = add_video("Later", attributes);
  EXPECT_EQ(write([&](db::Session& s) -> Result<std::size_t> {
              return apply_scheduled_updates(s, now + Seconds{59}, 10).size();
            }),
            0u);
  EXPECT_EQ(write([&](db::Session& s) -> Result<std::size_t> {
              return apply_scheduled_updates(s, now + Seconds{60}, 10).size();
            }),
            1u);
  const auto video = read([&](db::Session& s) { return find_video(s, id); });
  EXPECT_EQ(video->summary.privacy, Privacy::everyone);
  EXPECT_FALSE(video->summary.scheduled);
}

TEST_P(VideosTest, renditions_are_listed_under_the_finished_or_the_running_master) {
  const auto id = add_video("Played");
  const auto media = add_file("a-480-fragmented.mp4", id);
  const auto playlist = add_file("a-480.m3u8", id);
  const auto master = add_file("a-master.m3u8", id);
  write([&](db::Session& s) -> Result<> {
    s.execute(
        "insert into streaming_playlist (video_id, plan, created_at, updated_at)"
        " values (:video, '{}', :now, :later)",
        {id, now, now});
    return {};
  });
  EXPECT_FALSE(read([&](db::Session& s) { return find_video(s, id); })->playlist)
      << "nothing can be played yet";
  write([&](db::Session& s) -> Result<> {
    s.execute(
        "insert into work_segment (video_id, height, position, file_id, layout)"
        " values (:video, 480, 0, :file, '[]')",
        {id, media});
    return {};
  });
  auto video = read([&](db::Session& s) { return find_video(s, id); });
  ASSERT_TRUE(video->playlist);
  EXPECT_EQ(video->playlist->master_name, running_master_name(video->summary.uuid));
  EXPECT_FALSE(video->playlist->is_finished);
  write([&](db::Session& s) -> Result<> {
    s.execute(
        "insert into rendition (video_id, height, width, pixel_height, fps, codecs, bandwidth,"
        " average_bandwidth, has_audio, has_video, file_id, playlist_file_id, created_at)"
        " values (:video, 480, 640, 480, 25, 'avc1', 1, 1, 1, 1, :file, :playlist, :now)",
        {id, media, playlist, now});
    s.execute("update streaming_playlist set master_file_id = :master where video_id = :video",
              {master, id});
    return {};
  });
  video = read([&](db::Session& s) { return find_video(s, id); });
  EXPECT_EQ(video->playlist->master_name, "a-master.m3u8");
  EXPECT_TRUE(video->playlist->is_finished);
  ASSERT_EQ(video->playlist->files.size(), 1u);
  EXPECT_EQ(video->playlist->files[0].resolution, 480);
  EXPECT_EQ(video->playlist->files[0].file_name, "a-480-fragmented.mp4");
}

TEST_P(VideosTest, deletion_takes_everything_but_the_rows_of_files) {
  const auto id = add_video("Gone", everything());
  const auto file = add_file("gone.mp4", id);
  write([&](db::Session& s) { return delete_video(s, id); });
  EXPECT_FALSE(read([&](db::Session& s) { return find_video(s, id); }));
  const auto rows = read([&](db::Session& s) {
    return s.query_one(
        "select (select count(*) from video_tag), (select count(*) from"
        " video_gram), (select count(*) from media_file where id = :file)",
        {file});
  });
  EXPECT_EQ(rows->integer(0), 0);
  EXPECT_EQ(rows->integer(1), 0);
  EXPECT_EQ(rows->integer(2), 1);
  const auto again = database->write_blocking([&](db::Session& s) { return delete_video(s, id); });
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace shoal::catalog
