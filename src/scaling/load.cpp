#include "scaling/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "scaling/measure.h"

namespace shoal::scaling {

namespace {

/// A deviation of more standard errors than this is no chance: it happens once in some days, at
/// four decisions a minute.
constexpr double k_surprise = 4;
/// Estimates may be wrong, but not by more; a measure beyond is a mistake of the measuring.
constexpr double k_least_throughput = 0.1;
constexpr double k_most_throughput = 10;

double rate_of(const Arrivals& arrivals) {
  if (arrivals.time.count() <= 0) return 0;
  return arrivals.work_seconds / static_cast<double>(arrivals.time.count());
}

double mean_job(const WorkerLoad& load) {
  if (load.lately.jobs == 0) return 0;
  return load.lately.work_seconds / static_cast<double>(load.lately.jobs);
}

/// Whether so many jobs could not come by chance in a time in which `expected` does. Jobs come
/// independently, so their number varies by its square root.
bool is_surprise(const WorkerLoad& load, double expected) {
  const double size = mean_job(load);
  const Seconds time = load.latest.time + load.before.time;
  if (size == 0 || time.count() <= 0) return false;
  const double jobs = expected * static_cast<double>(time.count()) / size;
  const auto came = static_cast<double>(load.latest.jobs + load.before.jobs);
  const double difference = std::abs(came - jobs);
  return difference > k_surprise * std::sqrt(std::max(jobs, 1.0));
}

/// Seconds of work a second.
double rate_ahead(const WorkerLoad& load, std::vector<std::string>& reasons) {
  const double latest = rate_of(load.latest);
  const double before = rate_of(load.before);
  const bool is_forecast = load.expected && is_measure(*load.expected);
  const double expected = is_forecast ? *load.expected : rate_of(load.lately);
  if (is_surprise(load, expected)) {
    reasons.push_back(
        fmt::format("{:.1f} s of work a second came in the last {} s, which is not the {:.1f} "
                    "expected",
                    latest, load.latest.time.count(), expected));
    // While it grows, as it will be at the next decision.
    return latest > before ? latest + (latest - before) : (latest + before) / 2;
  }
  reasons.push_back(fmt::format("{:.1f} s of work a second are expected, {}", expected,
                                is_forecast ? "by the time of day" : "as lately"));
  return expected;
}

double throughput_of(const WorkerLoad& load, std::vector<std::string>& reasons) {
  const double measured = positive(load.throughput);
  if (measured > 0) return std::clamp(measured, k_least_throughput, k_most_throughput);
  reasons.push_back("no throughput is measured yet: jobs are taken to last as estimated");
  return 1;
}

/// Node-seconds that the fleet as it is has until `ahead` from now.
double capacity(std::span<const FleetNode> nodes, UtcTime now, Seconds ahead) {
  double total = 0;
  for (const FleetNode& node : nodes) {
    if (node.state == FleetState::draining) continue;
    Milliseconds missing{0};
    // A clock that went backwards makes no node start later than from now.
    if (node.state == FleetState::starting) {
      missing = std::clamp<Milliseconds>(node.since + ahead - now, Milliseconds{0}, ahead);
    }
    total += std::chrono::duration<double>(ahead - missing).count();
  }
  return total;
}

}  // namespace

Need needed_workers(const WorkerLoad& load, std::span<const FleetNode> nodes, UtcTime now,
                    const WorkerPolicy& policy) {
  Need need;
  if (!is_measure(load.queued_seconds) || !is_measure(load.latest.work_seconds) ||
      !is_measure(load.before.work_seconds) || !is_measure(load.lately.work_seconds)) {
    return need;
  }
  const double rate = rate_ahead(load, need.reasons);
  const double throughput = throughput_of(load, need.reasons);
  const Seconds ahead = std::max(policy.start_time, Seconds{0});
  const double helped = positive(load.helped);
  const double done =
      throughput * capacity(nodes, now, ahead) + helped * static_cast<double>(ahead.count());
  const double coming = rate * static_cast<double>(ahead.count());
  const double then = std::max(0.0, load.queued_seconds + coming - done);
  need.reasons.push_back(
      fmt::format("{:.0f} s of work wait, {:.0f} s will when a node started now is at work",
                  load.queued_seconds, then));
  const auto target = static_cast<double>(std::max(policy.target_wait, Seconds{1}).count());
  // Of the work that comes until the queue is worked off. Jobs come independently, with sizes about
  // as spread as an exponential's: the variance of their sum is twice its mean times a job's.
  const double variance = 2 * mean_job(load) * (coming + rate * target);
  const double chance = positive(policy.caution) * std::sqrt(variance);
  need.nodes = std::max(0.0, (then + chance) / target - helped) / throughput;
  if (helped > 0)
    need.reasons.push_back(fmt::format("others do {:.1f} s of work a second", helped));
  need.reasons.push_back(
      fmt::format("{:.1f} nodes keep the wait under {:.0f} s at {:.2f} s of work "
                  "a second each",
                  *need.nodes, target, throughput));
  return need;
}

std::optional<double> delivery_capacities(const DeliveryLoad& load, const DeliveryPolicy& policy) {
  const double requests = positive(policy.requests_per_second);
  const auto egress = static_cast<double>(policy.egress.value);
  if (requests == 0 && egress == 0) return std::nullopt;
  if (!is_measure(load.requests_per_second)) return std::nullopt;
  double capacities = 0;
  if (requests > 0) capacities = load.requests_per_second / requests;
  if (egress > 0) {
    capacities = std::max(capacities, static_cast<double>(load.egress.value) / egress);
  }
  return capacities;
}

Need needed_delivery(const DeliveryLoad& load, const DeliveryPolicy& policy) {
  Need need;
  const auto now = delivery_capacities(load, policy);
  if (!now) {
    need.reasons.push_back("no capacity of a delivery node is set, or no load is measured");
    return need;
  }
  need.reasons.push_back(
      fmt::format("{:.0f} requests and {:.1f} Mbit a second are {:.2f} nodes at "
                  "their capacity",
                  load.requests_per_second, static_cast<double>(load.egress.value) / 1e6, *now));
  double capacities = *now;
  const double expected = positive(load.expected.value_or(0));
  if (expected > capacities) {
    capacities = expected;
    need.reasons.push_back(fmt::format("{:.2f} are expected, by the time of day", expected));
  }
  const bool is_share = policy.utilisation > 0 && policy.utilisation <= 1;
  const double utilisation = is_share ? policy.utilisation : 1;
  need.nodes = capacities / utilisation;
  need.reasons.push_back(
      fmt::format("{:.1f} nodes carry that at {:.0f} %", *need.nodes, 100 * utilisation));
  return need;
}

}  // namespace shoal::scaling
