#include "jobs/list.h"

#include <gtest/gtest.h>

#include "jobs/queue.h"
#include "tests/support/database_fixture.h"
#include "tests/support/manual_clock.h"

namespace shoal::jobs {
namespace {

class List : public testing::TestWithParam<db::Engine> {
 protected:
  template <class Work>
  auto write(Work work) {
    auto result = database->write_blocking(
        [&](db::Session& session) -> Result<decltype(work(session))> { return work(session); });
    EXPECT_TRUE(result) << result.error().message;
    return *std::move(result);
  }
  JobId add(std::string kind, std::vector<JobId> after = {}) {
    NewJob job;
    job.kind = std::move(kind);
    job.after = std::move(after);
    return write([&](db::Session& session) { return enqueue(session, job); });
  }
  void run(const std::string& kind, bool well) {
    write([&](db::Session& session) {
      const auto job = lease_next(session, "w", {kind}, Seconds{30});
      if (well) return complete(session, *job).has_value();
      return fail_attempt(session, *job, "broken", true).has_value();
    });
  }
  JobPage list(JobFilter filter) {
    return write([&](db::Session& session) { return list_jobs(session, filter); });
  }

  std::shared_ptr<tests::ManualClock> clock = std::make_shared<tests::ManualClock>();
  tests::TestDatabase database{GetParam(), clock};
};
SHOAL_ON_BOTH_ENGINES(List);

TEST_P(List, every_job_is_in_the_state_that_peertube_would_name) {
  add("good");
  run("good", true);
  const auto bad = add("bad");
  add("after-bad", {bad});
  run("bad", false);
  const auto active = add("active");
  write([](db::Session& session) {
    return lease_next(session, "w", {"active"}, Seconds{30}).has_value();
  });
  add("child", {active});
  NewJob later;
  later.kind = "later";
  later.run_after = clock->now() + Seconds{60};
  write([&](db::Session& session) { return enqueue(session, later); });
  add("ready");

  const auto kinds = [&](ListState state) {
    std::string names;
    JobFilter filter;
    filter.state = state;
    for (const auto& job : list(filter).jobs) {
      names += job.kind + ' ';
      EXPECT_TRUE(state == ListState::all || job.state == state);
    }
    return names;
  };
  EXPECT_EQ(kinds(ListState::completed), "good ");
  EXPECT_EQ(kinds(ListState::failed), "after-bad bad ");
  EXPECT_EQ(kinds(ListState::active), "active ");
  EXPECT_EQ(kinds(ListState::waiting_children), "child ");
  EXPECT_EQ(kinds(ListState::delayed), "later ");
  EXPECT_EQ(kinds(ListState::waiting), "ready ");
  EXPECT_EQ(kinds(ListState::all), "ready later child active after-bad bad good ");
  const auto counts = write([](db::Session& session) { return count_jobs(session); });
  EXPECT_EQ(counts.size(), 7u);
}

TEST_P(List, pages_and_filters_count_everything) {
  for (int i = 0; i < 12; ++i) add(i % 3 == 0 ? "a" : "b");
  JobFilter filter;
  filter.kind = "b";
  filter.start = 6;
  filter.count = 5;
  filter.newest_first = false;
  const auto page = list(filter);
  EXPECT_EQ(page.total, 8);
  ASSERT_EQ(page.jobs.size(), 2u);
  EXPECT_LT(page.jobs[0].id, page.jobs[1].id);
}

TEST_P(List, history_is_pruned_by_age_and_by_count) {
  for (int i = 0; i < 30; ++i) {
    add("a");
    run("a", true);
    clock->advance(Seconds{10});
  }
  const auto left = [&] { return list({}).total; };
  const auto prune = [&](Seconds age, std::int64_t count) {
    return write([&](db::Session& session) { return prune_history(session, age, count, 8); });
  };
  // The oldest ten are 300 to 210 s old.
  EXPECT_TRUE(prune(Seconds{205}, 1000));
  EXPECT_FALSE(prune(Seconds{205}, 1000));
  EXPECT_EQ(left(), 20);
  while (prune(Seconds{100000}, 5)) {
  }
  EXPECT_EQ(left(), 5);
}

TEST(ListStates, names_are_peertubes) {
  for (const char* name :
       {"waiting", "active", "completed", "failed", "delayed", "waiting-children"}) {
    const auto state = parse_list_state(name);
    ASSERT_TRUE(state);
    EXPECT_EQ(to_string(*state), name);
  }
  EXPECT_FALSE(parse_list_state("running"));
}

}  // namespace
}  // namespace shoal::jobs
