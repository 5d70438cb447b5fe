#pragma once

#include <string>
#include <string_view>

#include "base/metrics.h"
#include "base/result.h"

namespace shoal::blob {

/// The one metric of what is asked of stores of all types; `operation` is one of a few.
inline Counter request_counter(Metrics& metrics, const std::string& store,
                               std::string_view operation, std::string_view outcome) {
  return metrics.counter(
      "shoal_store_requests_total", "Requests to stores, each attempt.",
      {{"store", store}, {"operation", std::string(operation)}, {"outcome", std::string(outcome)}});
}

}  // namespace shoal::blob
