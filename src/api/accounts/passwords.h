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

/// Whose password it is, or nothing when it is wrong or there is no such account. `login` is a user
/// name or an e-mail address, `client` an address. Takes as long without an account as with one, so
/// that the time does not tell which exist. Errors: 429 (this client guesses too much, at any
/// node), 503 (too many wait for argon2).
io::Task<Answer<std::optional<catalog::Credentials>>> try_password(Context& context,
                                                                   std::string login,
                                                                   std::string client,
                                                                   std::string password);
/// Errors: 503 as above.
io::Task<Answer<std::string>> make_hash(Context& context, std::string password);

}  // namespace shoal::api
