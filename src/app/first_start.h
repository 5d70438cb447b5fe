#pragma once

#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "catalog/instance.h"
#include "db/database.h"

namespace shoal::app {

struct FirstStart {
  catalog::InstanceIdentity identity;
  /// The administrator's password where this start made one: to be shown once, kept nowhere.
  std::string generated_root_password;
};

/// Makes what an instance must have before it serves and does not have yet: its identity and the
/// administrator `root`, with the password of SHOAL_INITIAL_ROOT_PASSWORD or a random one.
/// Blocking.
Result<FirstStart> ensure_first_start(db::Database& database, Random& random, const Clock& clock,
                                      const std::string& origin, const std::string& admin_email);

}  // namespace shoal::app
