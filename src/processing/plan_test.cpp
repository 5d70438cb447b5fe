#include "processing/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "processing/commands.h"

namespace shoal::processing {
namespace {

using std::chrono::seconds;

/// 60 s of 720p30 H.264 and AAC with a keyframe each two seconds: what may be copied.
SourceMedia qualifying() {
  SourceMedia source;
  source.container = "mov,mp4,m4a,3gp,3g2,mj2";
  SourceVideo& video = source.video.emplace();
  video.codec = "h264";
  video.profile = "High";
  video.pixel_format = "yuv420p";
  video.width = 1280;
  video.height = 720;
  video.fps = {30, 1};
  video.bitrate = {2'500'000};
  video.end = seconds(60);
  video.frames = 1800;
  constexpr std::uint64_t k_group_bytes = 625'000;
  video.bytes = 30 * k_group_bytes;
  for (std::uint64_t i = 0; i < 30; ++i) {
    video.keyframes.push_back({seconds(2 * i), i * k_group_bytes});
  }
  video.reorder_delay = Microseconds(66'667);
  SourceAudio& audio = source.audio.emplace();
  audio.stream_index = 1;
  audio.codec = "aac";
  audio.profile = "LC";
  audio.channels = 2;
  audio.sample_rate = 48000;
  audio.bitrate = {128'000};
  audio.first = Microseconds(-21'333);
  audio.end = Microseconds(60'010'000);
  return source;
}

Plan planned(const SourceMedia& source, const PlanConfig& config = {}) {
  SeededRandom random(1);
  auto plan = make_plan(source, config, random);
  EXPECT_TRUE(plan) << plan.error().message;
  return *plan;
}

TEST(Plan, a_qualifying_source_is_copied_on_its_keyframes) {
  const Plan plan = planned(qualifying());
  EXPECT_TRUE(plan.copies_top());
  EXPECT_EQ(plan.audio.mode, StreamMode::copy);
  EXPECT_EQ(plan.audio.first_sample, -1024);
  EXPECT_EQ(plan.boundaries.size(), 15U);
  EXPECT_EQ(plan.target_duration(), seconds(4));
  EXPECT_EQ(plan.renditions.size(), 4U);
  EXPECT_EQ(plan.renditions[0].delay_ticks, 6002U);
  EXPECT_EQ(plan.renditions[1].video, StreamMode::encode);
  EXPECT_EQ(plan.renditions[1].delay_ticks, 6000U);
}

TEST(Plan, what_browsers_do_not_play_as_it_is_is_encoded) {
  const auto breaks = std::to_array<void (*)(SourceMedia&)>({
      [](SourceMedia& s) { s.video->codec = "mpeg4"; },
      [](SourceMedia& s) { s.video->profile = "High 4:2:2"; },
      [](SourceMedia& s) { s.video->pixel_format = "yuv420p10le"; },
      [](SourceMedia& s) { s.video->rotation = 90; },
      [](SourceMedia& s) { s.video->sample_aspect = 4.0 / 3; },
      [](SourceMedia& s) { s.video->interlaced = true; },
      [](SourceMedia& s) { s.video->doubled = true; },
      [](SourceMedia& s) { s.video->bitrate = {50'000'000}; },
      [](SourceMedia& s) { s.video->keyframes.resize(1); },
      [](SourceMedia& s) { s.video->fps = {120, 1}; },
      [](SourceMedia& s) { s.audio->end = seconds(70); },
      [](SourceMedia& s) { s.container = "mpegts"; },
  });
  for (std::size_t i = 0; i < breaks.size(); ++i) {
    SourceMedia source = qualifying();
    breaks[i](source);
    EXPECT_FALSE(planned(source).copies_top()) << i;
  }
  PlanConfig config;
  config.allow_copy = false;
  EXPECT_FALSE(planned(qualifying(), config).copies_top());
}

/// Makes the group of pictures that begins at `index` heavier.
void add_bytes(SourceVideo& video, std::size_t index, std::uint64_t bytes) {
  for (std::size_t i = index + 1; i < video.keyframes.size(); ++i) {
    video.keyframes[i].bytes_before += bytes;
  }
  video.bytes += bytes;
}

TEST(Plan, a_source_with_one_heavy_segment_is_encoded) {
  // 720p30 may peak at four times 3.2 Mbit/s: 6.4 MB in a segment of four seconds.
  for (const std::size_t group : {0U, 14U, 29U}) {
    SourceMedia source = qualifying();
    add_bytes(*source.video, group, 4'000'000);
    const Plan plan = planned(source);
    EXPECT_TRUE(plan.copies_top()) << group;
    EXPECT_EQ(plan.renditions[0].max_bitrate.value, 10'500'000U) << group;
    add_bytes(*source.video, group, 2'000'000);
    EXPECT_FALSE(planned(source).copies_top()) << group;
  }
}

TEST(Plan, a_segment_too_large_to_be_served_is_encoded_whatever_its_rate) {
  SourceMedia source = qualifying();
  SourceVideo& video = *source.video;
  video.width = 3840;
  video.height = 2160;
  video.fps = {60, 1};
  video.bitrate = {50'000'000};
  video.keyframes.clear();
  for (std::uint64_t i = 0; i < 10; ++i) {
    video.keyframes.push_back({seconds(6 * i), i * 37'500'000});
  }
  video.bytes = 375'000'000;
  EXPECT_TRUE(planned(source).copies_top());
  add_bytes(video, 4, 30'000'000);
  EXPECT_FALSE(planned(source).copies_top());
}

TEST(Plan, sound_that_is_not_plain_aac_or_does_not_fit_is_encoded) {
  const auto breaks = std::to_array<void (*)(SourceMedia&)>({
      [](SourceMedia& s) { s.audio->codec = "mp3"; },
      [](SourceMedia& s) { s.audio->profile = "HE-AAC"; },
      [](SourceMedia& s) { s.audio->channels = 6; },
      [](SourceMedia& s) { s.audio->bitrate = {400'000}; },
      [](SourceMedia& s) { s.audio->largest_packet = 25'000'000; },
      [](SourceMedia& s) { s.audio->sample_rate = 22050; },
      [](SourceMedia& s) { s.audio->continuous = false; },
      [](SourceMedia& s) { s.audio->first = seconds(1); },
      [](SourceMedia& s) { s.audio->end = seconds(50); },
  });
  for (std::size_t i = 0; i < breaks.size(); ++i) {
    SourceMedia source = qualifying();
    breaks[i](source);
    const Plan plan = planned(source);
    EXPECT_EQ(plan.audio.mode, StreamMode::encode) << i;
    EXPECT_LE(plan.audio.channels, 2U);
    EXPECT_EQ(plan.audio.first_sample, -1024);
  }
}

TEST(Plan, work_segments_cover_everything_and_start_small) {
  SourceMedia source = qualifying();
  source.video->codec = "mpeg4";
  const Plan plan = planned(source);
  std::size_t next = 0;
  for (const WorkSegment& work : plan.work_segments) {
    EXPECT_EQ(work.first, next);
    next = work.last;
    EXPECT_LE(work.seek, plan.boundaries.start_of(work.first));
  }
  EXPECT_EQ(next, plan.boundaries.size());
  // Two seconds, twice, then four: what is watched first is made first.
  EXPECT_EQ(plan.boundaries.end_of(plan.work_segments[0].last - 1), seconds(2));
  EXPECT_EQ(plan.boundaries.end_of(plan.work_segments[1].last - 1), seconds(4));
  EXPECT_EQ(plan.work_segments[2].seek, seconds(4));
  EXPECT_EQ(plan.work_segments[3].seek, seconds(8));
}

TEST(Plan, later_work_segments_begin_at_keyframes_where_some_are_near) {
  SourceMedia source = qualifying();
  source.video->codec = "vp9";
  source.video->end = seconds(200);
  source.audio.reset();
  source.video->keyframes.clear();
  for (int i = 0; i < 10; ++i) source.video->keyframes.push_back({.time = seconds(20 * i)});
  const Plan plan = planned(source);
  std::vector<media::Microseconds> begins;
  begins.reserve(plan.work_segments.size());
  for (const WorkSegment& work : plan.work_segments)
    begins.push_back(plan.boundaries.start_of(work.first));
  // After the small ones sixteen seconds, or up to eight more.
  EXPECT_THAT(begins,
              testing::ElementsAre(seconds(0), seconds(2), seconds(4), seconds(8), seconds(16),
                                   seconds(40), seconds(60), seconds(80), seconds(100),
                                   seconds(120), seconds(140), seconds(160), seconds(180)));
}

TEST(Plan, sparse_keyframes_make_longer_work_segments) {
  SourceMedia source = qualifying();
  source.video->codec = "vp9";
  source.video->end = seconds(1200);
  source.audio.reset();
  source.video->keyframes.resize(1);
  const Plan plan = planned(source);
  // Each at least doubles what is done: few decodes of the long way from the one keyframe.
  EXPECT_LE(plan.work_segments.size(), 12U);
}

TEST(Plan, clocks_have_whole_ticks_per_frame) {
  for (const media::FrameRate fps :
       {media::FrameRate{30, 1}, {24000, 1001}, {60000, 1001}, {7, 1}}) {
    SourceMedia source = qualifying();
    source.video->codec = "vp9";
    source.video->fps = fps;
    for (const RenditionPlan& rendition : planned(source).renditions) {
      EXPECT_EQ(std::uint64_t{rendition.ticks_per_frame} * rendition.fps.numerator,
                std::uint64_t{rendition.timescale} * rendition.fps.denominator);
      EXPECT_GE(rendition.timescale, 10'000U);
    }
  }
}

TEST(Plan, sound_alone_is_one_rendition) {
  SourceMedia source = qualifying();
  source.video.reset();
  source.audio->first = Microseconds(0);
  const Plan plan = planned(source);
  ASSERT_EQ(plan.renditions.size(), 1U);
  EXPECT_EQ(plan.renditions[0].resolution, 0U);
  EXPECT_EQ(plan.renditions[0].video, StreamMode::none);
  EXPECT_EQ(plan.boundaries.size(), 16U);
}

TEST(Plan, sound_that_goes_on_freezes_the_last_picture) {
  SourceMedia source = qualifying();
  source.audio->end = seconds(70);
  const Plan plan = planned(source);
  EXPECT_TRUE(plan.freeze_last_frame);
  EXPECT_EQ(plan.boundaries.end, seconds(70));
}

TEST(Commands, reading_all_packets_of_a_large_file_may_take_longer) {
  const auto limit = [](std::uint64_t size) {
    return packets_command("/v.mkv", qualifying(), {size}, {}).sandbox;
  };
  EXPECT_EQ(limit(0).wall_limit, seconds(300));
  EXPECT_EQ(limit(3'000'000'000).wall_limit, seconds(300));
  EXPECT_EQ(limit(100'000'000'000).wall_limit, seconds(10'000));
  EXPECT_EQ(limit(100'000'000'000).cpu_limit, seconds(10'000));
}

TEST(Commands, encoders_share_the_cores_but_for_the_first_segment) {
  ProcessLimits limits;
  limits.encoder_threads = 3;
  PlanConfig config;
  config.allow_copy = false;
  const auto threads = [&](const Plan& plan, std::size_t work) -> std::string {
    const auto arguments = encode_command(plan, work, "/v.mp4", "/w", limits).arguments;
    const auto option = std::ranges::find(arguments, "-threads");
    return option == arguments.end() ? "" : *(option + 1);
  };
  EXPECT_EQ(threads(planned(qualifying(), config), 0), "");
  EXPECT_EQ(threads(planned(qualifying(), config), 1), "3");
  config.threads = 2;
  EXPECT_EQ(threads(planned(qualifying(), config), 0), "2");
  EXPECT_EQ(threads(planned(qualifying(), config), 1), "2");
}

TEST(Plan, too_long_and_empty_are_refused) {
  SourceMedia source = qualifying();
  source.video->end = seconds(25 * 3600);
  SeededRandom random(1);
  EXPECT_EQ(make_plan(source, {}, random).error().code, ErrorCode::too_large);
  source.audio.reset();
  source.video->end = Microseconds(0);
  EXPECT_EQ(make_plan(source, {}, random).error().code, ErrorCode::invalid);
}

TEST(Plan, what_only_scales_the_picture_may_be_done_by_others) {
  PlanConfig config;
  config.offer_whole = true;
  EXPECT_TRUE(planned(qualifying(), config).offers_whole);
  EXPECT_FALSE(planned(qualifying()).offers_whole);
  const auto breaks = std::to_array<void (*)(SourceMedia&)>({
      [](SourceMedia& s) { s.video->sample_aspect = 4.0 / 3; },
      [](SourceMedia& s) { s.video->interlaced = true; },
      [](SourceMedia& s) { s.video->doubled = true; },
      [](SourceMedia& s) { s.video->hdr = true; },
      [](SourceMedia& s) { s.audio->first = Microseconds(-200'000); },
      [](SourceMedia& s) { s.audio->end = seconds(90); },
      [](SourceMedia& s) { s.video.reset(); },
  });
  for (const auto& spoil : breaks) {
    SourceMedia source = qualifying();
    spoil(source);
    EXPECT_FALSE(planned(source, config).offers_whole);
  }
}

TEST(Plan, a_plan_of_an_earlier_release_offers_nothing_whole) {
  PlanConfig config;
  config.offer_whole = true;
  std::string text = write_plan(planned(qualifying(), config));
  EXPECT_TRUE(parse_plan(text)->offers_whole);
  const std::string_view said = R"("offers_whole":true,)";
  text.erase(text.find(said), said.size());
  EXPECT_FALSE(parse_plan(text)->offers_whole);
}

TEST(Plan, the_stored_form_reads_back) {
  const Plan plan = planned(qualifying());
  const std::string text = write_plan(plan);
  const auto read = parse_plan(text);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(write_plan(*read), text);
  EXPECT_EQ(read->boundaries, plan.boundaries);
  for (std::size_t size = 0; size < text.size(); size += 7) {
    EXPECT_FALSE(parse_plan(std::string_view(text).substr(0, size)));
  }
}

}  // namespace
}  // namespace shoal::processing
