#include "catalog/views.h"

#include "tests/support/catalog_fixture.h"
#include "tests/support/manual_clock.h"

namespace shoal::catalog {
namespace {

class ViewCounterTest : public testing::Test {
 protected:
  void watch(std::string_view viewer, Milliseconds position, bool seeked = false) {
    counter.report({.video = video,
                    .duration = duration,
                    .position = position,
                    .seeked = seeked,
                    .viewer = viewer});
  }
  std::int64_t views() {
    std::int64_t total = 0;
    while (const auto batch = counter.next_batch()) {
      for (const auto& entry : batch->entries)
        total += static_cast<std::int64_t>(entry.viewers.size());
      counter.written(*batch);
    }
    return total;
  }

  tests::ManualClock clock;
  SeededRandom random{1};
  Metrics metrics;
  ViewCounter counter{"secret", clock, random, metrics};
  VideoId video{1};
  Milliseconds duration{60'000};
};

TEST_F(ViewCounterTest, a_view_counts_after_ten_seconds_of_watching_once) {
  watch("a", Milliseconds{0});
  watch("a", Milliseconds{6'000});
  EXPECT_EQ(views(), 0);
  watch("a", Milliseconds{11'000});
  watch("a", Milliseconds{30'000});
  EXPECT_EQ(views(), 1);
  watch("a", Milliseconds{50'000});
  EXPECT_EQ(views(), 0);
}

TEST_F(ViewCounterTest, a_jump_is_not_watching) {
  watch("a", Milliseconds{0});
  watch("a", Milliseconds{40'000}, true);
  watch("a", Milliseconds{10'000});
  EXPECT_EQ(views(), 0);
}

TEST_F(ViewCounterTest, a_third_of_a_short_video_is_enough) {
  duration = Milliseconds{12'000};
  watch("a", Milliseconds{1'000});
  watch("a", Milliseconds{6'000});
  EXPECT_EQ(views(), 1);
}

TEST_F(ViewCounterTest, the_same_viewer_counts_again_after_the_window) {
  watch("a", Milliseconds{0});
  watch("a", Milliseconds{20'000});
  EXPECT_EQ(views(), 1);
  clock.advance(ViewCounter::k_window + Milliseconds{1});
  watch("a", Milliseconds{0});
  watch("a", Milliseconds{20'000});
  EXPECT_EQ(views(), 1);
}

TEST_F(ViewCounterTest, viewers_leave_when_they_fall_silent) {
  watch("a", Milliseconds{0});
  watch("b", Milliseconds{0});
  EXPECT_EQ(counter.viewers(video), 2);
  clock.advance(Milliseconds{100'000});
  watch("b", Milliseconds{30'000});
  clock.advance(Milliseconds{60'000});
  EXPECT_EQ(counter.viewers(video), 1);
  watch("a", Milliseconds{1'000});
  EXPECT_EQ(counter.viewers(), 2);
  EXPECT_EQ(counter.viewers(VideoId{2}), 0);
}

TEST_F(ViewCounterTest, a_batch_comes_again_until_it_is_written) {
  watch("a", Milliseconds{0});
  watch("a", Milliseconds{20'000});
  const auto first = counter.next_batch();
  const auto again = counter.next_batch();
  ASSERT_TRUE(first && again);
  EXPECT_EQ(first->id, again->id);
  counter.written(*first);
  EXPECT_FALSE(counter.next_batch());
}

TEST_F(ViewCounterTest, the_table_of_viewers_is_bounded) {
  for (std::size_t i = 0; i < ViewCounter::k_limit + 500; ++i) {
    video = VideoId{static_cast<std::int64_t>(i % 7)};
    watch(std::to_string(i), Milliseconds{0});
  }
  EXPECT_EQ(counter.viewers(), static_cast<std::int64_t>(ViewCounter::k_limit));
}

class ViewBatchTest : public CatalogTest {
 protected:
  tests::ManualClock clock;
  Metrics metrics;
};
SHOAL_ON_BOTH_ENGINES(ViewBatchTest);

TEST_P(ViewBatchTest, a_batch_that_is_written_twice_counts_once) {
  const auto video = add_video("Seen");
  const ViewBatch batch{
      .id = "one",
      .entries = {
          {.video = video, .hour = now, .viewers = {"a", "b", "c"}, .watched = Milliseconds{5000}},
          {.video = VideoId{999}, .hour = now, .viewers = {"a"}, .watched = Milliseconds{0}}}};
  for (int i = 0; i < 2; ++i) {
    write([&](db::Session& s) -> Result<> {
      add_views(s, batch, now);
      return {};
    });
  }
  EXPECT_EQ(read([&](db::Session& s) { return find_video(s, video); })->summary.views, 3);
  const auto row = read([&](db::Session& s) {
    return s.query_one("select count(*), sum(views), sum(watch_ms) from view_bucket");
  });
  EXPECT_EQ(row->integer(0), 1);
  EXPECT_EQ(row->integer(1), 3);
  EXPECT_EQ(row->integer(2), 5000);
}

TEST_P(ViewBatchTest, who_reports_to_two_nodes_counts_once_and_again_after_the_window) {
  const auto video = add_video("Seen on two nodes");
  const auto watch = [&](ViewCounter& node, std::string_view viewer) {
    for (const std::int64_t at : {0, 11'000})
      node.report({.video = video,
                   .duration = Milliseconds{60'000},
                   .position = Milliseconds{at},
                   .viewer = viewer});
  };
  const auto flush = [&](ViewCounter& node) {
    while (const auto batch = node.next_batch()) {
      write([&](db::Session& s) -> Result<> {
        add_views(s, *batch, clock.now());
        return {};
      });
      node.written(*batch);
    }
  };
  const auto views = [&] {
    return read([&](db::Session& s) { return find_video(s, video); })->summary.views;
  };
  ViewCounter one{"shared", clock, random, metrics};
  ViewCounter two{"shared", clock, random, metrics};
  for (ViewCounter* const node : {&one, &two}) watch(*node, "a");
  watch(two, "b");
  for (ViewCounter* const node : {&one, &two}) flush(*node);
  EXPECT_EQ(views(), 2);
  clock.advance(ViewCounter::k_window + Milliseconds{1});
  watch(two, "a");
  flush(two);
  EXPECT_EQ(views(), 3);
  write([&](db::Session& s) -> Result<> {
    prune_views(s, clock.now(), clock.now() + ViewCounter::k_window);
    return {};
  });
  EXPECT_EQ(read([&](db::Session& s) {
              return s.query_one("select count(*) from counted_view");
            })->integer(0),
            0);
}

}  // namespace
}  // namespace shoal::catalog
