#include "runners/coverage.h"

#include <gtest/gtest.h>

#include "jobs/queue.h"
#include "tests/support/database_fixture.h"
#include "tests/support/manual_clock.h"

namespace shoal::runners {
namespace {

const KindNeeds k_needs{{"video-encode", {"av1", "gpu"}}};

class CoverageTest : public testing::TestWithParam<db::Engine> {
 protected:
  template <class Work>
  auto write(Work work) {
    return *database->write_blocking(
        [&](db::Session& session) -> Result<decltype(work(session))> { return work(session); });
  }
  void add(const std::string& kind) {
    write([&](db::Session& session) {
      jobs::NewJob job;
      job.kind = kind;
      return jobs::enqueue(session, job);
    });
  }
  void live(const std::string& worker, const std::vector<std::string>& kinds) {
    write([&](db::Session& session) {
      jobs::introduce(session, worker, kinds);
      return true;
    });
  }
  RunnerId enter(const std::string& name) {
    return write([&](db::Session& session) {
      create_registration_token(session, random, clock->now());
      const auto token = list_registration_tokens(session, {}).items.front().token;
      return register_runner(session, random,
                             {.registration_token = token,
                              .name = name,
                              .description = std::nullopt,
                              .ip = "192.0.2.1"},
                             clock->now())
          ->id;
    });
  }
  void ask(RunnerId runner, const MachineLabels& labels) {
    write([&](db::Session& session) {
      note_labels(session, runner, labels);
      return true;
    });
  }
  /// "kind:jobs", of those that wait for half a minute.
  std::string stranded() {
    return write([&](db::Session& session) {
      std::string text;
      for (const Stranded& kind : find_stranded(session, k_needs, Seconds{30}))
        text += kind.kind + ":" + std::to_string(kind.jobs) + " ";
      return text;
    });
  }
  /// Why the only job waits.
  std::optional<std::string> explained() {
    return write([&](db::Session& session) {
      auto listed = jobs::list_jobs(session, {}).jobs;
      explain_waits(session, k_needs, listed);
      return listed.at(0).waits_for;
    });
  }

  SystemRandom random;
  std::shared_ptr<tests::ManualClock> clock = std::make_shared<tests::ManualClock>();
  tests::TestDatabase database{GetParam(), clock};
};
SHOAL_ON_BOTH_ENGINES(CoverageTest);

TEST_P(CoverageTest, a_kind_that_nobody_who_lives_does_is_stranded_after_a_while) {
  add("video-encode");
  add("video-encode");
  add("video-audio");
  live("w", {"video-audio", "video-prepare"});
  EXPECT_EQ(stranded(), "") << "somebody may be on the way";
  clock->advance(Seconds{30});
  EXPECT_EQ(stranded(), "video-audio:1 video-encode:2 ") << "that worker fell silent";
  live("w", {"video-audio", "video-prepare"});
  EXPECT_EQ(stranded(), "video-encode:2 ");
  live("x", {"video-encode"});
  EXPECT_EQ(stranded(), "");
}

TEST_P(CoverageTest, segments_are_done_by_runners_that_ask_for_them_and_have_the_labels) {
  add("video-encode");
  const RunnerId runner = enter("one");
  EXPECT_EQ(explained(), "nobody who lives does this kind, which needs the labels av1 gpu");
  ask(runner, {"gpu"});
  EXPECT_TRUE(explained());
  ask(runner, {"av1", "gpu", "region:eu"});
  EXPECT_FALSE(explained());
  clock->advance(Seconds{61});
  EXPECT_TRUE(explained()) << "it fell silent";
}

TEST_P(CoverageTest, a_kind_that_needs_nothing_says_so) {
  add("video-audio");
  EXPECT_EQ(explained(), "nobody who lives does this kind");
}

TEST_P(CoverageTest, a_program_that_does_not_say_what_it_does_may_do_everything) {
  add("video-encode");
  write([](db::Session& session) { return jobs::heartbeat(session, "old", Seconds{30}).size(); });
  EXPECT_FALSE(explained());
}

TEST_P(CoverageTest, what_runs_or_is_put_off_waits_for_nobody) {
  live("w", {"video-prepare"});
  write([](db::Session& session) {
    jobs::NewJob job;
    job.kind = "video-encode";
    job.run_after = session.now() + Seconds{600};
    return jobs::enqueue(session, job);
  });
  EXPECT_FALSE(explained());
  EXPECT_EQ(stranded(), "");
}

}  // namespace
}  // namespace shoal::runners
