#include "delivery/media_cache.h"

#include <gtest/gtest.h>

namespace shoal::delivery {
namespace {

class FixedClock final : public Clock {
 public:
  UtcTime now() const override { return {}; }
  SteadyTime steady_now() const override { return steady; }
  SteadyTime steady{};
};

struct MediaCacheTest : testing::Test {
  std::shared_ptr<const CachedMedia> media(const Uuid& of) {
    auto made = std::make_shared<CachedMedia>();
    made->entry.video = of;
    made->checked = clock.steady;
    return made;
  }
  FixedClock clock;
  SeededRandom random{1};
  Uuid video = Uuid::generate(random);
  MediaCache cache{{.capacity = 64, .fresh_for = Milliseconds(3000)}, clock};
};

TEST_F(MediaCacheTest, is_bounded_and_drops_the_least_recently_used) {
  for (int i = 0; i < 1000; ++i) {
    cache.put(fmt::format("file-{}", i), media(video), cache.generation());
    ASSERT_TRUE(cache.find(fmt::format("file-{}", i)));
  }
  EXPECT_LE(cache.size(), 64U);
  EXPECT_FALSE(cache.find("file-0"));
}

TEST_F(MediaCacheTest, forgets_all_files_of_a_video_and_only_those) {
  const Uuid other = Uuid::generate(random);
  cache.put("a", media(video), cache.generation());
  cache.put("b", media(video), cache.generation());
  cache.put("c", media(other), cache.generation());
  cache.forget_video(video);
  EXPECT_FALSE(cache.find("a"));
  EXPECT_FALSE(cache.find("b"));
  EXPECT_TRUE(cache.find("c"));
}

TEST_F(MediaCacheTest, what_was_read_before_a_privacy_change_is_not_kept_after_it) {
  const auto before = cache.generation();
  cache.forget_video(video);
  cache.put("a", media(video), before);
  EXPECT_FALSE(cache.find("a"));
}

TEST_F(MediaCacheTest, grows_stale_with_time) {
  const auto entry = media(video);
  EXPECT_TRUE(cache.is_fresh(*entry));
  clock.steady += Milliseconds(3000);
  EXPECT_FALSE(cache.is_fresh(*entry));
}

}  // namespace
}  // namespace shoal::delivery
