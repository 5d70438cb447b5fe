#include "media/fmp4/init_segment.h"

#include <gtest/gtest.h>

namespace shoal::media::fmp4 {
namespace {

Bytes entry(std::string_view type) {
  ByteWriter out;
  write_box(out, type, [&] { out.zeros(30); });
  return out.take();
}

InitSegment two_tracks() {
  InitSegment init;
  Track video;
  video.id = 1;
  video.kind = TrackKind::video;
  video.timescale = 90000;
  video.width = 1280;
  video.height = 720;
  video.sample_entry = entry("avc1");
  video.edit_media_time = 6000;
  Track audio;
  audio.id = 2;
  audio.kind = TrackKind::audio;
  audio.timescale = 48000;
  audio.sample_entry = entry("mp4a");
  audio.edit_media_time = 1024;
  audio.default_duration = 1024;
  init.tracks = {video, audio};
  init.duration_ms = 60'000;
  return init;
}

TEST(InitSegment, what_is_written_is_read_back) {
  const auto init = parse_init_segment(write_init_segment(two_tracks()));
  ASSERT_TRUE(init) << init.error().message;
  ASSERT_EQ(init->tracks.size(), 2U);
  const Track& video = init->tracks[0];
  EXPECT_EQ(video.kind, TrackKind::video);
  EXPECT_EQ(video.timescale, 90000U);
  EXPECT_EQ(video.width, 1280U);
  EXPECT_EQ(video.edit_media_time, 6000);
  EXPECT_EQ(video.sample_entry, entry("avc1"));
  EXPECT_EQ(init->find(TrackKind::audio)->id, 2U);
  EXPECT_EQ(init->find(TrackKind::audio)->default_duration, 1024U);
}

TEST(InitSegment, same_content_same_bytes) {
  EXPECT_EQ(write_init_segment(two_tracks()), write_init_segment(two_tracks()));
}

TEST(InitSegment, every_cut_is_an_error) {
  const Bytes whole = write_init_segment(two_tracks());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto result = parse_init_segment(ByteView(whole).first(size));
    ASSERT_FALSE(result) << size;
    EXPECT_EQ(result.error().code, ErrorCode::corrupt);
  }
}

TEST(BoxHeader, sizes_below_the_header_are_corrupt) {
  ByteWriter out;
  out.u32(7);
  out.text("free");
  EXPECT_FALSE(parse_box_header(out.take()));
  ByteWriter wide;
  wide.u32(1);
  wide.text("mdat");
  wide.u64(15);
  EXPECT_FALSE(parse_box_header(wide.take()));
}

TEST(BoxWalker, stops_at_a_box_that_is_larger_than_its_parent) {
  ByteWriter out;
  out.u32(100);
  out.text("moov");
  const Bytes bytes = out.take();
  BoxWalker walker(bytes);
  Box box;
  EXPECT_FALSE(walker.next(box));
  EXPECT_FALSE(walker.ok());
}

}  // namespace
}  // namespace shoal::media::fmp4
