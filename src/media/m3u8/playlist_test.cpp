#include "media/m3u8/playlist.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace shoal::media::m3u8 {
namespace {

using std::chrono::seconds;

// As PeerTube 6.3 serves them.
constexpr std::string_view k_peertube_media =
    "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:0\n"
    "#EXT-X-PLAYLIST-TYPE:VOD\n"
    "#EXT-X-MAP:URI=\"5372a1eb-6c0f-4912-9df9-44b727e99bda-240-fragmented.mp4\","
    "BYTERANGE=\"1372@0\"\n"
    "#EXTINF:4.000000,\n#EXT-X-BYTERANGE:119587@1372\n"
    "5372a1eb-6c0f-4912-9df9-44b727e99bda-240-fragmented.mp4\n"
    "#EXTINF:4.000000,\n#EXT-X-BYTERANGE:128149@120959\n"
    "5372a1eb-6c0f-4912-9df9-44b727e99bda-240-fragmented.mp4\n"
    "#EXT-X-ENDLIST\n";
constexpr std::string_view k_peertube_master =
    "#EXTM3U\n#EXT-X-VERSION:3\n\n\n"
    "#EXT-X-STREAM-INF:BANDWIDTH=245291,RESOLUTION=320x240,FRAME-RATE=25,"
    "CODECS=\"avc1.64000d,mp4a.40.2\"\n5372a1eb-6c0f-4912-9df9-44b727e99bda-240.m3u8\n"
    "#EXT-X-STREAM-INF:BANDWIDTH=596916,RESOLUTION=640x480,FRAME-RATE=25,"
    "CODECS=\"avc1.64001e,mp4a.40.2\"\nb62ace76-30d0-40fe-b17d-b164469a768a-480.m3u8\n";

MediaPlaylist growing() {
  MediaPlaylist playlist;
  playlist.type = PlaylistType::event;
  playlist.target_duration = seconds(4);
  playlist.independent_segments = true;
  playlist.start = StartPoint{0, true};
  playlist.map = Map{"init.mp4", std::nullopt};
  playlist.segments.push_back({"w0.m4s", seconds(4), ByteRange{0, 100}});
  playlist.segments.push_back({"w0.m4s", Microseconds(4'004'000), ByteRange{100, 7}});
  return playlist;
}

TEST(MediaPlaylist, reads_and_writes_what_peertube_serves) {
  const auto playlist = parse_media_playlist(k_peertube_media);
  ASSERT_TRUE(playlist);
  EXPECT_EQ(playlist->segments.size(), 2U);
  EXPECT_EQ(playlist->map->range, (ByteRange{0, 1372}));
  EXPECT_EQ(playlist->segments[1].range, (ByteRange{120959, 128149}));
  EXPECT_TRUE(check(*playlist));
  EXPECT_EQ(write(*playlist), k_peertube_media);
}

TEST(MediaPlaylist, growing_starts_at_zero_and_has_no_end) {
  const std::string text = write(growing());
  EXPECT_THAT(text, testing::HasSubstr("#EXT-X-PLAYLIST-TYPE:EVENT\n"));
  EXPECT_THAT(text, testing::HasSubstr("#EXT-X-START:TIME-OFFSET=0,PRECISE=YES\n"));
  EXPECT_THAT(text, testing::Not(testing::HasSubstr("ENDLIST")));
  EXPECT_EQ(parse_media_playlist(text), growing());
}

TEST(MediaPlaylist, a_start_reads_back_and_is_a_time) {
  const auto starting_at = [](std::string_view offset) {
    return parse_media_playlist(
        fmt::format("#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-START:TIME-OFFSET={}\n"
                    "#EXTINF:4,\na.mp4\n",
                    offset));
  };
  const auto back = starting_at("-0.0625");
  ASSERT_TRUE(back);
  EXPECT_THAT(write(*back), testing::HasSubstr("#EXT-X-START:TIME-OFFSET=-0.062\n"));
  EXPECT_TRUE(parse_media_playlist(write(*starting_at("0.0000001"))));
  EXPECT_FALSE(starting_at("8" + std::string(80, '8')));
}

TEST(MediaPlaylist, grows_by_appending_only) {
  auto playlist = growing();
  const std::string before = write(playlist);
  playlist.segments.push_back({"w1.m4s", seconds(2), std::nullopt});
  EXPECT_TRUE(write(playlist).starts_with(before));
  playlist.ended = true;
  EXPECT_TRUE(write(playlist).ends_with("w1.m4s\n#EXT-X-ENDLIST\n"));
}

TEST(MediaPlaylist, target_duration_covers_every_segment) {
  auto playlist = growing();
  EXPECT_TRUE(check(playlist));
  playlist.segments.push_back({"w1.m4s", Microseconds(4'499'999), std::nullopt});
  EXPECT_TRUE(check(playlist));
  playlist.segments.push_back({"w1.m4s", Microseconds(4'500'000), std::nullopt});
  EXPECT_FALSE(check(playlist));
}

TEST(MediaPlaylist, a_uri_cannot_smuggle_a_line) {
  auto playlist = growing();
  playlist.segments[0].uri = "a\n#EXT-X-ENDLIST";
  EXPECT_FALSE(check(playlist));
}

TEST(MediaPlaylist, a_range_without_offset_follows_the_last_one) {
  const auto playlist = parse_media_playlist(
      "#EXTM3U\r\n#EXT-X-TARGETDURATION:4\r\n#EXTINF:4,title\r\n#EXT-X-BYTERANGE:10@5\r\na\r\n"
      "#EXTINF:4,\r\n#EXT-X-BYTERANGE:20\r\na\r\n");
  ASSERT_TRUE(playlist);
  EXPECT_EQ(playlist->segments[1].range, (ByteRange{15, 20}));
  EXPECT_EQ(playlist->type, PlaylistType::live);
}

TEST(MediaPlaylist, nonsense_is_corrupt_with_its_line) {
  const auto result =
      parse_media_playlist("#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:abc,\nsegment\n");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::corrupt);
  EXPECT_THAT(result.error().message, testing::HasSubstr("line 3"));
  for (const std::string_view text :
       {"", "#EXTM3U", "hello", "#EXTM3U\n#EXT-X-TARGETDURATION:0\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:4\nuri\n", "#EXTM3U\n#EXT-X-TARGETDURATION:99999999\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-BYTERANGE:1@\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:inf,\na\n"}) {
    EXPECT_FALSE(parse_media_playlist(text)) << text;
  }
}

TEST(MediaPlaylist, length_is_bounded) {
  ParseLimits limits;
  limits.entries = 1;
  const auto result = parse_media_playlist(write(growing()), limits);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::too_large);
  limits.bytes = 10;
  EXPECT_FALSE(parse_media_playlist(write(growing()), limits));
}

TEST(MasterPlaylist, reads_what_peertube_serves) {
  const auto master = parse_master_playlist(k_peertube_master);
  ASSERT_TRUE(master);
  ASSERT_EQ(master->variants.size(), 2U);
  EXPECT_EQ(master->variants[0].resolution, (Resolution{320, 240}));
  EXPECT_EQ(master->variants[1].codecs, "avc1.64001e,mp4a.40.2");
  EXPECT_EQ(master->variants[1].bandwidth.value, 596916U);
  EXPECT_EQ(parse_master_playlist(write(*master)), *master);
}

TEST(MasterPlaylist, writes_rates_and_sound_only_variants) {
  MasterPlaylist master;
  master.variants.push_back(
      {"0.m3u8", {130000}, BitsPerSecond{128000}, std::nullopt, 0, "mp4a.40.2"});
  master.variants.push_back({"720.m3u8",
                             {3000000},
                             std::nullopt,
                             Resolution{1280, 720},
                             30000.0 / 1001,
                             "avc1.64001f,mp4a.40.2"});
  const std::string text = write(master);
  EXPECT_THAT(text, testing::HasSubstr(
                        "BANDWIDTH=130000,AVERAGE-BANDWIDTH=128000,CODECS=\"mp4a.40.2\"\n0.m3u8"));
  EXPECT_THAT(text, testing::HasSubstr("RESOLUTION=1280x720,FRAME-RATE=29.97,"));
}

TEST(MasterPlaylist, without_variants_is_corrupt) {
  EXPECT_FALSE(parse_master_playlist("#EXTM3U\n"));
  EXPECT_FALSE(parse_master_playlist("#EXTM3U\nuri\n"));
  EXPECT_FALSE(parse_master_playlist("#EXTM3U\n#EXT-X-STREAM-INF:RESOLUTION=1x1\nuri\n"));
}

}  // namespace
}  // namespace shoal::media::m3u8
