#include "app/catalog_media_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"

namespace shoal::app {
namespace {

TEST(RunningNames, are_known_by_their_form) {
  const std::string uuid = "0d6bb4ff-0b6a-4d7c-8f3f-9a1f2a3b4c5d";
  for (const char* rest :
       {"-running-master.m3u8", "-720-running.m3u8", "-0-running.m3u8", "-r2-1080-running.m3u8"}) {
    const auto video = video_of_running_name(uuid + rest);
    ASSERT_TRUE(video) << rest;
    EXPECT_EQ(video->text(), uuid);
  }
  for (const char* rest :
       {"", "-x.m3u8", "-master.m3u8", "-720.m3u8", "-running.m3u8", "-720-running.m3u8x",
        "-r-720-running.m3u8", "-123456-running.m3u8", "-720-running.mp4", "-r2-running.m3u8",
        "-r2-running-master.m3u8x", "--720-running.m3u8"}) {
    EXPECT_FALSE(video_of_running_name(uuid + rest)) << rest;
  }
  EXPECT_FALSE(video_of_running_name("x-720-running.m3u8"));
  EXPECT_FALSE(video_of_running_name(""));
}

TEST(BlockHashes, are_as_many_as_the_record_has_or_none) {
  const std::string one = to_hex(Sha256::of("1"));
  const std::string two = to_hex(Sha256::of("2"));
  EXPECT_THAT(parse_hashes(one + two), testing::ElementsAre(Sha256::of("1"), Sha256::of("2")));
  EXPECT_THAT(parse_hashes(""), testing::IsEmpty());
  EXPECT_THAT(parse_hashes(one + two.substr(1)), testing::IsEmpty());
  EXPECT_THAT(parse_hashes(one + "x" + two.substr(1)), testing::IsEmpty());
}

TEST(RangeSums, are_as_many_as_the_record_has_or_none) {
  EXPECT_THAT(parse_sums("0000000aff000000"), testing::ElementsAre(10, 0xff000000));
  EXPECT_THAT(parse_sums(""), testing::IsEmpty());
  EXPECT_THAT(parse_sums("0000000aff00000"), testing::IsEmpty());
  EXPECT_THAT(parse_sums("0000000a-f000000"), testing::IsEmpty());
  EXPECT_THAT(parse_sums("0000000a 1000000"), testing::IsEmpty());
}

}  // namespace
}  // namespace shoal::app
