#include <gtest/gtest.h>

#include <thread>

#include "base/digest.h"
#include "base/text.h"
#include "delivery/media_service.h"
#include "tests/support/media_doors_fixture.h"

namespace shoal::delivery {
namespace {

/// A video of two chunks and its playlist, through the service over a cache on the disk.
class MediaOnDiskTest : public tests::MediaDoorsFixture {
 public:
  MediaOnDiskTest() : MediaDoorsFixture(100 << 20) {
    media_bytes.resize(k_chunk + 1'500'000, 'm');
    random.fill(std::as_writable_bytes(std::span(media_bytes)));
    add("w-720.mp4", "video/mp4", media_bytes);
    index.entries["w-720.mp4"].sha256 = to_hex(Sha256::of(media_bytes));
    index.entries["v-720.m3u8"].sha256 = to_hex(Sha256::of(k_playlist));
    index.hashes["w-720.mp4"].chunks = {Sha256::of(media_bytes.substr(0, k_chunk)),
                                        Sha256::of(media_bytes.substr(k_chunk))};
    cache.start();
    tests::wait_until([this] { return cache.is_ready(); });
  }

 protected:
  void wait_for_chunks(double count) {
    tests::wait_until([&] { return metrics.sum("shoal_media_cache_chunks") == count; });
  }
  /// As after a restart: what is in memory is gone, what is on the disk is not.
  void restart() {
    runtime.run_until_done(service->stop());
    service = make_service();
    s3_store.opened = 0;
    s3_store.reads = 0;
  }
  void lose_store() {
    s3_store.fail_opens(Error{ErrorCode::unavailable, "away"});
    s3_store.fail_reads(Error{ErrorCode::unavailable, "away"});
  }
};

TEST_F(MediaOnDiskTest, a_second_play_after_a_restart_reads_nothing_of_the_store) {
  EXPECT_TRUE(get("w-720.mp4").body == media_bytes);
  EXPECT_TRUE(get("v-720.m3u8").body == k_playlist);
  wait_for_chunks(3);
  restart();
  EXPECT_TRUE(get("w-720.mp4").body == media_bytes);
  EXPECT_TRUE(get("v-720.m3u8").body == k_playlist);
  EXPECT_EQ(s3_store.reads, 0);
  EXPECT_EQ(index.asked_hashes, 2) << "once for each time that the object was opened";
}

TEST_F(MediaOnDiskTest, what_is_there_plays_while_its_store_is_away) {
  ASSERT_TRUE(get("w-720.mp4", Access::open, "", {{"Range", "bytes=0-0"}}).body.size() == 1);
  ASSERT_TRUE(get("v-720.m3u8").body == k_playlist);
  wait_for_chunks(2);
  restart();
  lose_store();
  EXPECT_TRUE(get("v-720.m3u8").body == k_playlist);
  auto answer = get("w-720.mp4", Access::open, "", {{"Range", "bytes=1000000-1999999"}});
  EXPECT_EQ(answer.response.status, 206);
  EXPECT_TRUE(answer.body == media_bytes.substr(1'000'000, 1'000'000));
  answer = get("w-720.mp4", Access::open, "", {{"Range", "bytes=4194304-"}});
  EXPECT_EQ(answer.response.status, 503) << "this part was never read";
  EXPECT_EQ(answer.field("Retry-After"), "2");
  EXPECT_EQ(get("v-segments-sha256.json").response.status, 503);

  s3_store.fail_opens(std::nullopt);
  s3_store.fail_reads(std::nullopt);
  EXPECT_TRUE(get("w-720.mp4").body == media_bytes) << "the store is back";
}

TEST_F(MediaOnDiskTest, restricted_media_ask_for_the_right_to_them_also_from_the_disk) {
  ASSERT_TRUE(get("w-720.mp4").body == media_bytes);
  wait_for_chunks(2);
  make_private();
  restart();
  EXPECT_EQ(get("w-720.mp4").response.status, 404);
  EXPECT_EQ(get("w-720.mp4", Access::restricted).response.status, 403);
  EXPECT_TRUE(get("w-720.mp4", Access::restricted, token()).body == media_bytes);
  EXPECT_EQ(s3_store.reads, 0);
}

TEST_F(MediaOnDiskTest, a_file_that_moves_to_another_store_stays) {
  ASSERT_TRUE(get("w-720.mp4").body == media_bytes);
  wait_for_chunks(2);
  restart();
  index.entries["w-720.mp4"].copies = {{"archive", "a/w-720.mp4"}};
  put(archive_store, "a/w-720.mp4", media_bytes);
  EXPECT_TRUE(get("w-720.mp4").body == media_bytes);
  EXPECT_EQ(archive_store.reads, 0);
}

TEST_F(MediaOnDiskTest, a_copy_that_is_away_is_never_preferred_to_one_that_is_there) {
  s3_store.fail_opens(Error{ErrorCode::unavailable, "away"});
  index.entries["w-720.mp4"].copies.push_back({"archive", "a/w-720.mp4"});
  put(archive_store, "a/w-720.mp4", media_bytes);
  EXPECT_TRUE(get("w-720.mp4").body == media_bytes);
  EXPECT_EQ(s3_store.reads, 0);
}

TEST_F(MediaOnDiskTest, nobody_is_sent_to_a_store_that_is_away) {
  ASSERT_TRUE(get("w-720.mp4").body == media_bytes);
  wait_for_chunks(2);
  restart();
  s3.open_media = Door::presigned;
  lose_store();
  EXPECT_EQ(get("w-720.mp4").response.status, 503);
}

}  // namespace
}  // namespace shoal::delivery
