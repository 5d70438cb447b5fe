#include "media/subtitles.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>

namespace shoal::media {
namespace {

std::string converted(std::string_view text) {
  const auto cues = parse_subtitles(text);
  EXPECT_TRUE(cues) << cues.error().message;
  return cues ? write_webvtt(*cues) : "";
}

TEST(Subtitles, subrip_becomes_webvtt) {
  EXPECT_EQ(converted("1\r\n00:00:01,500 --> 00:00:03,000\r\nHello\r\n<i>world</i>\r\n\r\n"
                      "2\r\n01:00:00,000 --> 01:00:01,250\r\nBye\r\n"),
            "WEBVTT\n\n00:00:01.500 --> 00:00:03.000\nHello\n<i>world</i>\n\n"
            "01:00:00.000 --> 01:00:01.250\nBye\n");
}

TEST(Subtitles, webvtt_keeps_its_cues_and_settings_only) {
  EXPECT_EQ(
      converted("WEBVTT - title\n\nSTYLE\n::cue { background: url(http://x) }\n\nNOTE secret\n"
                "more\n\nid-1\n00:01.000 --> 00:02.000 align:start region:evil line:80%\n"
                "<v Ann>Hi &amp; hey</v>\n"),
      "WEBVTT\n\n00:00:01.000 --> 00:00:02.000 align:start line:80%\n"
      "<v Ann>Hi &amp; hey</v>\n");
}

TEST(Subtitles, markup_that_is_not_ours_loses_its_meaning) {
  const std::string out = converted(
      "1\n00:00:01,000 --> 00:00:02,000\n<script>alert(1)</script><font color=red>x</font>"
      " a < b & c {\\an8}up\n");
  EXPECT_THAT(out, testing::HasSubstr("alert(1)x a &lt; b &amp; c up\n"));
  EXPECT_THAT(out, testing::Not(testing::HasSubstr("script")));
}

TEST(Subtitles, what_is_served_reads_back_as_it_is) {
  const std::string long_name(99, 'x');
  const auto cues =
      parse_subtitles("00:01.000 --> 00:02.000\n<v & Ann & >a{<x>\\an8}b{{\\x}\\y}c</v>\n<v " +
                      long_name + "é>d\n");
  ASSERT_TRUE(cues);
  EXPECT_EQ(cues->front().text, "<v Ann>abc</v>\n<v " + long_name + ">d");
  EXPECT_EQ(converted(write_webvtt(*cues)), write_webvtt(*cues));
}

TEST(Subtitles, an_arrow_in_the_text_opens_no_cue) {
  const std::string out = converted("1\n00:00:01,000 --> 00:00:02,000\na --> b\n");
  EXPECT_THAT(out, testing::HasSubstr("a --&gt; b"));
}

TEST(Subtitles, cues_are_sorted_and_empty_or_backward_ones_dropped) {
  const auto cues = parse_subtitles(
      "1\n00:00:05,000 --> 00:00:06,000\nlater\n\n2\n00:00:01,000 --> 00:00:02,000\nfirst\n\n"
      "3\n00:00:04,000 --> 00:00:03,000\nbackward\n\n4\n00:00:07,000 --> 00:00:08,000\n\n");
  ASSERT_TRUE(cues);
  ASSERT_EQ(cues->size(), 2U);
  EXPECT_EQ(cues->front().text, "first");
}

TEST(Subtitles, missing_blank_lines_are_forgiven) {
  const auto cues = parse_subtitles(
      "1\n00:00:01,000 --> 00:00:02,000\none\n2\n00:00:03,000 --> 00:00:04,000\ntwo\n");
  ASSERT_TRUE(cues);
  ASSERT_EQ(cues->size(), 2U);
  EXPECT_EQ(cues->front().text, "one");
}

TEST(Subtitles, latin_1_is_read) {
  const auto cues = parse_subtitles("1\n00:00:01,000 --> 00:00:02,000\ncaf\xe9\n");
  ASSERT_TRUE(cues);
  EXPECT_EQ(cues->front().text, "café");
}

TEST(Subtitles, tags_that_never_end_cost_no_more_than_their_bytes) {
  SubtitleLimits limits;
  limits.text = limits.bytes;
  const auto seconds = [&](std::size_t size) {
    const std::string text = "1\n00:00:01,000 --> 00:00:02,000\n" + std::string(size, '<') + "\n";
    const auto before = std::clock();
    const auto cues = parse_subtitles(text, limits);
    EXPECT_TRUE(cues && cues->front().text.size() == 4 * size);
    return static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
  };
  // Quadratic, four megabytes would take an hour.
  EXPECT_LT(seconds((std::size_t{4} << 20) - 100), 10);
  const auto cues = parse_subtitles("1\n00:00:01,000 --> 00:00:02,000\n<b <i>a</i>\n< b\n<u>c</u>");
  ASSERT_TRUE(cues);
  EXPECT_EQ(cues->front().text, "<b>a</i>\n&lt; b\n<u>c</u>");
}

TEST(Subtitles, other_texts_and_too_much_are_refused) {
  EXPECT_EQ(parse_subtitles("Dear all").error().code, ErrorCode::invalid);
  EXPECT_EQ(parse_subtitles("WEBVTT\n").error().code, ErrorCode::invalid);
  EXPECT_EQ(parse_subtitles("1\n99999999999:00:01,000 --> 00:00:02,000\nx\n").error().code,
            ErrorCode::invalid);
  SubtitleLimits limits;
  limits.cues = 1;
  const std::string two =
      "1\n00:00:01,000 --> 00:00:02,000\na\n\n2\n00:00:03,000 --> 00:00:04,000\nb\n";
  EXPECT_EQ(parse_subtitles(two, limits).error().code, ErrorCode::too_large);
  limits.bytes = 10;
  EXPECT_EQ(parse_subtitles(two, limits).error().code, ErrorCode::too_large);
}

}  // namespace
}  // namespace shoal::media
