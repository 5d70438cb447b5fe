// Replays days of jobs in virtual time under our autoscaler's decision and under the Kubernetes
// HPA, and prints what came of it, as JSON. usage: shoal_autoscaler_bench FIRST_SEED LAST_SEED
#include <boost/json.hpp>
#include <charconv>
#include <cstdio>
#include <cstring>

#include "bench/autoscaler/farm.h"
#include "bench/autoscaler/hpa.h"

namespace {

using namespace shoal;
using namespace shoal::bench;

constexpr std::uint32_t k_minimum = 2;
constexpr std::uint32_t k_maximum = 1000;
constexpr std::uint32_t k_days_before = 7;
constexpr std::size_t k_lately = 60;  // periods: 15 min
constexpr UtcTime k_begin{std::chrono::sys_days{std::chrono::year{2026} / 3 / 10}};

/// As the running autoscaler does: measure, decide, do; and remember.
class OurScaler final : public Scaler {
 public:
  explicit OurScaler(scaling::Rhythm rhythm) : rhythm_(rhythm) {
    fleet_.minimum = k_minimum;
    fleet_.maximum = k_maximum;
    workers_.target_wait = k_target_wait;
  }

  void look(Farm& farm) override {
    const UtcTime now = farm.clock().now();
    const auto nodes = farm.nodes();
    scaling::WorkerLoad load{
        .queued_seconds = farm.queued_seconds(),
        .latest = farm.arrived(0, 1),
        .before = farm.arrived(1, 1),
        .lately = farm.arrived(0, k_lately),
        .throughput = farm.throughput(),
        .expected = rhythm_.forecast(farm.samples(), now, now + workers_.start_time)};
    const auto need = scaling::needed_workers(load, nodes, now, workers_);
    const auto decision = scaling::decide({now, nodes, recent_}, need, fleet_);
    farm.start(decision.start);
    for (const auto& name : decision.resume) farm.resume(name);
    for (const auto& name : decision.drain) farm.drain(name);
    recent_ = decision.recent;
  }

 private:
  scaling::Rhythm rhythm_;
  scaling::FleetPolicy fleet_;
  scaling::WorkerPolicy workers_;
  std::vector<scaling::Recommendation> recent_;
};

/// From earlier days of the same generator, crowds and all; never from the day that is measured.
scaling::Rhythm learn_rhythm(std::uint64_t seed) {
  std::vector<scaling::LoadSample> history;
  for (std::uint32_t day = 0; day < k_days_before; ++day) {
    const UtcTime begin = k_begin - std::chrono::days(k_days_before - day);
    const auto samples = load_samples(make_day(seed, day), begin);
    history.insert(history.end(), samples.begin(), samples.end());
  }
  return scaling::Rhythm::learn(history, k_begin);
}

/// The fleet that all begin with: what the first ten minutes keep busy.
std::uint32_t first_fleet(const std::vector<Job>& jobs) {
  double work = 0;
  for (const Job& job : jobs) {
    if (job.at < std::chrono::minutes(10)) work += static_cast<double>(job.size.count()) / 1e6;
  }
  return static_cast<std::uint32_t>(work / 600) + 1;
}

boost::json::object describe(const DayResult& day) {
  return {{"wait_over_target_s", day.wait_over_target},
          {"node_hours", day.node_hours},
          {"longest_wait_s", day.longest_wait},
          {"jobs", day.jobs},
          {"interrupted", day.interrupted},
          {"most_nodes", day.most_nodes},
          {"events", day.events}};
}

boost::json::object measure(std::uint64_t seed) {
  const auto jobs = make_day(seed, k_days_before);
  const auto run = [&](Scaler& scaler) {
    return describe(Farm(seed, k_begin, jobs, first_fleet(jobs)).run(scaler));
  };
  OurScaler ours(learn_rhythm(seed));
  HpaScaler begun(k_minimum, k_maximum, HpaKind::begun);
  HpaScaler rate(k_minimum, k_maximum, HpaKind::rate);
  HpaScaler use(k_minimum, k_maximum, HpaKind::use);
  double work = 0;
  for (const Job& job : jobs) work += static_cast<double>(job.size.count()) / 1e6;
  return {{"seed", seed},        {"work_hours", work / 3600}, {"ours", run(ours)},
          {"begun", run(begun)}, {"rate", run(rate)},         {"use", run(use)}};
}

std::uint64_t number(const char* text) {
  std::uint64_t value = 0;
  std::from_chars(text, text + std::strlen(text), value);
  return value;
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t first = argc == 3 ? number(argv[1]) : 0;
  const std::uint64_t last = argc == 3 ? number(argv[2]) : 0;
  if (first == 0 || last < first) {
    std::fputs("usage: shoal_autoscaler_bench FIRST_SEED LAST_SEED\n", stderr);
    return 2;
  }
  boost::json::array days;
  for (std::uint64_t seed = first; seed <= last; ++seed) days.push_back(measure(seed));
  std::puts(boost::json::serialize(days).c_str());
  return 0;
}
