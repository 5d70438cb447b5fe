#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "blob/blob_store.h"
#include "db/database.h"

namespace shoal::storage {

/// Below it lies the mark of a store: docs/formats/store-marker.md. No file has such a key.
inline constexpr std::string_view k_ledger_prefix = "shoal-ledger/";

/// Notices a database that is older than a store, because it was restored from a backup: then what
/// it has never heard of is no garbage, and what it wants deleted may be a file's only copy. The
/// database counts its hours with a store and writes each number, after it has committed it, into
/// the store. So a store that knows a higher number than the database has seen a later one: its
/// deletions are held until an administrator confirms. Any thread.
class StoreLedger {
 public:
  StoreLedger(db::Database& database, const Clock& clock) : database_(database), clock_(clock) {}

  /// Compares, and counts on; does nothing when that was done within the hour. A store without a
  /// row, of a database of before stores were registered, is let pass. Errors: conflict (deletions
  /// are held: the message says why and what to do), those of the store.
  io::Task<Result<>> tend(blob::BlobStore& store);
  /// Compares now and writes nothing into the store. Errors: as tend().
  io::Task<Result<>> check(blob::BlobStore& store);
  /// It was compared by this process lately: what is due there may be deleted.
  bool is_tended(std::string_view store) const;

 private:
  /// Nothing where the store has no row.
  io::Task<Result<std::optional<std::int64_t>>> compare(std::string store, std::int64_t found,
                                                        bool counts);
  db::Database& database_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::map<std::string, SteadyTime, std::less<>> tended_;  ///< under mutex_
};

/// Deletions in a store, or in all where it is empty, are held from now on.
void hold_deletions(db::Session& session, std::string_view store, std::string_view reason);
/// An administrator says that the database is the right one: deletions go on. Errors: not_found.
Result<> confirm_store(db::Session& session, std::string_view store);
/// Why deletions are held in a store; nothing when they are not.
std::optional<std::string> find_hold(db::Session& session, std::string_view store);

}  // namespace shoal::storage
