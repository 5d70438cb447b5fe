#include "base/ids.h"

#include <gtest/gtest.h>

namespace shoal {
namespace {

TEST(Uuid, text_and_short_text_round_trip) {
  SeededRandom random(7);
  for (int i = 0; i < 200; ++i) {
    const Uuid uuid = Uuid::generate(random);
    EXPECT_EQ(Uuid::parse(uuid.text()), uuid);
    EXPECT_EQ(Uuid::parse_short(uuid.short_text()), uuid);
    EXPECT_EQ(uuid.text()[14], '4');
  }
}

// A pair that a real PeerTube answered with (recordings, upload).
TEST(Uuid, short_text_is_peertubes) {
  const auto uuid = Uuid::parse("6acefbfb-2f3c-4580-ae65-61109fce9563");
  ASSERT_TRUE(uuid);
  EXPECT_EQ(uuid->short_text(), "ebYnUKanzLiSrQdEAge1Eg");
}

TEST(Uuid, refuses_what_is_not_a_uuid) {
  for (const auto* bad :
       {"", "123", "zzzzzzzz-zzzz-4zzz-8zzz-zzzzzzzzzzzz", "0123456789abcdef0123456789abcdef0123"})
    EXPECT_FALSE(Uuid::parse(bad)) << bad;
  EXPECT_FALSE(Uuid::parse_short("ZZZZZZZZZZZZZZZZZZZZZZ"));  // over 128 bits
  EXPECT_FALSE(Uuid::parse_short("0OIl00000000000000000000"));
}

TEST(Random, below_stays_below_and_seeds_replay) {
  SeededRandom a(1);
  SeededRandom b(1);
  for (int i = 0; i < 100; ++i) {
    const auto value = a.below(7);
    EXPECT_LT(value, 7U);
    EXPECT_EQ(value, b.below(7));
  }
}

}  // namespace
}  // namespace shoal
