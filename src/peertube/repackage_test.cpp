// Videos whose files are not those of a streaming playlist, taken over without encoding them.
#include "peertube/repackage.h"

#include <cstdio>

#include "tests/support/import_fixture.h"

namespace shoal::peertube {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

class RepackageTest : public ImportTest {
 protected:
  static std::string output_of(const std::string& command) {
    std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
    SHOAL_CHECK(pipe != nullptr);
    std::string text;
    std::array<char, 4096> buffer{};
    for (std::size_t got = 0; (got = std::fread(buffer.data(), 1, buffer.size(), pipe.get())) > 0;)
      text.append(buffer.data(), got);
    return text;
  }
  /// A hash of the packets of each stream, as they are stored.
  static std::string packets_of(const fs::path& file, const std::string& more = "") {
    return output_of(fmt::format("ffmpeg -v error -i {} {} -c copy -f streamhash -hash md5 -",
                                 file.string(), more));
  }
  fs::path saved(const std::string& name) {
    const fs::path path = folder.path() / name;
    std::ofstream(path, std::ios::binary) << stored(name);
    return path;
  }
  boost::json::array& web_files() { return old.video(k_public).at("files").as_array(); }
  boost::json::object& hls_file(std::size_t i) {
    return old.video(k_public)
        .at("streamingPlaylists")
        .as_array()[0]
        .as_object()
        .at("files")
        .as_array()[i]
        .as_object();
  }
  std::string name_of(const boost::json::object& file) {
    const std::string url(file.at("fileUrl").as_string());
    return url.substr(url.rfind('/') + 1);
  }
  fs::path web_path(std::size_t i) {
    return old.storage() / "web-videos" / name_of(web_files()[i].as_object());
  }
  static void make(const std::string& arguments, const fs::path& to, boost::json::object& file) {
    SHOAL_CHECK(
        std::system(fmt::format("ffmpeg -v error -y {} {}", arguments, to.string()).c_str()) == 0);
    file["size"] = fs::file_size(to);
  }
  void forget_streaming_playlist() {
    old.video(k_public)["streamingPlaylists"] = boost::json::array();
  }
  /// Every byte that the playlists name is there, with the hash that is told of it.
  void expect_playable(const catalog::Video& video) {
    const auto digests =
        media::parse_segments_sha256(stored(video.playlist->segments_sha256_name.value()));
    ASSERT_TRUE(digests);
    for (const catalog::VideoFile& file : video.playlist->files) {
      const std::string bytes = stored(file.file_name);
      const auto playlist = media::m3u8::parse_media_playlist(stored(file.playlist_name));
      ASSERT_TRUE(playlist && media::m3u8::check(*playlist));
      const auto known =
          std::ranges::find(*digests, file.file_name, &media::FileDigests::file_name);
      ASSERT_NE(known, digests->end());
      ASSERT_EQ(known->segments.size(), playlist->segments.size());
      for (std::size_t i = 0; i < playlist->segments.size(); ++i) {
        const auto range = playlist->segments[i].range.value();
        EXPECT_EQ(known->segments[i].sha256,
                  Sha256::of(std::string_view(bytes).substr(range.offset, range.length)));
      }
    }
  }
};

SHOAL_ON_BOTH_ENGINES(RepackageTest);

TEST_P(RepackageTest, whole_files_become_renditions_without_being_encoded) {
  forget_streaming_playlist();
  const auto summary = import({.channel = "films", .limit = {}, .is_dry_run = false});
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->taken, 1U) << report_of(k_public).reason;
  const auto video = find(k_public);
  ASSERT_TRUE(video && video->playlist && video->playlist->is_finished);
  EXPECT_EQ(video->summary.state, catalog::VideoState::published);
  EXPECT_EQ(number("select count(*) from job where kind = 'video-prepare'"), 0);
  EXPECT_EQ(number("select count(*) from media_file where kind = 1"), 0);
  ASSERT_EQ(video->playlist->files.size(), web_files().size());
  for (std::size_t i = 0; i < web_files().size(); ++i) {
    const catalog::VideoFile& file = video->playlist->files[i];
    EXPECT_EQ(file.file_name,
              fs::path(name_of(web_files()[i].as_object())).stem().string() + "-fragmented.mp4");
    const std::string before = packets_of(web_path(i));
    EXPECT_THAT(before, HasSubstr("1,a,MD5="));
    EXPECT_EQ(packets_of(saved(file.file_name)), before);
  }
  EXPECT_NEAR(static_cast<double>(video->summary.duration.count()), 12'000, 50);
  expect_playable(*video);
  EXPECT_TRUE(fs::is_empty(scratch() / "repackaged"));
}

TEST_P(RepackageTest, done_again_after_an_end_it_finds_what_it_made) {
  forget_streaming_playlist();
  give_channel_away();
  const ImportOptions options{.channel = "films", .limit = {}, .is_dry_run = false};
  ASSERT_TRUE(import(options));
  EXPECT_THAT(report_of(k_public).reason, HasSubstr("belongs to mallory"));
  free_channel();
  ASSERT_TRUE(import(options));
  EXPECT_EQ(report_of(k_public).outcome, Outcome::taken) << report_of(k_public).reason;
  EXPECT_EQ(number("select count(*) from placement where object_key like '%.2'"), 0);
  expect_playable(*find(k_public));
}

TEST_P(RepackageTest, a_sound_that_is_apart_is_put_to_each_picture) {
  const fs::path top = old.hls_folder(k_public) / old.hls_names(k_public)[0];
  const fs::path whole = folder.path() / "whole.mp4";
  fs::copy_file(top, whole);
  make(fmt::format("-i {} -an -c copy -movflags +frag_keyframe+empty_moov", whole.string()), top,
       hls_file(0));
  hls_file(0)["hasAudio"] = false;
  const auto summary = import({.channel = "films", .limit = {}, .is_dry_run = false});
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->taken, 1U) << report_of(k_public).reason;
  const auto video = find(k_public);
  ASSERT_TRUE(video && video->playlist);
  ASSERT_THAT(video->playlist->files, SizeIs(2));
  const fs::path joined = saved(video->playlist->files[0].file_name);
  EXPECT_EQ(packets_of(joined, "-map 0:v"), packets_of(whole, "-map 0:v"));
  const fs::path low = old.hls_folder(k_public) / old.hls_names(k_public)[1];
  EXPECT_EQ(packets_of(joined, "-map 0:a"), packets_of(low, "-map 0:a"));
  expect_playable(*video);
}

TEST_P(RepackageTest, what_no_such_file_can_hold_is_processed_here) {
  forget_streaming_playlist();
  const fs::path path = web_path(0);
  make("-f lavfi -i testsrc2=s=320x240:d=2 -c:v libvpx -f webm", path, web_files()[0].as_object());
  const auto summary = import({.channel = "films", .limit = {}, .is_dry_run = false});
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->queued, 1U) << report_of(k_public).reason;
  EXPECT_EQ(find(k_public)->summary.state, catalog::VideoState::to_transcode);
  EXPECT_EQ(number("select count(*) from media_file where kind = 1"), 1);
  EXPECT_EQ(number("select count(*) from job where kind = 'video-prepare'"), 1);
}

TEST_P(RepackageTest, what_is_no_media_refuses_its_video) {
  forget_streaming_playlist();
  std::ofstream(web_path(0), std::ios::binary) << "a page of text";
  web_files()[0].as_object()["size"] = fs::file_size(web_path(0));
  ASSERT_TRUE(import({.channel = "films", .limit = {}, .is_dry_run = false}));
  EXPECT_EQ(report_of(k_public).outcome, Outcome::refused);
  EXPECT_FALSE(find(k_public));
}

TEST_P(RepackageTest, a_dry_run_counts_what_would_be_read) {
  forget_streaming_playlist();
  const auto summary = import({.channel = "films", .limit = {}, .is_dry_run = true});
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->taken, 1U);
  std::uint64_t size = 0;
  for (const auto& file : web_files()) size += file.at("size").to_number<std::uint64_t>();
  EXPECT_EQ(summary->bytes.at(static_cast<std::size_t>(SourceKind::download)), size);
  expect_nothing_here();
}

}  // namespace
}  // namespace shoal::peertube
