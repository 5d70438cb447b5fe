#include "peertube/parse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/check.h"
#include "peertube/json_fields.h"
#include "tests/support/recordings.h"

namespace shoal::peertube {
namespace {

namespace json = boost::json;

json::object recorded(const char* name) {
  return tests::recording(name).body.as_object();
}
OldVideo parsed(const json::object& video) {
  auto read = parse_video(json::serialize(video));
  SHOAL_CHECK(read.has_value());
  return *std::move(read);
}

TEST(ParsePeertube, a_recorded_video_gives_its_attributes_files_and_dates) {
  const OldVideo video = parsed(recorded("064-video-get-by-uuid"));
  EXPECT_EQ(video.uuid.text(), "6acefbfb-2f3c-4580-ae65-61109fce9563");
  EXPECT_EQ(video.attributes.name, "First video");
  EXPECT_EQ(video.attributes.category, 2);
  EXPECT_EQ(video.attributes.language, "en");
  EXPECT_EQ(video.attributes.privacy, catalog::Privacy::everyone);
  EXPECT_THAT(video.attributes.tags, testing::ElementsAre("tag1", "tag2"));
  EXPECT_EQ(video.attributes.support, "Give support");
  EXPECT_FALSE(video.description_may_be_cut);
  EXPECT_EQ(to_iso8601(video.history.published_at), "2026-11-22T07:34:41.030Z");
  EXPECT_EQ(to_iso8601(*video.attributes.originally_published_at), "2020-05-03T10:00:00.000Z");
  EXPECT_EQ(video.channel.name, "films");
  EXPECT_EQ(video.channel.owner.name, "root");
  EXPECT_EQ(video.origin, "http://localhost:9010");
  ASSERT_EQ(video.hls_files.size(), 2U);
  EXPECT_EQ(video.hls_files[0].resolution, 480U);
  EXPECT_EQ(video.hls_files[0].name, "b62ace76-30d0-40fe-b17d-b164469a768a-480-fragmented.mp4");
  EXPECT_EQ(video.hls_files[0].size, 895'373U);
  EXPECT_EQ(video.web_files.size(), 2U);
  EXPECT_EQ(video.obstacle, "");
}

TEST(ParsePeertube, what_cannot_be_told_is_kept_from_everybody_else) {
  json::object video = recorded("064-video-get-by-uuid");
  video["privacy"] = json::object{{"id", 99}, {"label", "For friends"}};
  EXPECT_EQ(parsed(video).attributes.privacy, catalog::Privacy::owner_only);
}

TEST(ParsePeertube, lives_blocked_and_unpublished_videos_have_an_obstacle) {
  json::object video = recorded("064-video-get-by-uuid");
  video["isLive"] = true;
  EXPECT_THAT(parsed(video).obstacle, testing::HasSubstr("live"));
  video["isLive"] = false;
  video["blacklisted"] = true;
  EXPECT_THAT(parsed(video).obstacle, testing::HasSubstr("blocked"));
  video["blacklisted"] = false;
  video["state"] = json::object{{"id", 2}};
  EXPECT_THAT(parsed(video).obstacle, testing::HasSubstr("not published"));
}

TEST(ParsePeertube, names_that_are_no_file_names_are_no_files) {
  json::object video = recorded("064-video-get-by-uuid");
  auto& files = video.at("streamingPlaylists").as_array()[0].as_object().at("files").as_array();
  files[0].as_object()["fileUrl"] = "http://old/static/..%2f..%2fsecret-fragmented.mp4";
  files[1].as_object()["fileUrl"] = "file:///etc/passwd-fragmented.mp4";
  EXPECT_TRUE(parsed(video).hls_files.empty());
}

TEST(ParsePeertube, a_description_that_an_old_version_may_have_cut_is_asked_for) {
  json::object video = recorded("064-video-get-by-uuid");
  video.erase("truncatedDescription");
  EXPECT_TRUE(parsed(video).description_may_be_cut);
}

TEST(ParsePeertube, texts_that_no_database_takes_are_left_out) {
  json::object video = recorded("064-video-get-by-uuid");
  video["description"] = std::string_view("a\0b", 3);
  video["tags"] = json::array{"good", std::string_view("a\0b", 3)};
  const OldVideo read = parsed(video);
  EXPECT_FALSE(read.attributes.description);
  EXPECT_THAT(read.attributes.tags, testing::ElementsAre("good"));
}

TEST(ParsePeertube, pages_tell_how_many_came_and_pass_over_what_is_remote) {
  json::value list = tests::recording("077-videos-list").body;
  list.as_object().at("data").as_array()[0].as_object()["isLocal"] = false;
  const auto page = parse_videos(json::serialize(list));
  ASSERT_TRUE(page);
  EXPECT_EQ(page->sent, 2U);
  ASSERT_EQ(page->entries.size(), 1U);
  EXPECT_EQ(page->entries[0].channel, "films");
}

TEST(ParsePeertube, users_channels_captions_chapters_and_storyboards_are_read) {
  const auto text = [](const char* name) { return json::serialize(tests::recording(name).body); };
  const auto users = parse_users(text("167-users-list-admin"));
  ASSERT_TRUE(users);
  EXPECT_EQ(users->entries.at(0).username, "alice");
  EXPECT_EQ(users->entries.at(0).email, "alice@example.com");
  const auto channels = parse_channels(text("154-channels-list"));
  ASSERT_TRUE(channels);
  EXPECT_EQ(channels->entries.at(1).owner.name, "alice");
  const auto captions = parse_captions(text("112-captions-list"));
  ASSERT_TRUE(captions);
  EXPECT_EQ(captions->at(1).language, "fr");
  const auto chapters = parse_chapters(text("120-chapters-get"));
  ASSERT_TRUE(chapters);
  EXPECT_EQ(chapters->at(1).title, "Middle");
  const auto board = parse_storyboard(text("123-storyboards"));
  ASSERT_TRUE(board && *board);
  EXPECT_EQ((*board)->sprite_width, 192);
}

TEST(ParsePeertube, names_that_mean_nothing_elsewhere_get_the_videos_uuid) {
  const Uuid video = *Uuid::parse("6acefbfb-2f3c-4580-ae65-61109fce9563");
  EXPECT_EQ(name_here(video, "b62ace76-30d0-40fe-b17d-b164469a768a-480-fragmented.mp4"),
            "b62ace76-30d0-40fe-b17d-b164469a768a-480-fragmented.mp4");
  EXPECT_EQ(name_here(video, "0-fragmented.mp4"), video.text() + "-0-fragmented.mp4");
}

}  // namespace
}  // namespace shoal::peertube
