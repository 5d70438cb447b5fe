#include "base/text.h"

#include <gtest/gtest.h>

namespace shoal {
namespace {

TEST(Text, hex_round_trips_and_refuses_odd_or_foreign_characters) {
  std::array<std::byte, 2> out{};
  EXPECT_TRUE(from_hex("00ff", out));
  EXPECT_EQ(to_hex(out), "00ff");
  EXPECT_FALSE(from_hex("00f", out));
  EXPECT_FALSE(from_hex("00fg", out));
}

TEST(Text, base64url_has_one_spelling_per_value) {
  for (const std::string_view text : {"", "a", "ab", "abc", "abcd"}) {
    const auto encoded = to_base64url(std::as_bytes(std::span(text)));
    const auto decoded = from_base64url(encoded);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(std::string_view(reinterpret_cast<const char*>(decoded->data()), decoded->size()),
              text);
  }
  EXPECT_FALSE(from_base64url("YR"));  // spare bits set
  EXPECT_FALSE(from_base64url("YQ=="));
}

TEST(Text, utf8_refuses_overlong_surrogate_truncated_and_nul) {
  EXPECT_TRUE(is_valid_utf8("héllo 视频 🐟"));
  for (const std::string_view bad :
       {"\xc0\xaf", "\xed\xa0\x80", "\xe8\xa7", "\xff", "\xf4\x90\x80\x80"})
    EXPECT_FALSE(is_valid_utf8(bad));
  EXPECT_FALSE(is_valid_utf8(std::string_view("a\0b", 3)));
  std::string back;
  for (const char32_t point : to_code_points("é视🐟")) append_utf8(back, point);
  EXPECT_EQ(back, "é视🐟");
}

TEST(Text, url_decoding_refuses_a_broken_escape) {
  EXPECT_EQ(url_decode("a%20b+c", true), "a b c");
  EXPECT_EQ(url_decode("a+b"), "a+b");
  EXPECT_FALSE(url_decode("%2"));
  EXPECT_FALSE(url_decode("%zz"));
  EXPECT_EQ(url_decode(url_encode("/?视频 ")), "/?视频 ");
}

TEST(Text, dates_round_trip) {
  const UtcTime time = from_millis(1'795'347'901'234);
  EXPECT_EQ(to_iso8601(time), "2026-11-22T11:45:01.234Z");
  EXPECT_EQ(parse_iso8601("2026-11-22T11:45:01.234Z"), time);
  EXPECT_EQ(parse_iso8601("2026-11-22T13:45:01.234+02:00"), time);
  EXPECT_EQ(to_http_date(time), "Sun, 22 Nov 2026 11:45:01 GMT");
  EXPECT_EQ(parse_http_date("Sun, 22 Nov 2026 11:45:01 GMT"), from_millis(1'795'347'901'000));
  for (const auto* bad : {"", "2026", "2026-13-01", "2026-02-30", "2026-11-22T25:00",
                          "2026-11-22T11:45:01.Z", "2026-11-22T11:45x"})
    EXPECT_FALSE(parse_iso8601(bad)) << bad;
}

TEST(Text, edit_distance_counts_single_changes) {
  EXPECT_EQ(edit_distance("buny", "bunny"), 1U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

TEST(Text, escapes_all_five_html_characters) {
  EXPECT_EQ(escape_html("<a href=\"'&\">"), "&lt;a href=&quot;&#39;&amp;&quot;&gt;");
}

}  // namespace
}  // namespace shoal
