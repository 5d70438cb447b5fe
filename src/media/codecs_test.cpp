#include "media/codecs.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "media/fmp4/box.h"

namespace shoal::media {
namespace {

Bytes hex(std::string_view text) {
  Bytes bytes(text.size() / 2);
  EXPECT_TRUE(from_hex(text, bytes));
  return bytes;
}

/// A sample entry as the standard lays it out, around one configuration box.
Bytes entry(std::string_view type, std::size_t fixed, std::string_view box,
            std::string_view hex_of) {
  ByteWriter out;
  fmp4::write_box(out, type, [&] {
    out.zeros(fixed);
    fmp4::write_box(out, box, [&] { out.bytes(hex(hex_of)); });
  });
  return out.take();
}

// Sample entries as ffmpeg 5.1 writes them.
constexpr std::string_view k_avc =
    "0000009b61766331000000000000000100000000000000000000000000000000004000300048000000480000000000"
    "000001154c61766335392e33372e313030206c696278323634000000000000000000000018ffff0000003561766343"
    "0164000affe100186764000aacd9447b011000000300100000030140f122596001000668ebe3cb22c0fdf8f8000000"
    "0010706173700000000100000001";
constexpr std::string_view k_aac =
    "0000006e6d703461000000000000000100000000000000000002001000000000ac4400000000003665736473000000"
    "0003808080250001000480808017401500000000010d8800010d880580808005120856e50006808080010200000014"
    "627472740000000000010d8800010d88";
constexpr std::string_view k_mp3 =
    "000000506d703461000000000000000100000000000000000002001000000000ac4400000000002c65736473000000"
    "00038080801b000100048080800d6b150000000000000000000000068080800102";

TEST(Codecs, avc_is_profile_compatibility_level) {
  EXPECT_EQ(codec_string(hex(k_avc)), "avc1.64000a");
  EXPECT_EQ(codec_string(entry("avc3", 78, "avcC", "0164001fff")), "avc3.64001f");
}

TEST(Codecs, mp4a_names_the_audio_object_type) {
  EXPECT_EQ(codec_string(hex(k_aac)), "mp4a.40.2");
  EXPECT_EQ(codec_string(hex(k_mp3)), "mp4a.6b");
}

TEST(Codecs, hevc_reverses_the_compatibility_flags) {
  // Main 10, level 3.1, as ISO/IEC 14496-15 shows it.
  EXPECT_EQ(codec_string(entry("hvc1", 78, "hvcC", "0102200000009000000000001e")),
            "hvc1.2.4.L30.90");
  EXPECT_EQ(codec_string(entry("hev1", 78, "hvcC", "0101600000009000000000005d")),
            "hev1.1.6.L93.90");
}

TEST(Codecs, av1_vp9_and_opus) {
  EXPECT_EQ(codec_string(entry("av01", 78, "av1C", "81084c00")), "av01.0.08M.10");
  EXPECT_EQ(codec_string(entry("vp09", 78, "vpcC", "01000000001f820202020000")), "vp09.00.31.08");
  EXPECT_EQ(codec_string(entry("Opus", 28, "dOps", "00020138")), "opus");
}

TEST(Codecs, cut_entries_are_corrupt_and_unknown_ones_unsupported) {
  const Bytes whole = hex(k_avc);
  for (std::size_t size = 0; size < 100; ++size) {
    const auto result = codec_string(ByteView(whole).first(size));
    ASSERT_FALSE(result) << size;
    EXPECT_EQ(result.error().code, ErrorCode::corrupt) << size;
  }
  const auto unknown = codec_string(entry("mjp2", 78, "jp2h", ""));
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::unsupported);
}

TEST(Codecs, the_stable_entry_has_no_measured_bitrate) {
  const Bytes whole = hex(k_aac);
  const auto stable = stable_sample_entry(whole);
  ASSERT_TRUE(stable);
  EXPECT_EQ(stable->size(), whole.size() - 0x14);
  EXPECT_EQ(codec_string(*stable), "mp4a.40.2");
  EXPECT_EQ(stable_sample_entry(*stable), *stable);
}

TEST(Codecs, the_configuration_is_what_stretches_must_share) {
  const Bytes whole = hex(k_avc);
  const auto configuration = decoder_configuration(whole);
  ASSERT_TRUE(configuration);
  EXPECT_EQ(configuration->size(), 0x35U - 8);
}

}  // namespace
}  // namespace shoal::media
