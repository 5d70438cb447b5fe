#pragma once

#include <vector>

#include "simulation/kernel.h"

namespace shoal::simulation {

/// How often something breaks in a cluster as a whole, on average (0: never), and how badly.
struct FaultPlan {
  Microseconds crash_every{0};
  Microseconds least_down{1'000'000};
  Microseconds most_down{60'000'000};

  /// One at a time: a random part of the nodes is cut off from the others.
  Microseconds partition_every{0};
  Microseconds least_cut{1'000'000};
  Microseconds most_cut{30'000'000};

  /// A node's clock jumps and goes at another speed.
  Microseconds skew_every{0};
  Milliseconds most_offset{5'000};
  double most_drift = 0.0005;
};

/// Breaks nodes of a kernel from then on, by chance of its own that the kernel's seed decides.
/// Outlives the kernel's last run. One thread.
class Faults {
 public:
  Faults(Kernel& kernel, std::vector<NodeId> nodes, const FaultPlan& plan);
  Faults(const Faults&) = delete;
  Faults& operator=(const Faults&) = delete;

  /// Nothing breaks any more, all nodes are up and reach each other; clocks stay as they are.
  void stop();

  struct Done {
    std::uint64_t crashes = 0;
    std::uint64_t partitions = 0;
    std::uint64_t skews = 0;
  };
  const Done& done() const { return done_; }

 private:
  void plan_crash();
  void plan_partition();
  void plan_skew();
  void crash_one();
  void cut_some();
  void skew_one();
  NodeId any();

  Kernel& kernel_;
  std::vector<NodeId> nodes_;
  FaultPlan plan_;
  SeededRandom random_;
  bool is_stopped_ = false;
  Done done_;
};

}  // namespace shoal::simulation
