#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "db/database.h"
#include "storage/checks/findings.h"
#include "storage/checks/orphans.h"
#include "storage/checks/store_verifier.h"

/// What an administrator does about copies that are damaged and objects that nobody knows.
/// Blocking.
namespace shoal::cli {

/// The stores that the program has opened once; one, where it is named. Errors: not_found.
Result<std::vector<std::string>> registered_stores(db::Database& database, const std::string& name);

/// As typed.
struct VerifyOptions {
  std::string sample{};  ///< "5%"; empty: as much as is usual
  bool is_full = false;
  bool is_quick = false;  ///< sizes only
  bool only_bad = false;
  std::string older_than{};  ///< "30d"; empty: any
  std::string limit_rate{};  ///< "20MB" a second; empty: none
};
/// For every store. Errors: invalid (names what cannot be read).
Result<storage::VerifyOrder> plan_verify(const VerifyOptions& options, UtcTime now);

struct RepairPlan {
  std::int64_t queued = 0;   ///< jobs that were made, or would be
  std::int64_t running = 0;  ///< that an earlier command has made, and are not done yet
  std::uint64_t bytes = 0;   ///< to be copied
  std::int64_t hopeless = 0;
  /// Copies without a good one to repair them from: the first of them.
  std::vector<storage::BadCopy> examples{};
};
/// Queues a job for each bad copy that has a good one, for the running server; only counts when it
/// is a dry run. Of all stores where `store` is empty.
Result<RepairPlan> repair_copies(db::Database& database, const std::string& store, bool is_dry_run);

/// As typed.
struct GcOptions {
  bool deletes = false;
  std::string older_than{};  ///< "2d"
  std::string keep_for{};    ///< "7d"
};
/// For every store. Errors: invalid (names what cannot be read, or is too short).
Result<storage::OrphanOrder> plan_gc(const GcOptions& options);

/// The first 10,000.
Result<std::vector<storage::TrashedOrphan>> list_trash(db::Database& database,
                                                       const std::string& store);
/// Returns how many. Errors: not_found (none of them is in the trash, or it is too late).
Result<std::int64_t> take_back(db::Database& database, const std::string& store,
                               const std::vector<std::string>& keys);
/// All stores where it is empty. Errors: not_found.
Result<> confirm_store(db::Database& database, const std::string& store);

}  // namespace shoal::cli
