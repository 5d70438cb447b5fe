#include <gtest/gtest.h>

#include "base/crc32c.h"
#include "base/digest.h"
#include "delivery/media_service.h"
#include "tests/support/media_doors_fixture.h"

namespace shoal::delivery {
namespace {

class MediaCopiesTest : public tests::MediaDoorsFixture {
 public:
  /// The sums of the media file are known, and its object in "s3" has another byte there.
  void damage_at(std::size_t offset) {
    MediaHashes hashes{.chunks = {}, .range_length = 524'288, .ranges = {}};
    const auto bytes = std::as_bytes(std::span(media_bytes));
    for (std::size_t at = 0; at < bytes.size(); at += hashes.range_length)
      hashes.ranges.push_back(
          crc32c(bytes.subspan(at, std::min(hashes.range_length, bytes.size() - at))));
    index.hashes["v-720.mp4"] = std::move(hashes);
    std::string damaged = media_bytes;
    damaged[offset] ^= 1;
    index.entries["v-720.mp4"].copies = {{"s3", "bad/v-720.mp4"}};
    put(s3_store, "bad/v-720.mp4", damaged);
  }
};

TEST_F(MediaCopiesTest, a_store_that_is_away_is_passed_over) {
  add_archive_copy();
  s3_is_away = true;
  EXPECT_TRUE(get("v-720.mp4").body == media_bytes);
  EXPECT_EQ(s3_store.opened, 0);
}

TEST_F(MediaCopiesTest, a_copy_that_fails_before_its_first_byte_is_followed_by_the_next) {
  add_archive_copy();
  ASSERT_TRUE(get("v-720.mp4").body == media_bytes);
  s3_store.fail_reads(Error{ErrorCode::unavailable, "gone"});
  service->forget_video(video);
  s3_store.reads = 0;
  // Ranges that no block in memory answers.
  add("w-720.mp4", "video/mp4", media_bytes);
  index.entries["w-720.mp4"].copies.push_back({"archive", "a/v-720.mp4"});
  const auto answer = get("w-720.mp4");
  EXPECT_EQ(answer.response.status, 200);
  EXPECT_TRUE(answer.body == media_bytes);
  EXPECT_EQ(s3_store.reads, 1);
}

TEST_F(MediaCopiesTest, where_no_copy_can_be_had_the_viewer_is_asked_to_come_again) {
  s3_store.fail_reads(Error{ErrorCode::unavailable, "gone"});
  auto answer = get("v-720.mp4");
  EXPECT_EQ(answer.response.status, 503);
  EXPECT_EQ(answer.field("Retry-After"), "2");
  s3_store.fail_opens(Error{ErrorCode::unavailable, "gone"});
  service->forget_video(video);
  answer = get("v-720.mp4");
  EXPECT_EQ(answer.response.status, 503);
  EXPECT_EQ(answer.field("Retry-After"), "2");
}

TEST_F(MediaCopiesTest, an_error_in_the_middle_is_never_an_end) {
  s3_store.fail_reads(Error{ErrorCode::unavailable, "gone"}, 1'000'000);
  const auto answer = get("v-720.mp4");
  EXPECT_EQ(answer.response.status, 200);
  EXPECT_TRUE(answer.broken);
  EXPECT_LT(answer.body.size(), media_bytes.size());
}

TEST_F(MediaCopiesTest, a_file_that_moved_while_its_entry_was_fresh_is_found_where_it_is) {
  ASSERT_EQ(get("v-720.mp4", Access::open, "", {}, net::Method::head).response.status, 200);
  index.entries["v-720.mp4"].copies.clear();
  add_archive_copy();
  runtime.run_until_done([](tests::RemoteFake& store) -> io::Task<> {
    EXPECT_TRUE(co_await store.remove("7/v-720.mp4"));
  }(s3_store));
  const int asked = index.asked;
  const auto answer = get("v-720.mp4");
  EXPECT_EQ(answer.response.status, 200);
  EXPECT_TRUE(answer.body == media_bytes);
  EXPECT_EQ(index.asked, asked + 1);
  EXPECT_EQ(get("v-720.mp4").body.size(), media_bytes.size());
  EXPECT_EQ(index.asked, asked + 1) << "the next one knows";
}

TEST_F(MediaCopiesTest, while_the_catalogue_is_away_its_other_copies_still_help) {
  add_archive_copy();
  ASSERT_EQ(get("v-720.mp4", Access::open, "", {}, net::Method::head).response.status, 200);
  index.error = Error{ErrorCode::unavailable, "no database"};
  s3_store.fail_reads(Error{ErrorCode::unavailable, "gone"});
  EXPECT_TRUE(get("v-720.mp4").body == media_bytes);
}

TEST_F(MediaCopiesTest, a_copy_that_is_not_what_its_record_says_is_no_copy) {
  add_archive_copy();
  index.entries["v-720.mp4"].copies.insert(index.entries["v-720.mp4"].copies.begin(),
                                           {"s3", "7/v-segments-sha256.json"});
  EXPECT_TRUE(get("v-720.mp4").body == media_bytes);
}

TEST_F(MediaCopiesTest, what_came_damaged_is_not_kept_and_the_next_copy_is_taken) {
  const std::string playlist(k_playlist);
  const std::string picture(100'000, 'p');
  add("v.jpg", "image/jpeg", picture);
  for (const auto& [name, bytes] : {std::pair<std::string, std::string>{"v-720.m3u8", playlist},
                                    std::pair<std::string, std::string>{"v.jpg", picture}}) {
    std::string damaged = bytes;
    damaged[damaged.size() / 2] ^= 1;
    MediaEntry& entry = index.entries[name];
    entry.sha256 = to_hex(Sha256::of(bytes));
    entry.copies = {{"s3", "bad/" + name}};
    put(s3_store, "bad/" + name, damaged);
    EXPECT_EQ(get(name).response.status, 503) << name;
    entry.copies.push_back({"archive", "good/" + name});
    put(archive_store, "good/" + name, bytes);
    service->forget_video(video);
    EXPECT_TRUE(get(name).body == bytes) << name;
  }
}

TEST_F(MediaCopiesTest, damage_inside_a_long_file_moves_its_reader_to_the_next_copy) {
  damage_at(1'300'000);
  add_archive_copy();
  const auto answer = get("v-720.mp4");
  EXPECT_FALSE(answer.broken);
  EXPECT_TRUE(answer.body == media_bytes);
  // Who comes next is spared the copy that is known to be bad.
  const int reads = s3_store.reads;
  EXPECT_TRUE(get("v-720.mp4").body == media_bytes);
  EXPECT_EQ(s3_store.reads, reads);
}

TEST_F(MediaCopiesTest, damage_without_another_copy_is_told_and_never_sent) {
  damage_at(1'300'000);
  const auto answer = get("v-720.mp4");
  ASSERT_TRUE(answer.broken);
  EXPECT_EQ(answer.broken->code, ErrorCode::corrupt);
  EXPECT_TRUE(answer.body == media_bytes.substr(0, 1'048'576)) << "what is right was sent";
  EXPECT_EQ(
      get("v-720.mp4", Access::open, "", {{"Range", "bytes=1200000-1200010"}}).response.status,
      503);
  EXPECT_EQ(get("v-720.mp4", Access::open, "", {{"Range", "bytes=0-1048575"}}).body.size(),
            1'048'576U);
}

TEST_F(MediaCopiesTest, a_store_that_goes_away_in_the_middle_of_an_answer_is_followed_by_the_next) {
  add_archive_copy();
  s3_store.fail_reads(Error{ErrorCode::unavailable, "gone"}, 1'000'000);
  const auto answer = get("v-720.mp4");
  EXPECT_FALSE(answer.broken);
  EXPECT_TRUE(answer.body == media_bytes);
}

}  // namespace
}  // namespace shoal::delivery
