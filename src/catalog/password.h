#pragma once

#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"

namespace shoal::catalog {

/// argon2id, 19 MiB, t=2, p=1 (OWASP), as a PHC string. About 30 ms and 19 MiB each: run it on an
/// Offload of few threads. Any thread. Errors: unavailable (out of memory).
Result<std::string> hash_password(std::string_view password, Random& random);
/// Constant time in the password; false also for a hash that cannot be read.
bool verify_password(std::string_view password, const std::string& hash);

}  // namespace shoal::catalog
