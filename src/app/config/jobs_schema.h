#pragma once

#include "app/config/config.h"
#include "base/config/key.h"

namespace shoal::app {

/// The keys of `jobs`: for each kind which labels it needs, and how many at once.
void describe_jobs(config::Schema& s, Config::Jobs& jobs);

}  // namespace shoal::app
