#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "db/database.h"
#include "storage/moves/move_batches.h"
#include "storage/store_usage.h"

/// What an administrator does with stores at a shell. Blocking; the running server moves the files.
namespace shoal::cli {

Result<std::vector<storage::StoreUsage>> list_stores(db::Database& database);

/// As typed.
struct MoveOptions {
  std::string from{};
  std::string to{};
  std::vector<std::string> videos{};
  std::string channel{};
  std::string older_than{};  ///< "30d"; empty: any
  std::optional<std::int64_t> less_viewed_than{};
  std::vector<std::string> kinds{};
  std::string limit_rate{};  ///< "20MB" a second; empty: none
  int parallel = 2;
  bool keeps_source = false;
};
struct PlannedMove {
  storage::NewMoveBatch batch;
  storage::MoveEstimate estimate;
  std::optional<Seconds> duration;  ///< nothing where nobody knows
};
/// Changes nothing. Errors: invalid (names what cannot be read), not_found (no such store),
/// too_large (too many videos).
Result<PlannedMove> plan_move(db::Database& database, const MoveOptions& options,
                              const storage::MovePrices& prices, UtcTime now);
Result<storage::MoveBatchId> start_move(db::Database& database, const storage::NewMoveBatch& batch);

/// The newest first, at most 20.
Result<std::vector<storage::MoveProgress>> list_moves(db::Database& database);

// Errors: not_found, conflict (it is over).
Result<> pause_move(db::Database& database, std::int64_t id);
Result<> resume_move(db::Database& database, std::int64_t id);
Result<> cancel_move(db::Database& database, std::int64_t id);

}  // namespace shoal::cli
