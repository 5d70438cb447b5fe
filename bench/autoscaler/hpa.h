#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bench/autoscaler/farm.h"

namespace shoal::bench {

/// A metric of type AverageValue: the sum over all pods, and what one pod shall have of it.
struct HpaMetric {
  double total = 0;
  double target = 0;
};

/// The algorithm of the Kubernetes HorizontalPodAutoscaler with its default behaviour, written from
/// https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/ ("Algorithm details",
/// "Scaling on multiple metrics", "Default behavior"): for each metric ceil(current * metric /
/// target), none within a tolerance of 0.1; the largest counts; down to the largest of the last
/// 300 s; up by four pods or 100 %, whichever is more, every 15 s. One thread.
class Hpa {
 public:
  Hpa(std::uint32_t minimum, std::uint32_t maximum) : minimum_(minimum), maximum_(maximum) {}

  std::uint32_t decide(UtcTime now, std::uint32_t current, std::span<const HpaMetric> metrics);

 private:
  struct Past {
    UtcTime at;
    std::uint32_t replicas;
  };

  std::uint32_t minimum_;
  std::uint32_t maximum_;
  std::vector<Past> past_;
};

/// An HPA of the workers. It scales on the estimated work that waits or is begun, `k_target_wait`
/// of it for each worker; with `by_rate` also on the work that came in the last minute, so that it
/// knows all that ours measures. Pods go as documented: those that are not ready first, then the
/// youngest
/// (https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/#scaling-a-replicaset).
class HpaScaler final : public Scaler {
 public:
  HpaScaler(std::uint32_t minimum, std::uint32_t maximum, bool by_rate)
      : hpa_(minimum, maximum), by_rate_(by_rate) {}

  void look(Farm& farm) override;

 private:
  Hpa hpa_;
  bool by_rate_;
};

}  // namespace shoal::bench
