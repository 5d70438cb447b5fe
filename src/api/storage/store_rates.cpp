#include "api/storage/store_rates.h"

#include <algorithm>

namespace shoal::api {
namespace {

constexpr Seconds k_window{60};
constexpr Seconds k_apart{1};

std::string label(const Metrics::Sample& sample, std::string_view name) {
  const auto found = std::ranges::find(sample.labels, name, &Labels::value_type::first);
  return found == sample.labels.end() ? "" : found->second;
}

/// A key that is free, or taken already, is an answer like another.
bool is_error(std::string_view outcome) {
  return outcome != "ok" && outcome != "not_found" && outcome != "conflict";
}

}  // namespace

StoreRates::Look StoreRates::look() const {
  Look now{clock_.steady_now(), {}};
  for (const Metrics::Sample& sample : metrics_.samples("shoal_store_requests_total")) {
    Totals& totals = now.stores[label(sample, "store")];
    totals.requests += sample.value;
    if (is_error(label(sample, "outcome"))) totals.errors += sample.value;
  }
  return now;
}

std::map<std::string, StoreRates::Figures> StoreRates::sample() {
  const std::scoped_lock lock(mutex_);
  Look now = look();
  // The oldest one stays even when nobody has looked for long: a long average is better than none.
  while (looks_.size() > 1 && looks_.front().at < now.at - k_window) looks_.pop_front();
  std::map<std::string, Figures> figures;
  for (const auto& [store, totals] : now.stores) {
    Figures& out = figures[store];
    out.requests = totals.requests;
    out.errors = totals.errors;
    if (looks_.empty()) continue;
    const std::chrono::duration<double> passed = now.at - looks_.front().at;
    if (passed < k_apart) continue;
    const auto before = looks_.front().stores.find(store);
    const Totals then = before == looks_.front().stores.end() ? Totals{} : before->second;
    out.requests_per_second = (totals.requests - then.requests) / passed.count();
    out.errors_per_second = (totals.errors - then.errors) / passed.count();
  }
  if (looks_.empty() || now.at >= looks_.back().at + k_apart) looks_.push_back(std::move(now));
  return figures;
}

}  // namespace shoal::api
