#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "db/session.h"
#include "jobs/queue.h"

/// Who holds a running job: one, or for a while two, of which the second is its twin (twins.h).
/// How a lease ends while another of the same job may live. Of this room alone; inside the
/// caller's transaction.
namespace shoal::jobs {

/// This lease becomes the only one: whoever else made the same writes nothing from now on. The row
/// is locked until the transaction ends. conflict when the lease was lost.
Result<> claim(db::Session& session, LeaseKey key);

enum class Ending {
  failed,     ///< by itself
  died,       ///< with its worker
  forgotten,  ///< its worker knows nothing of it
  released,   ///< unharmed: the attempt does not count
};

/// This lease ends. True when another holder goes on alone; false when there is none, and the
/// caller says what becomes of the job, whose row is locked. Two holders are one attempt: a twin
/// that ends costs none, and one that goes on alone after the first failed or died is the next.
/// conflict when the lease was lost.
Result<bool> leave_to_other(db::Session& session, LeaseKey key, Ending ending,
                            const std::optional<std::string>& error);

/// Ends all leases for which `whose` is true: a condition in SQL with {holder}, {expires} and
/// {fence} where the columns of a lease stand. Jobs without another holder go back to waiting;
/// returns how many. Not for Ending::failed.
std::int64_t end_leases(db::Session& session, const char* whose,
                        const std::vector<db::Value>& arguments, Ending ending);

}  // namespace shoal::jobs
