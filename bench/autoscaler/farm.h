#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <vector>

#include "bench/autoscaler/demand.h"
#include "scaling/load.h"
#include "simulation/kernel.h"

namespace shoal::bench {

class Farm;

/// Who decides how many workers there are; asked every `k_period`.
class Scaler {
 public:
  virtual ~Scaler() = default;
  virtual void look(Farm& farm) = 0;
};

constexpr Seconds k_period{15};
/// How long a job may wait: less than a worker takes to start.
constexpr Seconds k_target_wait{60};
constexpr Microseconds k_least_start{60'000'000};
constexpr Microseconds k_most_start{120'000'000};
/// What Kubernetes leaves a pod between SIGTERM and SIGKILL.
constexpr Microseconds k_grace{30'000'000};

/// What a day cost and how it was for those who waited.
struct DayResult {
  double wait_over_target = 0;  ///< seconds in which the oldest waiting job was over the target
  double node_hours = 0;        ///< from asking for a worker until it is gone
  double longest_wait = 0;      ///< seconds
  std::uint64_t jobs = 0;
  std::uint64_t interrupted = 0;  ///< jobs lost with their worker, and begun again
  std::uint64_t most_nodes = 0;
  std::uint64_t events = 0;
};

/// Workers on the kernel that take jobs, one at a time, in the order they came. A worker takes 60
/// to 120 s from being asked for until it works. One thread, one day.
class Farm {
 public:
  Farm(std::uint64_t seed, UtcTime begin, const std::vector<Job>& jobs, std::uint32_t nodes);

  DayResult run(Scaler& scaler);

  // What both autoscalers may know.
  const Clock& clock() const { return kernel_.clock(); }
  // Estimated, of jobs that wait and of those that workers are at; sums that may round below 0.
  double queued_seconds() const { return std::max(0.0, queued_seconds_); }
  double begun_seconds() const { return std::max(0.0, begun_seconds_); }
  /// What came in so many periods that end `before` periods ago.
  scaling::Arrivals arrived(std::size_t before, std::size_t periods) const;
  /// Estimated seconds of the jobs that the last finished ones took for one of theirs.
  double throughput() const;
  std::vector<scaling::FleetNode> nodes() const;
  /// The finished five minutes of today.
  std::span<const scaling::LoadSample> samples() const;

  void start(std::uint32_t count);
  /// Takes no more jobs, and goes after its own.
  void drain(const std::string& name);
  void resume(const std::string& name);
  /// As a pod goes: its job has the grace to end, else it waits again, from the front.
  void terminate(const std::string& name);

 private:
  enum class State { starting, idle, busy, gone };
  struct Worker {
    simulation::NodeId node{};
    State state = State::starting;
    bool is_draining = false;
    Microseconds asked{};
    std::size_t job = 0;
    Microseconds job_began{};
  };
  struct Waiting {
    std::size_t job;
    Microseconds since;
  };
  struct Period {
    double work = 0;
    std::uint64_t jobs = 0;
  };

  Worker& find(const std::string& name);
  void add(Microseconds start_time);
  void arrive(std::size_t job);
  void hand_out();
  Microseconds oldest_wait() const;
  void begin(std::uint32_t worker);
  void finish(std::uint32_t worker);
  void end(Worker& worker);
  void each_second();
  void each_period(Scaler& scaler);

  simulation::Kernel kernel_;
  SeededRandom start_times_;
  const std::vector<Job>& jobs_;
  std::vector<scaling::LoadSample> samples_;
  std::vector<Worker> workers_;      // by the number of their node
  std::vector<std::uint32_t> idle_;  // may name some that no longer are
  std::deque<Waiting> queue_;
  std::deque<Waiting> again_;  // of workers that were lost: before the others
  std::vector<Period> periods_ = std::vector<Period>(1);
  double queued_seconds_ = 0;
  double begun_seconds_ = 0;
  // Of finished jobs, the older the less.
  double done_estimate_ = 0;
  double done_time_ = 0;
  Microseconds node_time_{0};
  DayResult result_;
};

}  // namespace shoal::bench
