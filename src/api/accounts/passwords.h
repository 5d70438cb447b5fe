#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "api/core/context.h"
#include "api/core/fields.h"
#include "api/core/problem.h"
#include "catalog/users.h"
#include "io/task.h"

namespace shoal::api {

inline constexpr std::size_t k_min_password = 6;
inline constexpr std::size_t k_max_password = 255;
inline constexpr TextRule k_password_rule{k_min_password, k_max_password,
                                          "Should have a password between 6 and 255 characters "
                                          "long"};

/// argon2 on the offload for it; 503 when too many wait. Without credentials it takes as long, so
/// that the time does not tell whether a user exists.
io::Task<Answer<bool>> check_password(Context& context,
                                      std::optional<catalog::Credentials> credentials,
                                      std::string password);
io::Task<Answer<std::string>> make_hash(Context& context, std::string password);

}  // namespace shoal::api
