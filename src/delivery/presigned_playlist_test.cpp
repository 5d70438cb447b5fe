#include "delivery/presigned_playlist.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace shoal::delivery {
namespace {

std::string playlist(std::string_view type, std::string_view name, bool ended = true) {
  return fmt::format(
      "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:4\n#EXT-X-PLAYLIST-TYPE:{0}\n"
      "#EXT-X-MAP:URI=\"{1}\",BYTERANGE=\"1372@0\"\n#EXTINF:4.000,\n#EXT-X-BYTERANGE:100@1372\n{1}"
      "\n"
      "#EXTINF:2.500,\n#EXT-X-BYTERANGE:100@1472\n{1}\n{2}",
      type, name, ended ? "#EXT-X-ENDLIST\n" : "");
}

TEST(PlaylistFiles, are_named_once_and_play_for_a_while) {
  const auto files = playlist_files(playlist("VOD", "v-720-fragmented.mp4"));
  ASSERT_TRUE(files);
  EXPECT_THAT(files->names, testing::ElementsAre("v-720-fragmented.mp4"));
  EXPECT_EQ(files->duration, Seconds{7});
}

TEST(PlaylistFiles, of_masters_and_of_growing_playlists_stay_as_they_are) {
  EXPECT_FALSE(playlist_files("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nv-720.m3u8\n"));
  EXPECT_FALSE(playlist_files(playlist("EVENT", "a.mp4")));
  EXPECT_FALSE(playlist_files(playlist("VOD", "a.mp4", false)));
  EXPECT_FALSE(playlist_files("what is this?"));
  EXPECT_FALSE(playlist_files(playlist("VOD", "a.mp4") + std::string(std::size_t{2} << 20, '#')));
}

TEST(PlaylistFiles, are_names_and_never_addresses) {
  for (const auto* uri : {"https://elsewhere.example/a.mp4", "../other/a.mp4", "a.mp4?x=1"}) {
    const auto files = playlist_files(playlist("VOD", uri));
    ASSERT_TRUE(files) << uri;
    EXPECT_TRUE(files->names.empty()) << uri;
  }
}

TEST(PlaylistFiles, are_a_few) {
  std::string text = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-PLAYLIST-TYPE:VOD\n";
  for (int i = 0; i < 17; ++i) text += fmt::format("#EXTINF:4.0,\n{}.mp4\n", i);
  EXPECT_FALSE(playlist_files(text + "#EXT-X-ENDLIST\n"));
}

TEST(SignPlaylist, replaces_names_and_gives_the_token_to_the_others) {
  const std::string text =
      "#EXT-X-MAP:URI=\"a.mp4\",BYTERANGE=\"1372@0\"\n#EXTINF:4.0,\na.mp4\n#EXTINF:4.0,\nb.mp4\n";
  const SignedUrls urls{{"a.mp4", "https://s3.example/a.mp4?X-Amz-Signature=1"}};
  EXPECT_EQ(sign_playlist(text, urls, "T"),
            "#EXT-X-MAP:URI=\"https://s3.example/a.mp4?X-Amz-Signature=1\",BYTERANGE=\"1372@0\"\n"
            "#EXTINF:4.0,\nhttps://s3.example/a.mp4?X-Amz-Signature=1\n#EXTINF:4.0,\n"
            "b.mp4?videoFileToken=T\n");
  EXPECT_THAT(sign_playlist(text, urls, ""), testing::HasSubstr("#EXTINF:4.0,\nb.mp4\n"));
}

}  // namespace
}  // namespace shoal::delivery
