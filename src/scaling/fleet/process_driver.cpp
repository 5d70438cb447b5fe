#include "scaling/fleet/process_driver.h"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <csignal>
#include <filesystem>
#include <limits>

#include "base/log.h"
#include "io/spawn.h"

namespace shoal::scaling {
namespace {

/// A worker that lived for so long did not fail to start.
constexpr Seconds k_settled{60};
constexpr int k_most_doublings = 8;
/// Beyond the time that it was given to drain: then something hangs.
constexpr Seconds k_grace{60};
/// For giving jobs back, when the server ends.
constexpr Seconds k_last_words{10};
constexpr Milliseconds k_look_again{20};

io::Sandbox no_limits() {
  constexpr std::uint64_t k_any = std::numeric_limits<std::uint64_t>::max();
  io::Sandbox limits;
  limits.cpu_limit = std::chrono::years{100};
  limits.memory_limit = ByteCount{k_any};
  limits.output_limit = ByteCount{k_any};
  limits.may_fork = true;
  limits.lowest_priority = false;
  return limits;
}

}  // namespace

ProcessDriver::ProcessDriver(ProcessDriverConfig config, Entry entry, const Clock& clock)
    : config_(std::move(config)), entry_(std::move(entry)), clock_(clock) {}

ProcessDriver::~ProcessDriver() {
  for (const Worker& worker : workers_) {
    ::kill(worker.pid, SIGKILL);
    ::waitpid(worker.pid, nullptr, 0);
  }
}

std::string ProcessDriver::name_of(std::size_t slot) const {
  return fmt::format("{}{}", config_.name_prefix, slot);
}

std::size_t ProcessDriver::free_slot() const {
  std::size_t slot = 1;
  while (std::ranges::find(workers_, slot, &Worker::slot) != workers_.end()) ++slot;
  return slot;
}

io::Task<Result<Inventory>> ProcessDriver::look() {
  kill_overdue();
  co_await bury_the_dead();
  Inventory inventory;
  auto& known = inventory.known.emplace();
  known.reserve(workers_.size());
  for (const Worker& worker : workers_) {
    if (!worker.drains_since) known.push_back({worker.name, worker.since});
  }
  inventory.count = static_cast<std::uint32_t>(known.size());
  co_return inventory;
}

io::Task<> ProcessDriver::bury_the_dead() {
  std::vector<std::string> gone;
  std::erase_if(workers_, [&](const Worker& worker) {
    int status = 0;
    if (::waitpid(worker.pid, &status, WNOHANG) == 0) return false;
    note_end(worker, status);
    gone.push_back(worker.name);
    return true;
  });
  for (std::string& name : gone) co_await entry_.dismiss(std::move(name));
}

void ProcessDriver::note_end(const Worker& worker, int status) {
  if (worker.drains_since) {
    log::info("a worker has ended", {{"worker", worker.name}});
    return;
  }
  const SteadyTime now = clock_.steady_now();
  const auto lived = now - worker.started_at;
  crashes_ = lived < k_settled ? std::min(crashes_ + 1, k_most_doublings) : 1;
  not_before_ = now + Seconds{1L << crashes_};
  const std::string how = WIFEXITED(status) ? fmt::format("status {}", WEXITSTATUS(status))
                                            : fmt::format("signal {}", WTERMSIG(status));
  last_crash_ = fmt::format("{} ended by itself with {} after {} s", worker.name, how,
                            std::chrono::duration_cast<Seconds>(lived).count());
  log::warn("a worker ended by itself", {{"reason", last_crash_}});
}

io::Task<Result<>> ProcessDriver::apply(ScaleOrder order) {
  for (Worker& worker : workers_) {
    if (std::ranges::find(order.drain, worker.name) != order.drain.end()) drain(worker);
  }
  for (std::uint32_t i = 0; i < order.start; ++i) {
    const SteadyTime now = clock_.steady_now();
    if (now < not_before_) {
      co_return fail(ErrorCode::unavailable, fmt::format("{}; the next is started after {} s",
                                                         last_crash_, 1L << crashes_));
    }
    CO_TRY_VOID(co_await start_one());
  }
  co_return Result<>{};
}

io::Task<Result<>> ProcessDriver::start_one() {
  Worker worker{.slot = free_slot()};
  worker.name = name_of(worker.slot);
  const std::string folder =
      (std::filesystem::path(config_.folder) / std::to_string(worker.slot)).string();
  CO_TRY_VOID(co_await entry_.enroll(worker.name, folder));
  io::Launch launch;
  launch.program = config_.program;
  launch.arguments = {"shoal"};
  launch.arguments.insert(launch.arguments.end(), config_.arguments.begin(),
                          config_.arguments.end());
  launch.arguments.insert(launch.arguments.end(), {"--data", folder});
  launch.standard_output = STDOUT_FILENO;
  launch.standard_error = STDERR_FILENO;
  launch.limits = no_limits();
  const auto spawned = io::spawn(launch);
  if (!spawned) {
    co_await entry_.dismiss(worker.name);
    co_return std::unexpected(spawned.error());
  }
  ::close(spawned->pidfd);
  worker.pid = spawned->pid;
  worker.since = clock_.now();
  worker.started_at = clock_.steady_now();
  log::info("a worker is started", {{"worker", worker.name}, {"pid", worker.pid}});
  workers_.push_back(std::move(worker));
  co_return Result<>{};
}

void ProcessDriver::drain(Worker& worker) {
  if (worker.drains_since) return;
  worker.drains_since = clock_.steady_now();
  // Ours until it is waited for, so the number is nobody else's.
  ::kill(worker.pid, SIGTERM);
}

void ProcessDriver::kill_overdue() {
  const SteadyTime now = clock_.steady_now();
  for (const Worker& worker : workers_) {
    if (!worker.drains_since || now < *worker.drains_since + config_.drain_limit + k_grace)
      continue;
    log::warn("a worker did not end in its time", {{"worker", worker.name}});
    ::kill(worker.pid, SIGKILL);
  }
}

io::Task<> ProcessDriver::stand_down() {
  for (Worker& worker : workers_) drain(worker);
  kill_overdue();
  co_await bury_the_dead();
}

io::Task<> ProcessDriver::stop() {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
  for (Worker& worker : workers_) {
    worker.drains_since = clock_.steady_now();
    ::kill(worker.pid, SIGINT);
  }
  const auto deadline = std::chrono::steady_clock::now() + k_last_words;
  for (co_await bury_the_dead(); !workers_.empty(); co_await bury_the_dead()) {
    if (std::chrono::steady_clock::now() > deadline) {
      for (const Worker& worker : workers_) ::kill(worker.pid, SIGKILL);
    }
    timer.expires_after(k_look_again);
    co_await timer.async_wait(io::use_awaitable);
  }
}

}  // namespace shoal::scaling
