#include <gmock/gmock.h>

#include "catalog/captions.h"
#include "catalog/chapters.h"
#include "catalog/constants.h"
#include "catalog/languages.h"
#include "catalog/media_lookup.h"
#include "catalog/storyboards.h"
#include "catalog/thumbnails.h"
#include "catalog/video_passwords.h"
#include "tests/support/catalog_fixture.h"

namespace shoal::catalog {
namespace {

using testing::ElementsAre;

class VideoPartsTest : public CatalogTest {
 protected:
  void SetUp() override {
    CatalogTest::SetUp();
    video = add_video("A video");
  }
  VideoId video;
};
SHOAL_ON_BOTH_ENGINES(VideoPartsTest);

TEST_P(VideoPartsTest, a_file_of_several_blocks_has_their_hashes) {
  const auto file = add_file("long.mp4", video);
  const auto hashes = [&](std::string_view name) {
    return read([&](db::Session& s) { return find_part_hashes(s, name).block_sha256; });
  };
  EXPECT_EQ(hashes("long.mp4"), "") << "of a single block";
  write([&](db::Session& s) -> Result<> {
    s.execute("update media_file set block_sha256 = 'aabb' where id = :id", {file});
    return {};
  });
  EXPECT_EQ(hashes("long.mp4"), "aabb");
  EXPECT_EQ(hashes("other.mp4"), "");
}

TEST_P(VideoPartsTest, chapters_are_replaced_as_a_whole_and_come_in_order) {
  const std::vector<Chapter> first{{Seconds{5}, "Middle"}, {Seconds{0}, "Start"}};
  write([&](db::Session& s) -> Result<> {
    replace_chapters(s, video, first);
    return {};
  });
  EXPECT_THAT(read([&](db::Session& s) { return find_chapters(s, video); }),
              ElementsAre(Chapter{Seconds{0}, "Start"}, Chapter{Seconds{5}, "Middle"}));
  write([&](db::Session& s) -> Result<> {
    replace_chapters(s, video, {});
    return {};
  });
  EXPECT_TRUE(read([&](db::Session& s) { return find_chapters(s, video); }).empty());
}

TEST(Chapters, are_read_from_a_description) {
  EXPECT_THAT(chapters_in_description("About\n0:00 Intro\n1:02 - Second part\n- 1:00:03 Last"),
              ElementsAre(Chapter{Seconds{0}, "Intro"}, Chapter{Seconds{62}, "Second part"},
                          Chapter{Seconds{3603}, "Last"}));
  EXPECT_TRUE(chapters_in_description("0:00 Only one").empty());
  EXPECT_TRUE(chapters_in_description("1:00 Late\n2:00 Start").empty());
  EXPECT_TRUE(chapters_in_description("0:00 a\n0:70 b").empty());
  EXPECT_TRUE(chapters_in_description("0:00 a\n0:00 b").empty());
  EXPECT_TRUE(chapters_in_description("0:00 a\n99999999999:00 b").empty());
}

TEST_P(VideoPartsTest, a_caption_replaces_the_one_of_its_language) {
  const auto first = add_file("1-en.vtt");
  const auto second = add_file("2-en.vtt");
  const auto put = [&](FileId file) {
    return write([&](db::Session& s) -> Result<std::optional<FileId>> {
      return put_caption(s, video, "en", file, false, now);
    });
  };
  EXPECT_EQ(put(first), std::nullopt);
  EXPECT_EQ(put(second), first);
  const auto captions = read([&](db::Session& s) { return find_captions(s, video); });
  ASSERT_EQ(captions.size(), 1u);
  EXPECT_EQ(captions[0].file_name, "2-en.vtt");
  EXPECT_EQ(write([&](db::Session& s) { return remove_caption(s, video, "en"); }), second);
  const auto again =
      database->write_blocking([&](db::Session& s) { return remove_caption(s, video, "en"); });
  EXPECT_EQ(again.error().code, ErrorCode::not_found);
}

TEST_P(VideoPartsTest, a_frame_never_replaces_the_owners_own_picture) {
  const auto frame = add_file("frame.jpg");
  const auto own = add_file("own.jpg");
  const auto late_frame = add_file("late.jpg");
  const auto put = [&](FileId file, bool automatic) {
    return write([&](db::Session& s) -> Result<std::optional<FileId>> {
      return put_thumbnail(s, video, {ThumbnailKind::miniature, file, automatic});
    });
  };
  EXPECT_EQ(put(frame, true), std::nullopt);
  EXPECT_EQ(put(own, false), frame);
  EXPECT_EQ(put(late_frame, true), late_frame);
  const auto found = read([&](db::Session& s) { return find_video(s, video); });
  EXPECT_EQ(found->summary.thumbnail_name, "own.jpg");
  EXPECT_EQ(found->summary.preview_name, std::nullopt);
}

TEST_P(VideoPartsTest, a_storyboard_is_found_as_it_was_put) {
  const auto file = add_file("board.jpg");
  const Storyboard board{.file = file,
                         .file_name = {},
                         .total_width = 1152,
                         .total_height = 288,
                         .sprite_width = 192,
                         .sprite_height = 144,
                         .sprite_duration = Seconds{2}};
  write([&](db::Session& s) -> Result<std::optional<FileId>> {
    return put_storyboard(s, video, board);
  });
  const auto found = read([&](db::Session& s) { return find_storyboard(s, video); });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->file_name, "board.jpg");
  EXPECT_EQ(found->sprite_duration, Seconds{2});
}

TEST_P(VideoPartsTest, the_last_password_of_a_video_stays) {
  write([&](db::Session& s) -> Result<> {
    replace_passwords(s, video, {"one", "two"}, now);
    return {};
  });
  const auto listed = read([&](db::Session& s) { return list_passwords(s, video, 0, 10); });
  ASSERT_EQ(listed.size(), 2u);
  EXPECT_TRUE(read([&](db::Session& s) { return is_video_password(s, video, "two"); }));
  EXPECT_FALSE(read([&](db::Session& s) { return is_video_password(s, video, "Two"); }));
  write([&](db::Session& s) { return remove_password(s, video, listed[1].id); });
  const auto last = database->write_blocking(
      [&](db::Session& s) { return remove_password(s, video, listed[0].id); });
  EXPECT_EQ(last.error().code, ErrorCode::conflict);
  const auto gone = database->write_blocking(
      [&](db::Session& s) { return remove_password(s, video, listed[1].id); });
  EXPECT_EQ(gone.error().code, ErrorCode::not_found);
}

TEST(Constants, are_what_peertube_lists) {
  EXPECT_EQ(categories().size(), 18u);
  EXPECT_EQ(label_of(categories(), 15), "Science & Technology");
  EXPECT_EQ(label_of(categories(), 99), std::nullopt);
  EXPECT_EQ(label_of(privacies(), 5), "Password protected");
  EXPECT_EQ(languages().size(), 204u);
  EXPECT_EQ(language_label("fr"), "French");
  EXPECT_EQ(language_label("xx-bad"), std::nullopt);
}

}  // namespace
}  // namespace shoal::catalog
