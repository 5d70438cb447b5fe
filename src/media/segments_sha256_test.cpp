#include "media/segments_sha256.h"

#include <gtest/gtest.h>

namespace shoal::media {
namespace {

TEST(SegmentsSha256, reads_what_peertube_writes) {
  constexpr std::string_view k_text =
      R"({"5372a1eb-6c0f-4912-9df9-44b727e99bda-240-fragmented.mp4":{)"
      R"("1372-120958":"7b34a45ae7a2e72588ed39ea8ccf7df03766757af0662db94c8a0d8b81a4893d",)"
      R"("120959-249107":"2c452c4b52b3b75ba5497dbef6584b8776177f4987b92dc3ad95f640ce4722d9"}})";
  const auto files = parse_segments_sha256(k_text);
  ASSERT_TRUE(files);
  ASSERT_EQ(files->size(), 1U);
  ASSERT_EQ(files->front().segments.size(), 2U);
  EXPECT_EQ(files->front().segments[0].first_byte, 1372U);
  EXPECT_EQ(files->front().segments[1].last_byte, 249107U);
  EXPECT_EQ(write_segments_sha256(*files), k_text);
}

TEST(SegmentsSha256, what_is_not_a_digest_is_corrupt) {
  for (const std::string_view text :
       {"", "[]", "{", R"({"a":[]})", R"({"a":{"1":"00"}})", R"({"a":{"5-1":"00"}})",
        R"({"a":{"1-5":"00"}})", R"({"a":{"1-5":7}})", R"({"a":{"-1-5":""}})"}) {
    EXPECT_FALSE(parse_segments_sha256(text)) << text;
  }
}

}  // namespace
}  // namespace shoal::media
