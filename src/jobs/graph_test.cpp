// The job graph in virtual time, from seeds: workers lease, work, beat, crash, freeze and come back
// late; jobs are added with random needs, fail and are cancelled. Checked: a job has its effect at
// most once and only after everything it needs; none is lost; a holder whose lease was taken over
// writes nothing. SHOAL_TEST_SEED runs one seed.
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "base/random.h"
#include "jobs/queue.h"
#include "tests/support/database_fixture.h"
#include "tests/support/manual_clock.h"

namespace shoal::jobs {
namespace {

constexpr Seconds k_lease{30};
constexpr int k_workers = 3;
constexpr int k_steps = 220;

struct SimulatedWorker {
  std::string name;
  std::vector<LeasedJob> held;
  bool frozen = false;
};

class Simulation {
 public:
  Simulation(db::Engine engine, std::uint64_t seed) : random_(seed), database_(engine, clock_) {
    for (int i = 0; i < k_workers; ++i) restart(i);
  }

  void run() {
    for (int step = 0; step < k_steps && !testing::Test::HasFailure(); ++step) act();
    for (auto& worker : workers_) worker.frozen = false;
    drain();
    check_end();
  }

 private:
  template <class Work>
  auto write(Work work) {
    return database_->write_blocking(
        [&](db::Session& session) -> Result<decltype(work(session))> { return work(session); });
  }

  void restart(int index) { workers_[index] = {"worker-" + std::to_string(++starts_), {}, false}; }

  void act() {
    const auto index = static_cast<int>(random_.below(k_workers));
    SimulatedWorker& worker = workers_[index];
    switch (random_.below(12)) {
      case 0:
      case 1:
      case 2:
        return add_job();
      case 3:
        clock_->advance(Milliseconds{random_.below(20'000)});
        return;
      case 4:
        restart(index);
        return;
      case 5:
        worker.frozen = !worker.frozen;
        return;
      case 6:
        if (random_.below(4) == 0 && !jobs_.empty()) cancel_one();
        return;
      case 7:
        if (!worker.frozen) beat(worker);
        return;
      case 8:
      case 9:
        // A frozen worker that wakes up here works with leases of long ago.
        return finish_one(worker);
      default:
        if (!worker.frozen) lease(worker);
    }
  }

  void add_job() {
    NewJob job;
    job.kind = random_.below(2) == 0 ? "a" : "b";
    job.max_attempts = 3;
    job.priority = static_cast<int>(random_.below(3));
    for (std::uint64_t n = random_.below(3); n > 0 && !jobs_.empty(); --n) {
      job.after.push_back(
          JobId{std::next(jobs_.begin(), static_cast<std::ptrdiff_t>(random_.below(jobs_.size())))
                    ->first});
    }
    const auto id = write([&](db::Session& session) { return enqueue(session, job); });
    ASSERT_TRUE(id) << id.error().message;
    for (const JobId need : job.after) jobs_[id->value].insert(need.value);
    jobs_.try_emplace(id->value);
  }

  void cancel_one() {
    const auto id =
        std::next(jobs_.begin(), static_cast<std::ptrdiff_t>(random_.below(jobs_.size())))->first;
    (void)database_->write_blocking(
        [&](db::Session& session) -> Result<> { return cancel(session, JobId{id}); });
  }

  void beat(SimulatedWorker& worker) {
    const auto held =
        write([&](db::Session& session) { return heartbeat(session, worker.name, k_lease); });
    ASSERT_TRUE(held);
    std::erase_if(worker.held, [&](const LeasedJob& job) {
      return std::ranges::find(*held, LeaseKey{job.id, job.fence}) == held->end();
    });
  }

  void lease(SimulatedWorker& worker) {
    auto job = write([&](db::Session& session) {
      return lease_next(session, worker.name, {"a", "b"}, k_lease);
    });
    ASSERT_TRUE(job) << job.error().message;
    if (!*job) return;
    if ((*job)->attempt > (*job)->max_attempts) {
      end(**job, true);
    } else {
      worker.held.push_back(**job);
    }
  }

  void finish_one(SimulatedWorker& worker) {
    if (worker.held.empty()) return;
    const LeasedJob job = worker.held.back();
    worker.held.pop_back();
    end(job, random_.below(4) == 0);
  }

  void end(const LeasedJob& job, bool badly) {
    const auto done = database_->write_blocking([&](db::Session& session) -> Result<> {
      if (badly) {
        TRY_VOID(fail_attempt(session, job, "unlucky", random_.below(8) == 0));
        return {};
      }
      TRY_VOID(complete(session, job));
      // The effect, in the same transaction. Its key is unique: a second effect is a conflict other
      // than that of a lost lease.
      session.execute("insert into setting (key, value, updated_at) values (:key, 'done', 1)",
                      {"effect." + std::to_string(job.id.value)});
      return {};
    });
    if (!done) {
      EXPECT_EQ(done.error().code, ErrorCode::conflict);
      EXPECT_NE(done.error().message.find("lease"), std::string::npos) << "two effects";
      return;
    }
    if (!badly) check_needs(job.id.value);
  }

  void check_needs(std::int64_t job) {
    for (const std::int64_t need : jobs_[job]) {
      EXPECT_EQ(count("select count(*) from setting where key = :key",
                      {"effect." + std::to_string(need)}),
                1)
          << "job " << job << " ran before " << need;
    }
  }

  std::int64_t count(const std::string& sql, const std::vector<db::Value>& arguments = {}) {
    return *write(
        [&](db::Session& session) { return session.query_one(sql, arguments)->integer(0); });
  }

  /// No more crashes: everything that can end must end.
  void drain() {
    for (int round = 0; round < 3000; ++round) {
      if (count("select count(*) from job") == 0) return;
      SimulatedWorker& worker = workers_[static_cast<std::size_t>(round % k_workers)];
      lease(worker);
      while (!worker.held.empty()) finish_one(worker);
      clock_->advance(Seconds{15});
      for (SimulatedWorker& alive : workers_) beat(alive);
    }
    FAIL() << count("select count(*) from job") << " jobs never ended";
  }

  void check_end() {
    EXPECT_EQ(count("select count(*) from job_history"), static_cast<std::int64_t>(jobs_.size()));
    EXPECT_EQ(count("select count(*) from job_dependency"), 0);
    EXPECT_EQ(count("select count(*) from job_history where outcome = 1"),
              count("select count(*) from setting where key like 'effect.%'"));
  }

  SeededRandom random_;
  std::shared_ptr<tests::ManualClock> clock_ = std::make_shared<tests::ManualClock>();
  tests::TestDatabase database_;
  std::array<SimulatedWorker, k_workers> workers_;
  std::map<std::int64_t, std::set<std::int64_t>> jobs_;
  int starts_ = 0;
};

class Graph : public testing::TestWithParam<db::Engine> {};
SHOAL_ON_BOTH_ENGINES(Graph);

TEST_P(Graph, survives_crashes_and_late_holders) {
  const char* chosen = std::getenv("SHOAL_TEST_SEED");
  const std::uint64_t first = chosen ? std::strtoull(chosen, nullptr, 10) : 1;
  const std::uint64_t last = chosen ? first : 12;
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    SCOPED_TRACE("SHOAL_TEST_SEED=" + std::to_string(seed));
    Simulation(GetParam(), seed).run();
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace shoal::jobs
