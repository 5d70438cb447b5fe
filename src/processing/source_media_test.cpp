#include "processing/source_media.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

namespace shoal::processing {
namespace {

SourceMedia with_video(media::FrameRate fps) {
  SourceMedia source;
  source.video.emplace();
  source.video->width = 640;
  source.video->height = 360;
  source.video->fps = fps;
  return source;
}

SourceMedia with_audio(SourceMedia source, int stream) {
  source.audio.emplace();
  source.audio->stream_index = stream;
  source.audio->sample_rate = 48000;
  return source;
}

std::string packet(int stream, double pts, double duration, bool key, int size = 100) {
  return fmt::format("{}|{:.6f}|{:.6f}|{:.6f}|{}|{}", stream, pts, pts, duration, size,
                     key ? "K_" : "__");
}

TEST(ParseProbe, reads_streams_as_ffprobe_prints_them) {
  const auto source = parse_probe(R"({"streams":[
    {"index":0,"codec_type":"audio","codec_name":"aac","profile":"LC","channels":2,
     "sample_rate":"48000","bit_rate":"129431"},
    {"index":1,"codec_type":"video","codec_name":"mjpeg","width":100,"height":100,
     "disposition":{"attached_pic":1}},
    {"index":2,"codec_type":"video","codec_name":"hevc","profile":"Main 10","width":1920,
     "height":1080,"pix_fmt":"yuv420p10le","sample_aspect_ratio":"4:3","color_transfer":"smpte2084",
     "field_order":"tt","r_frame_rate":"30000/1001","avg_frame_rate":"30/1",
     "side_data_list":[{"rotation":-90}]}],
    "format":{"format_name":"mov,mp4,m4a,3gp,3g2,mj2"}})");
  ASSERT_TRUE(source) << source.error().message;
  ASSERT_TRUE(source->video);
  EXPECT_EQ(source->video->stream_index, 2);
  EXPECT_EQ(source->video->bit_depth, 10);
  EXPECT_EQ(source->video->rotation, 270);
  EXPECT_EQ(source->video->display_width(), 1080U);
  EXPECT_EQ(source->video->display_height(), 2560U);
  EXPECT_TRUE(source->video->hdr);
  EXPECT_TRUE(source->video->interlaced);
  EXPECT_EQ(source->video->fps, (media::FrameRate{30000, 1001}));
  EXPECT_EQ(source->audio->sample_rate, 48000U);
}

TEST(ParseProbe, without_streams_the_owner_reads_why) {
  const auto nothing = parse_probe(R"({"streams":[],"format":{"format_name":"mov"}})");
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().code, ErrorCode::invalid);
  EXPECT_FALSE(parse_probe("{}"));
  EXPECT_FALSE(parse_probe("nonsense"));
  EXPECT_FALSE(parse_probe(
      R"({"streams":[{"codec_type":"video","codec_name":"h264","width":70000,"height":2}]})"));
}

TEST(PacketScan, finds_frames_keyframes_and_reordering) {
  SourceMedia source = with_audio(with_video({25, 1}), 1);
  PacketScan scan(source);
  // I P B B I P in decode order, 25 frames a second, starting at 1 s.
  for (const auto& [pts, key] : std::vector<std::pair<double, bool>>{{1.00, true},
                                                                     {1.12, false},
                                                                     {1.04, false},
                                                                     {1.08, false},
                                                                     {1.16, true},
                                                                     {1.20, false}}) {
    scan.add_line(packet(0, pts, 0.04, key));
    scan.add_line("");
  }
  scan.add_line(packet(1, 0.98, 0.02, true));
  scan.add_line(packet(1, 1.00, 0.02, true));
  scan.apply(source);
  EXPECT_EQ(source.video->first, Microseconds(1'000'000));
  EXPECT_EQ(source.video->end, Microseconds(1'240'000));
  EXPECT_EQ(source.video->keyframes,
            (std::vector<Keyframe>{{Microseconds(0), 0}, {Microseconds(160'000), 400}}));
  EXPECT_EQ(source.video->bytes, 600U);
  EXPECT_EQ(source.video->bitrate.value, 600U * 8 * 1000 / 240);
  EXPECT_EQ(source.video->reorder_delay, Microseconds(40'000));
  EXPECT_FALSE(source.video->variable);
  EXPECT_EQ(source.audio->first, Microseconds(980'000));
  EXPECT_TRUE(source.audio->continuous);
  EXPECT_EQ(source.duration(), Microseconds(240'000));
}

TEST(PacketScan, a_keyframe_with_leading_pictures_is_no_place_to_cut) {
  SourceMedia source = with_video({25, 1});
  PacketScan scan(source);
  for (const auto& [pts, key] : std::vector<std::pair<double, bool>>{
           {0.0, true}, {0.12, true}, {0.04, false}, {0.08, false}, {0.16, true}}) {
    scan.add_line(packet(0, pts, 0.04, key));
  }
  scan.apply(source);
  EXPECT_EQ(source.video->keyframes,
            (std::vector<Keyframe>{{Microseconds(0), 0}, {Microseconds(160'000), 400}}));
}

TEST(PacketScan, frames_shown_at_one_time_are_noticed) {
  for (const bool doubled : {false, true}) {
    SourceMedia source = with_video({25, 1});
    PacketScan scan(source);
    for (int i = 0; i < 100; ++i) {
      scan.add_line(packet(0, (doubled && i == 70 ? 69 : i) * 0.04, 0.04, i == 0));
    }
    scan.apply(source);
    EXPECT_EQ(source.video->doubled, doubled);
    EXPECT_FALSE(source.video->variable);
  }
}

TEST(PacketScan, uneven_frames_get_a_standard_rate) {
  SourceMedia source = with_video({90000, 1});
  PacketScan scan(source);
  double time = 0;
  for (int i = 0; i < 100; ++i) {
    scan.add_line(packet(0, time, 0, i == 0));
    time += i % 3 == 0 ? 0.1 : 0.02;
  }
  scan.apply(source);
  EXPECT_TRUE(source.video->variable);
  EXPECT_EQ(source.video->fps, (media::FrameRate{24, 1}));
}

TEST(PacketScan, slow_pictures_get_ten_frames_a_second_and_their_last_its_time) {
  SourceMedia source = with_video({1, 60});
  PacketScan scan(source);
  for (const int time : {0, 120, 60}) scan.add_line(packet(0, time, 60, time == 0));
  scan.apply(source);
  EXPECT_EQ(source.video->fps, (media::FrameRate{10, 1}));
  EXPECT_EQ(source.video->end, std::chrono::seconds(180));

  SourceMedia still = with_video({1, 60});
  PacketScan one(still);
  one.add_line(packet(0, 0, 60, true));
  one.apply(still);
  EXPECT_EQ(still.video->fps, (media::FrameRate{10, 1}));
  EXPECT_EQ(still.video->end, std::chrono::seconds(60));
}

TEST(PacketScan, streams_without_packets_are_dropped) {
  SourceMedia source = with_audio(with_video({25, 1}), 1);
  PacketScan scan(source);
  scan.add_line("0|N/A|N/A|N/A|10|K_");
  scan.add_line("garbage");
  scan.apply(source);
  EXPECT_FALSE(source.video);
  EXPECT_FALSE(source.audio);
}

TEST(PacketScan, keyframes_that_go_back_in_time_are_no_places_to_cut) {
  SourceMedia source = with_video({25, 1});
  PacketScan scan(source);
  for (const double pts : {0.0, 0.12, 0.04, 0.08, 0.16}) {
    scan.add_line(packet(0, pts, 0.04, true));
  }
  scan.apply(source);
  EXPECT_EQ(source.video->keyframes,
            (std::vector<Keyframe>{
                {Microseconds(0), 0}, {Microseconds(120'000), 100}, {Microseconds(160'000), 400}}));
}

TEST(PacketScan, the_sound_is_weighed) {
  SourceMedia source = with_audio({}, 0);
  PacketScan scan(source);
  for (int i = 0; i < 50; ++i) scan.add_line(packet(0, i * 0.02, 0.02, true, i == 7 ? 2100 : 100));
  scan.apply(source);
  EXPECT_EQ(source.audio->bitrate.value, 7000U * 8);
  EXPECT_EQ(source.audio->largest_packet, 2100U);
}

TEST(PacketScan, small_gaps_in_the_sound_add_up) {
  // Packets of 1024 samples, rounded to milliseconds; each hundredth comes 15 ms later than due.
  for (const bool gaps : {false, true}) {
    SourceMedia source = with_audio({}, 0);
    PacketScan scan(source);
    double late = 0;
    for (int i = 0; i < 1000; ++i) {
      if (gaps && i % 100 == 99) late += 0.015;
      scan.add_line(packet(0, std::round((i * 1024 / 48000.0 + late) * 1000) / 1000, 0.021, true));
    }
    scan.apply(source);
    EXPECT_EQ(source.audio->continuous, !gaps);
  }
}

TEST(PacketScan, a_hole_in_the_sound_is_noticed) {
  SourceMedia source = with_audio({}, 0);
  PacketScan scan(source);
  scan.add_line(packet(0, 0, 0.02, true));
  scan.add_line(packet(0, 0.5, 0.02, true));
  scan.apply(source);
  EXPECT_FALSE(source.audio->continuous);
}

}  // namespace
}  // namespace shoal::processing
