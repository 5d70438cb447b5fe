#include "delivery/media_token.h"

#include <gtest/gtest.h>

namespace shoal::delivery {
namespace {

class FixedClock final : public Clock {
 public:
  UtcTime now() const override { return time; }
  SteadyTime steady_now() const override { return SteadyTime{time.time_since_epoch()}; }
  UtcTime time = from_millis(1'000'000);
};

struct MediaTokenTest : testing::Test {
  FixedClock clock;
  SeededRandom random{1};
  MediaTokens tokens{std::string(32, 'k'), clock};
  Uuid video = Uuid::generate(random);
  UtcTime expires = clock.time + Seconds(60);
};

TEST_F(MediaTokenTest, verifies_until_it_expires) {
  const std::string token = tokens.sign(video, 3, expires);
  EXPECT_EQ(tokens.verify(token, video, 3), expires);
  clock.time = expires;
  EXPECT_FALSE(tokens.verify(token, video, 3));
}

TEST_F(MediaTokenTest, is_bound_to_its_video_its_epoch_and_its_secret) {
  const std::string token = tokens.sign(video, 3, expires);
  EXPECT_FALSE(tokens.verify(token, Uuid::generate(random), 3));
  EXPECT_FALSE(tokens.verify(token, video, 4));
  EXPECT_FALSE(MediaTokens(std::string(32, 'x'), clock).verify(token, video, 3));
}

TEST_F(MediaTokenTest, any_changed_character_breaks_it) {
  const std::string token = tokens.sign(video, 3, expires);
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string forged = token;
    forged[i] = forged[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(tokens.verify(forged, video, 3)) << i;
  }
  EXPECT_FALSE(tokens.verify("", video, 3));
  EXPECT_FALSE(tokens.verify(token + "A", video, 3));
}

}  // namespace
}  // namespace shoal::delivery
