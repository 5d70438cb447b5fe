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

/// What an HPA of the workers scales on, besides the estimated work that waits, `k_target_wait` of
/// it for each worker.
enum class HpaKind {
  begun,  ///< the work that workers are at counts with what waits, as KEDA's scalers count it
  rate,   ///< also on the work that came in the last minute
  use,    ///< also on 80 % of the workers being busy
};

/// Pods go as documented: those that are not ready first, then the youngest
/// (https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/#scaling-a-replicaset).
class HpaScaler final : public Scaler {
 public:
  HpaScaler(std::uint32_t minimum, std::uint32_t maximum, HpaKind kind)
      : hpa_(minimum, maximum), kind_(kind) {}

  void look(Farm& farm) override;

 private:
  std::vector<HpaMetric> measure(const Farm& farm, std::span<const scaling::FleetNode> nodes) const;

  Hpa hpa_;
  HpaKind kind_;
};

}  // namespace shoal::bench
