#pragma once

#include "api/core/context.h"
#include "api/core/problem.h"
#include "io/task.h"

namespace shoal::api {

/// Whether somebody may register now: it is enabled and the limit of users is not reached.
io::Task<Answer<bool>> is_signup_open(Context& context);

}  // namespace shoal::api
