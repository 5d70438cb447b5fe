#pragma once

#include "api/core/context.h"
#include "io/task.h"

namespace shoal::api {

/// Brings the gauges that are read from the database and the kernel up to date; those from the
/// database at most every 15 s. When the database is away the last figures stay.
io::Task<> refresh_metrics(Context& context);

}  // namespace shoal::api
