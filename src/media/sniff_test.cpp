#include "media/sniff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace shoal::media {
namespace {

using namespace std::string_view_literals;

Result<Container> sniff(std::string_view bytes) {
  return sniff_media(as_view(bytes));
}

TEST(SniffMedia, knows_the_containers_by_content) {
  EXPECT_EQ(sniff("\0\0\0\x20"
                  "ftypisom\0\0\2\0isom"sv),
            Container::mp4);
  EXPECT_EQ(sniff("\0\0\0\x08"
                  "wide\0\0\1\0mdat"sv),
            Container::mp4);
  EXPECT_EQ(sniff("\x1a\x45\xdf\xa3\x9f\x42\x86\x81"sv), Container::matroska);
  EXPECT_EQ(sniff("RIFF\0\0\0\0AVI LIST"sv), Container::avi);
  EXPECT_EQ(sniff("RIFF\0\0\0\0WAVEfmt "sv), Container::wav);
  EXPECT_EQ(sniff("FLV\x01\x05\0\0\0\x09"sv), Container::flv);
  EXPECT_EQ(sniff("OggS\0\2"sv), Container::ogg);
  EXPECT_EQ(sniff("ID3\x04\0\0"sv), Container::mp3);
  EXPECT_EQ(sniff("\xff\xfb\x90\x64\0\0"sv), Container::mp3);
  EXPECT_EQ(sniff("\xff\xf1\x50\x80"sv), Container::adts);
  EXPECT_EQ(sniff("fLaC\0\0\0\x22"sv), Container::flac);
  EXPECT_EQ(sniff("\0\0\1\xba\x44"sv), Container::mpeg_ps);
}

TEST(SniffMedia, a_transport_stream_has_its_sync_bytes) {
  std::string packets;
  for (int i = 0; i < 6; ++i) packets += "G" + std::string(187, '\x01');
  EXPECT_EQ(sniff(packets), Container::mpeg_ts);
  std::string timed;
  for (int i = 0; i < 6; ++i) timed += std::string("\0\0\0\1", 4) + "G" + std::string(187, '\x01');
  EXPECT_EQ(sniff(timed), Container::mpeg_ts);
  packets[188 * 3] = 'x';
  EXPECT_FALSE(sniff(packets));
}

TEST(SniffMedia, refuses_what_is_not_media_and_says_what_it_is) {
  const auto refusal = [](std::string_view bytes) {
    const auto result = sniff(bytes);
    EXPECT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::unsupported);
    return result.error().message;
  };
  EXPECT_THAT(refusal("\xff\xd8\xff\xe0\0\x10JFIF"sv), testing::HasSubstr("JPEG"));
  EXPECT_THAT(refusal("\x89PNG\r\n\x1a\n"sv), testing::HasSubstr("PNG"));
  EXPECT_THAT(refusal("RIFF\0\0\0\0WEBPVP8 "sv), testing::HasSubstr("WebP"));
  EXPECT_THAT(refusal("\0\0\0\x1c"
                      "ftypavif\0\0\0\0"sv),
              testing::HasSubstr("AVIF"));
  EXPECT_THAT(refusal("PK\3\4\x14\0"sv), testing::HasSubstr("ZIP"));
  EXPECT_THAT(refusal("%PDF-1.7"sv), testing::HasSubstr("PDF"));
  EXPECT_THAT(refusal("Dear all,\nhello"sv), testing::HasSubstr("text"));
  EXPECT_THAT(refusal(std::string(64, '\x02')), testing::HasSubstr("not known"));
}

TEST(SniffMedia, refuses_lists_that_name_other_files) {
  for (const std::string_view list :
       {"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"sv, "\xef\xbb\xbf#EXTM3U\n"sv, "\n\n#extm3u\n"sv,
        "ffconcat version 1.0\nfile /etc/passwd\n"sv, "<?xml version=\"1.0\"?><MPD>"sv,
        "  <MPD xmlns=\"urn:mpeg:dash\">"sv, "v=0\no=- 0 0 IN IP4 127.0.0.1\n"sv,
        "[playlist]\nFile1=http://localhost"sv}) {
    const auto result = sniff(list);
    ASSERT_FALSE(result) << list;
    EXPECT_EQ(result.error().code, ErrorCode::unsupported);
  }
}

TEST(SniffMedia, an_empty_file_is_invalid) {
  EXPECT_EQ(sniff("").error().code, ErrorCode::invalid);
}

TEST(SniffImage, takes_four_kinds) {
  EXPECT_EQ(sniff_image(as_view("\xff\xd8\xff\xe0"sv)), ImageKind::jpeg);
  EXPECT_EQ(sniff_image(as_view("GIF89a"sv)), ImageKind::gif);
  EXPECT_EQ(sniff_image(as_view("RIFF\0\0\0\0WEBP"sv)), ImageKind::webp);
  EXPECT_FALSE(sniff_image(as_view("<svg onload=alert(1)>"sv)));
}

}  // namespace
}  // namespace shoal::media
