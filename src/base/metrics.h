#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace shoal {

using Labels = std::vector<std::pair<std::string, std::string>>;

/// Handles to one time series each. Cheap to copy, any thread; valid as long as their Metrics.
class Counter {
 public:
  explicit Counter(void* series) : series_(series) {}
  void add(double amount = 1) const;

 private:
  void* series_;
};

class Gauge {
 public:
  explicit Gauge(void* series) : series_(series) {}
  void set(double value) const;
  void add(double amount) const;

 private:
  void* series_;
};

class Histogram {
 public:
  explicit Histogram(void* series) : series_(series) {}
  void observe(double value) const;

 private:
  void* series_;
};

/// The registry behind /metrics (Prometheus text format 0.0.4). Asking twice for the same name and
/// labels gives the same series. Label values must come from a bounded set. Any thread.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  Counter counter(std::string_view name, std::string_view help, const Labels& labels = {});
  Gauge gauge(std::string_view name, std::string_view help, const Labels& labels = {});
  /// `bounds` are the upper bounds of the buckets, ascending.
  Histogram histogram(std::string_view name, std::string_view help,
                      const std::vector<double>& bounds, const Labels& labels = {});

  std::string render() const;
  struct Sample {
    Labels labels;  ///< by name
    double value = 0;
  };
  /// All series of a counter or gauge. Walks the registry.
  std::vector<Sample> samples(std::string_view name) const;
  /// The sum of all series of a counter or gauge; 0 where there is none. Walks the registry.
  double sum(std::string_view name) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shoal
