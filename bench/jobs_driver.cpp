// Cycles of jobs (enqueue, lease, complete) over PostgreSQL, for bench/jobs.py.
//   shoal_jobs_bench URL CLIENTS SECONDS BATCH
// Each client does BATCH jobs at a time, each step in one transaction of its own. Prints
// {"cycles": …, "seconds": …, "doubled": …, "lost": …}: jobs that were leased twice, and leases
// that found nothing or could not be completed.
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <mutex>
#include <set>

#include "db/database.h"
#include "io/runtime.h"
#include "io/task_group.h"
#include "jobs/queue.h"

namespace {

using namespace shoal;

constexpr const char* k_kind = "bench";
constexpr Seconds k_lease{30};

/// What all clients have done.
struct Tally {
  std::mutex mutex;
  std::set<std::int64_t> leased;
  std::int64_t cycles = 0;
  std::int64_t doubled = 0;
  std::int64_t lost = 0;

  void add(const std::vector<jobs::LeasedJob>& jobs, bool completed, std::size_t wanted) {
    const std::scoped_lock lock(mutex);
    for (const jobs::LeasedJob& job : jobs) doubled += leased.insert(job.id.value).second ? 0 : 1;
    lost += static_cast<std::int64_t>(completed ? wanted - jobs.size() : wanted);
    if (completed) cycles += static_cast<std::int64_t>(jobs.size());
  }
};

io::Task<Result<>> run_cycle(db::Database& database, std::string worker, std::size_t batch,
                             Tally& tally) {
  CO_TRY_VOID(co_await database.write([batch](db::Session& session) -> Result<> {
    jobs::NewJob job;
    job.kind = k_kind;
    job.payload = "{}";
    job.priority = 100;
    for (std::size_t i = 0; i < batch; ++i) jobs::enqueue(session, job);
    return {};
  }));
  using Leased = std::vector<jobs::LeasedJob>;
  CO_TRY(const Leased leased,
         co_await database.write([batch, worker](db::Session& session) -> Result<Leased> {
           Leased found;
           for (std::size_t i = 0; i < batch; ++i) {
             if (auto job = jobs::lease_next(session, worker, {k_kind}, k_lease))
               found.push_back(*std::move(job));
           }
           return found;
         }));
  const auto done = co_await database.write([leased](db::Session& session) -> Result<> {
    for (const jobs::LeasedJob& job : leased) TRY_VOID(jobs::complete(session, job));
    return {};
  });
  tally.add(leased, done.has_value(), batch);
  co_return done;
}

io::Task<> run_client(db::Database& database, std::string worker, std::size_t batch,
                      std::chrono::steady_clock::time_point end, Tally& tally) {
  while (std::chrono::steady_clock::now() < end) {
    const auto done = co_await run_cycle(database, worker, batch, tally);
    if (!done) fmt::print(stderr, "{}\n", done.error().message);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const auto clients = static_cast<std::size_t>(std::atoi(argv[2]));
  const Seconds seconds{std::atoi(argv[3])};
  const auto batch = static_cast<std::size_t>(std::atoi(argv[4]));
  Metrics metrics;
  io::Runtime runtime(1);
  db::DatabaseConfig config;
  config.engine = db::Engine::postgresql;
  config.postgresql_url = argv[1];
  config.readers = clients;
  auto database = db::Database::open(config, metrics);
  if (!database) {
    fmt::print(stderr, "{}\n", database.error().message);
    return 1;
  }
  if (seconds == Seconds{0}) return 0;  // only the schema is wanted
  Tally tally;
  const auto begun = std::chrono::steady_clock::now();
  io::TaskGroup group(runtime.executor(0), "clients");
  for (std::size_t i = 0; i < clients; ++i)
    group.spawn(run_client(**database, fmt::format("client-{}", i), batch, begun + seconds, tally));
  runtime.run_until_done(group.drain());
  const auto taken = std::chrono::steady_clock::now() - begun;
  fmt::print(R"({{"cycles": {}, "seconds": {:.3f}, "doubled": {}, "lost": {}}})", tally.cycles,
             std::chrono::duration<double>(taken).count(), tally.doubled, tally.lost);
  return 0;
}
