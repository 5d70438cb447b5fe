#pragma once

#include "base/result.h"
#include "blob/s3/credentials.h"
#include "io/task.h"

namespace shoal::blob::s3 {

/// Asks once for the keys of a role. Seconds at the most, about one where nobody is there. Never
/// through a proxy, but for STS. Errors: unavailable (nobody there, or there is no role), corrupt,
/// and those of reading the token's file; they name no secret.
io::Task<Result<LentCredentials>> ask_for_keys(RolePlace place);

}  // namespace shoal::blob::s3
