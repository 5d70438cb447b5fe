#pragma once

#include <memory>
#include <string>

#include "api/core/context.h"
#include "io/task.h"

namespace shoal::api {

/// PeerTube's version whose API this is: clients decide by it what they may ask for.
inline constexpr std::string_view k_api_version = "6.3.0";

/// The body of GET config, rendered at most every few seconds and after every change here. When
/// the database is away it says that sign-up is closed.
io::Task<std::shared_ptr<const std::string>> public_config(Context& context);

}  // namespace shoal::api
