// Imports from a PeerTube that answers as the recorded one did, over real files and databases.
#include "peertube/importer.h"

#include "catalog/captions.h"
#include "catalog/channels.h"
#include "catalog/storyboards.h"
#include "catalog/users.h"
#include "catalog/video_passwords.h"
#include "storage/trash.h"
#include "tests/support/import_fixture.h"

namespace shoal::peertube {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

SHOAL_ON_BOTH_ENGINES(ImportTest);

TEST_P(ImportTest, downloads_bring_videos_as_they_were) {
  const auto summary = import();
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->taken, 2U);
  EXPECT_EQ(summary->refused, 0U);
  expect_whole(k_public);
  expect_whole(k_private);
  const auto video = find(k_public);
  EXPECT_EQ(video->summary.name, "First video");
  EXPECT_EQ(video->summary.category, 2);
  EXPECT_EQ(video->summary.language, "en");
  EXPECT_EQ(video->support, "Give support");
  EXPECT_THAT(video->tags, ElementsAre("tag1", "tag2"));
  EXPECT_EQ(to_iso8601(video->summary.published_at), "2026-11-22T07:34:41.030Z");
  EXPECT_EQ(to_iso8601(video->summary.created_at), "2026-11-22T07:34:33.545Z");
  EXPECT_EQ(video->channel.name, "films");
  EXPECT_EQ(video->channel.description, "A test channel");
  EXPECT_EQ(video->channel.owner.name, "root");
  EXPECT_EQ(video->playlist->files[0].resolution, 480);
  EXPECT_EQ(video->playlist->files[0].width, 640);
  EXPECT_EQ(video->playlist->files[0].fps, 25);
  EXPECT_NEAR(static_cast<double>(video->summary.duration.count()), 12'000, 50);
  // The names that PeerTube gave, so that its media URLs still lead there.
  EXPECT_EQ(video->playlist->files[0].file_name, old.hls_names(k_public)[0]);
  EXPECT_EQ(find(k_private)->summary.privacy, catalog::Privacy::owner_only);
  // Downloads are not left behind.
  EXPECT_TRUE(fs::is_empty(scratch()));
  EXPECT_EQ(number("select count(*) from object_trash"), 0);
}

TEST_P(ImportTest, pictures_captions_chapters_and_views_come_along) {
  old.video(k_public)["views"] = 4711;
  ASSERT_TRUE(import());
  const auto video = find(k_public);
  EXPECT_EQ(video->summary.views, 4711);
  EXPECT_EQ(video->summary.thumbnail_name, "60571bf2-7e25-43c7-ad4e-ddecbd1fa2b3.jpg");
  EXPECT_TRUE(video->summary.preview_name);
  read([&](db::Session& session) -> Result<bool> {
    const VideoId id = video->summary.id;
    const auto captions = catalog::find_captions(session, id);
    EXPECT_EQ(captions.size(), 2U);
    EXPECT_EQ(captions.front().language, "en");
    EXPECT_EQ(captions.front().file_name, "c6339fa0-1cee-44b2-ab35-a3e5fc46c4de-en.vtt");
    EXPECT_EQ(catalog::find_chapters(session, id).size(), 2U);
    EXPECT_EQ(catalog::find_storyboard(session, id)->sprite_width, 192);
    return true;
  });
  EXPECT_THAT(stored("c6339fa0-1cee-44b2-ab35-a3e5fc46c4de-en.vtt"), HasSubstr("Hello"));
}

TEST_P(ImportTest, a_folder_is_read_and_left_as_it_is) {
  folder_source = old.storage();
  const auto summary = import();
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->taken, 2U);
  EXPECT_EQ(summary->bytes.at(static_cast<std::size_t>(SourceKind::download)), 0U);
  EXPECT_EQ(old.asked("-fragmented.mp4"), 0);
  EXPECT_EQ(old.asked(".m3u8"), 0);
  expect_whole(k_public);
  expect_whole(k_private);
}

TEST_P(ImportTest, done_again_it_finds_everything_here) {
  ASSERT_TRUE(import());
  const auto rows = number("select count(*) from media_file");
  const int asked = old.asked("-fragmented.mp4");
  const auto again = import();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->there, 2U);
  EXPECT_EQ(again->taken, 0U);
  EXPECT_EQ(number("select count(*) from media_file"), rows);
  EXPECT_EQ(old.asked("-fragmented.mp4"), asked);
}

TEST_P(ImportTest, a_dry_run_brings_nothing) {
  const auto summary = import({.channel = "", .limit = {}, .is_dry_run = true});
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->taken, 2U);
  EXPECT_GT(summary->bytes.at(static_cast<std::size_t>(SourceKind::download)), 100'000U);
  expect_nothing_here();
  EXPECT_EQ(old.asked("-fragmented.mp4"), 0);
}

TEST_P(ImportTest, a_download_that_breaks_goes_on_where_it_was) {
  const std::string name = old.hls_names(k_public)[0];
  old.cut_once(name, 70'000);
  const auto summary = import();
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->taken, 2U);
  EXPECT_EQ(old.asked_for_ranges(name), 1);
  expect_whole(k_public);
}

TEST_P(ImportTest, a_server_that_is_asked_too_often_is_given_time) {
  old.be_busy(2);
  ASSERT_TRUE(import());
  EXPECT_GE(waited, Seconds{20});
  expect_whole(k_public);
}

TEST_P(ImportTest, damaged_files_refuse_their_video_and_no_other) {
  folder_source = old.storage();
  const fs::path damaged = old.hls_folder(k_public) / old.hls_names(k_public)[1];
  std::fstream file(damaged, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(20'000);
  file << "damage";
  file.close();
  const auto summary = import();
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->refused, 1U);
  EXPECT_THAT(report_of(k_public).reason, HasSubstr("hash list"));
  EXPECT_FALSE(find(k_public));
  expect_whole(k_private);
}

TEST_P(ImportTest, a_download_that_was_damaged_is_brought_anew) {
  const fs::path damaged = old.hls_folder(k_public) / old.hls_names(k_public)[0];
  const std::string right = text_of(damaged);
  std::string wrong = right;
  wrong[50'000] = static_cast<char>(wrong[50'000] + 1);
  std::ofstream(damaged, std::ios::binary) << wrong;
  ASSERT_TRUE(import());
  EXPECT_THAT(report_of(k_public).reason, HasSubstr("hash list"));
  std::ofstream(damaged, std::ios::binary) << right;
  ASSERT_TRUE(import());
  expect_whole(k_public);
}

TEST_P(ImportTest, what_was_put_before_an_end_is_found_again_or_collected) {
  // Somebody else has the channel, so that the last step fails, as a kill would end it.
  give_channel_away();
  ASSERT_TRUE(import());
  EXPECT_THAT(report_of(k_public).reason, HasSubstr("belongs to mallory"));
  EXPECT_FALSE(find(k_public));
  EXPECT_GT(number("select count(*) from object_trash"), 4);
  EXPECT_EQ(number("select count(*) from placement p join object_trash t on t.object_key = "
                   "p.object_key and t.store = p.store"),
            0);
  free_channel();
  const auto summary = import();
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->taken, 1U) << report_of(k_public).reason;
  expect_whole(k_public);
  EXPECT_EQ(number("select count(*) from placement where object_key like '%.2'"), 0);
  // Whatever was announced and never recorded goes, and nothing else.
  clock.advance(std::chrono::hours(25));
  ASSERT_TRUE(wait(storage::collect_trash(
      *database, [this](std::string_view name) { return stores.find(name); }, clock.now(), 1000)));
  EXPECT_EQ(number("select count(*) from object_trash"), 0);
  expect_whole(k_public);
  expect_whole(k_private);
}

TEST_P(ImportTest, nobody_sees_more_than_the_public_without_a_token) {
  login.username.clear();
  login.password.clear();
  const auto summary = import();
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->taken, 1U);
  EXPECT_TRUE(find(k_public));
  EXPECT_FALSE(find(k_private));
}

TEST_P(ImportTest, a_video_with_passwords_keeps_them) {
  old.video(k_private)["privacy"] = boost::json::object{{"id", 5}, {"label", "Password"}};
  ASSERT_TRUE(import());
  const auto video = find(k_private);
  ASSERT_TRUE(video) << report_of(k_private).reason;
  read([&](db::Session& session) -> Result<bool> {
    EXPECT_TRUE(catalog::is_video_password(session, video->summary.id, "open sesame"));
    return true;
  });
}

TEST_P(ImportTest, users_come_with_their_address_and_nobodys_password) {
  const auto summary = import();
  ASSERT_TRUE(summary);
  read([&](db::Session& session) -> Result<bool> {
    const auto alice = catalog::find_credentials(session, "alice@example.com");
    EXPECT_TRUE(alice);
    EXPECT_EQ(catalog::find_user(session, alice->id)->role, catalog::Role::user);
    EXPECT_EQ(catalog::find_channel(session, {"alice_channel", std::nullopt})->owner.name, "alice");
    return true;
  });
}

TEST_P(ImportTest, only_one_channel_and_only_so_many) {
  ASSERT_TRUE(import({.channel = "films", .limit = {}, .is_dry_run = false}));
  EXPECT_TRUE(find(k_public));
  EXPECT_FALSE(find(k_private));
  const auto limited = import({.channel = "", .limit = 1, .is_dry_run = false});
  ASSERT_TRUE(limited);
  EXPECT_EQ(limited->taken, 1U);
  EXPECT_EQ(limited->there, 1U);
}

}  // namespace
}  // namespace shoal::peertube
