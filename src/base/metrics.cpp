#include "base/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <map>

namespace shoal {

struct Metrics::Impl {
  // `Merge`: a second request for a family returns the first instead of throwing.
  prometheus::Registry registry{prometheus::Registry::InsertBehavior::Merge};
};

namespace {

std::map<std::string, std::string> to_map(const Labels& labels) {
  return {labels.begin(), labels.end()};
}

}  // namespace

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

Counter Metrics::counter(std::string_view name, std::string_view help, const Labels& labels) {
  auto& family = prometheus::BuildCounter()
                     .Name(std::string(name))
                     .Help(std::string(help))
                     .Register(impl_->registry);
  return Counter(&family.Add(to_map(labels)));
}

Gauge Metrics::gauge(std::string_view name, std::string_view help, const Labels& labels) {
  auto& family = prometheus::BuildGauge()
                     .Name(std::string(name))
                     .Help(std::string(help))
                     .Register(impl_->registry);
  return Gauge(&family.Add(to_map(labels)));
}

Histogram Metrics::histogram(std::string_view name, std::string_view help,
                             const std::vector<double>& bounds, const Labels& labels) {
  auto& family = prometheus::BuildHistogram()
                     .Name(std::string(name))
                     .Help(std::string(help))
                     .Register(impl_->registry);
  return Histogram(&family.Add(to_map(labels), bounds));
}

std::string Metrics::render() const {
  return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

std::vector<Metrics::Sample> Metrics::samples(std::string_view name) const {
  std::vector<Sample> found;
  for (const auto& family : impl_->registry.Collect()) {
    if (family.name != name) continue;
    for (const auto& series : family.metric) {
      Sample& sample = found.emplace_back();
      sample.value = series.counter.value + series.gauge.value;
      for (const auto& label : series.label) sample.labels.emplace_back(label.name, label.value);
    }
  }
  return found;
}

double Metrics::sum(std::string_view name) const {
  double total = 0;
  for (const Sample& sample : samples(name)) total += sample.value;
  return total;
}

void Counter::add(double amount) const {
  static_cast<prometheus::Counter*>(series_)->Increment(amount);
}
void Gauge::set(double value) const {
  static_cast<prometheus::Gauge*>(series_)->Set(value);
}
void Gauge::add(double amount) const {
  static_cast<prometheus::Gauge*>(series_)->Increment(amount);
}
void Histogram::observe(double value) const {
  static_cast<prometheus::Histogram*>(series_)->Observe(value);
}

}  // namespace shoal
