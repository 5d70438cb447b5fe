#include "app/config/jobs_schema.h"

#include <fmt/format.h>

#include "base/machine_labels.h"

namespace shoal::app {

void describe_jobs(config::Schema& s, Config::Jobs& jobs) {
  const auto& kinds = Config::Jobs::k_kinds;
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    s.add(fmt::format("jobs.needs.{}", kinds[i]), jobs.needs[i],
          fmt::format("Labels that a node or worker needs to take video-{} jobs; the same on all "
                      "nodes.",
                      kinds[i]))
        .checked_by(check_machine_label);
  }
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    s.add(fmt::format("jobs.concurrency.{}", kinds[i]), jobs.concurrency[i],
          fmt::format("Most video-{} jobs at once on this node, within transcoding.concurrency.",
                      kinds[i]))
        .range(1, Config::Jobs::k_unbounded);
  }
}

}  // namespace shoal::app
