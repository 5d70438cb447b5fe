#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "db/session.h"

namespace shoal::db {

/// A duty that one node of the cluster holds (scheduler, garbage, autoscaler) until `expires_at` of
/// the database's clock. The fence grows with every change of hands and never repeats: pass it to
/// check_lease in each transaction that acts on the duty.
struct Lease {
  std::string name;
  std::string owner;
  std::int64_t fence = 0;
  UtcTime expires_at{};
};

/// What a writing transaction that acts on a duty begins with: conflict when the duty is another's
/// now, and then nothing may be written.
using Fence = std::function<Result<>(Session&)>;
/// For the only node that there can be.
inline Fence unfenced() {
  return [](Session&) { return Result<>(); };
}

// All run inside the caller's writing transaction.

/// Takes a free or expired lease, or extends one that `owner` holds (same fence). Nothing when
/// another holds it.
std::optional<Lease> acquire_lease(Session& session, std::string_view name, std::string_view owner,
                                   Milliseconds duration);
/// As acquire_lease, but what `owner` holds already counts as another's: the fence grows, so that
/// the same owner's earlier process finds its lease lost.
std::optional<Lease> take_over_lease(Session& session, std::string_view name,
                                     std::string_view owner, Milliseconds duration);
/// Extends it, also when it has expired, as long as nobody took it. conflict when it was lost.
Result<> renew_lease(Session& session, const Lease& lease, Milliseconds duration);
/// conflict when it expired or changed hands.
Result<> check_lease(Session& session, const Lease& lease);
/// Gives it back at once; nothing happens when it was lost before.
void release_lease(Session& session, const Lease& lease);

}  // namespace shoal::db
