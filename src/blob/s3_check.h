#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/random.h"
#include "blob/s3_store.h"
#include "io/task.h"

namespace shoal::blob {

/// One thing that was tried. `message` says what was seen, and what to change at the provider where
/// it did not pass.
struct CheckStep {
  std::string name;
  bool passed = false;
  std::string message;
};

/// How viewers are to be sent to the store.
struct CheckedDoors {
  std::vector<std::string> base_urls;  ///< without '/' at the end; prefix and key follow
  bool redirects = false;              ///< the public are sent to the base URLs, or to the bucket
  bool presigns = false;
  std::string origin;  ///< of the web client, which the CORS rules must allow
};

/// Proves a store before it is used: clock, keys, put, ranged get, multipart, what strangers may
/// read, CORS, delete. Works on objects of its own below `.shoal-check/`, which it deletes, and
/// leaves the marker alone. Goes on after a failure where that makes sense.
io::Task<std::vector<CheckStep>> check_store(S3StoreConfig config, CheckedDoors doors,
                                             const Clock& clock, Random& random, Metrics& metrics);

}  // namespace shoal::blob
