#include "media/fmp4/fragment.h"

#include <gtest/gtest.h>

namespace shoal::media::fmp4 {
namespace {

std::vector<Track> tracks() {
  Track video;
  video.id = 1;
  video.kind = TrackKind::video;
  video.timescale = 90000;
  Track audio;
  audio.id = 2;
  audio.kind = TrackKind::audio;
  audio.timescale = 48000;
  return {video, audio};
}

Fragment two_runs() {
  Fragment fragment;
  fragment.sequence = 7;
  fragment.runs = {
      {1,
       {{0, 100, 90000, 6000, 3000, true},
        {0, 50, 93000, 9000, 3000, false},
        {0, 20, 96000, 0, 3000, false}}},
      {2, {{0, 10, 48000, 0, 1024, true}, {0, 11, 49024, 0, 1024, true}}},
  };
  return fragment;
}

TEST(Fragment, what_is_written_is_read_back_with_offsets_into_mdat) {
  const Bytes head = write_fragment_head(two_runs()).value();
  constexpr std::uint64_t k_at = 5000;
  const auto fragment = parse_fragment(head, k_at, tracks());
  ASSERT_TRUE(fragment) << fragment.error().message;
  EXPECT_EQ(fragment->sequence, 7U);
  ASSERT_EQ(fragment->runs.size(), 2U);
  const Fragment original = two_runs();
  std::uint64_t offset = k_at + head.size();
  for (std::size_t r = 0; r < 2; ++r) {
    const auto& expected = original.runs[r].samples;
    const auto& samples = fragment->runs[r].samples;
    ASSERT_EQ(samples.size(), expected.size());
    for (std::size_t i = 0; i < samples.size(); ++i) {
      EXPECT_EQ(samples[i].offset, offset);
      EXPECT_EQ(samples[i].size, expected[i].size);
      EXPECT_EQ(samples[i].decode_time, expected[i].decode_time);
      EXPECT_EQ(samples[i].composition_offset, expected[i].composition_offset);
      EXPECT_EQ(samples[i].sync, expected[i].sync);
      offset += samples[i].size;
    }
  }
}

TEST(Fragment, uneven_durations_survive) {
  Fragment fragment = two_runs();
  fragment.runs[0].samples[2].duration = 12000;
  const auto read = parse_fragment(write_fragment_head(fragment).value(), 0, tracks());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->runs[0].samples[2].duration, 12000U);
  EXPECT_EQ(read->runs[0].samples[1].duration, 3000U);
}

TEST(Fragment, tracks_nobody_asked_for_are_left_out) {
  const auto read = parse_fragment(write_fragment_head(two_runs()).value(), 0, {tracks()[1]});
  ASSERT_TRUE(read);
  ASSERT_EQ(read->runs.size(), 1U);
  EXPECT_EQ(read->runs[0].track_id, 2U);
}

TEST(Fragment, every_cut_is_an_error) {
  const Bytes head = write_fragment_head(two_runs()).value();
  for (std::size_t size = 0; size < head.size() - 8; ++size) {
    EXPECT_FALSE(parse_fragment(ByteView(head).first(size), 0, tracks())) << size;
  }
}

TEST(Fragment, two_gigabytes_are_refused) {
  Fragment fragment = two_runs();
  for (Sample& sample : fragment.runs[0].samples) sample.size = 700'000'000;
  EXPECT_TRUE(write_fragment_head(fragment).has_value());
  fragment.runs[1].samples[0].size = 50'000'000;
  const auto refused = write_fragment_head(fragment);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::too_large);
}

TEST(Fragment, a_sample_count_without_samples_is_refused_before_memory_is_spent) {
  ByteWriter out;
  write_box(out, "moof", [&] {
    write_box(out, "traf", [&] {
      write_full_box(out, "tfhd", 0, 0, [&] { out.u32(1); });
      write_full_box(out, "trun", 0, 0, [&] { out.u32(0xffffffff); });
    });
  });
  EXPECT_FALSE(parse_fragment(out.take(), 0, tracks()));
}

TEST(SegmentIndex, what_is_written_is_read_back) {
  SegmentIndex index;
  index.timescale = 90000;
  index.references = {{1000, 360000, true}, {2000, 180000, false}};
  const Bytes bytes = write_segment_index(index);
  const auto read = parse_segment_index(bytes);
  ASSERT_TRUE(read);
  ASSERT_EQ(read->references.size(), 2U);
  EXPECT_EQ(read->references[0].size, 1000U);
  EXPECT_FALSE(read->references[1].starts_with_sync);
  EXPECT_FALSE(parse_segment_index(ByteView(bytes).first(bytes.size() - 1)));
}

}  // namespace
}  // namespace shoal::media::fmp4
