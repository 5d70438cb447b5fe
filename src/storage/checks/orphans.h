#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "blob/blob_store.h"
#include "db/database.h"
#include "storage/trash.h"

namespace shoal::storage {

/// An object that no row names: no copy, nothing in the trash and nothing announced.
struct Orphan {
  std::string object_key;
  std::uint64_t size = 0;
  UtcTime modified{};
};

struct OrphanOrder {
  std::string store;
  /// Younger ones are perhaps being put just now.
  Milliseconds older_than = std::chrono::hours{48};
  bool schedules = false;  ///< puts them in the trash, else only says what it finds
  Milliseconds kept_for = std::chrono::hours{7 * 24};  ///< in the trash
};

struct OrphanReport {
  std::int64_t objects = 0;  ///< in the store
  std::int64_t orphans = 0;
  std::uint64_t bytes = 0;     ///< of the orphans
  std::int64_t young = 0;      ///< named by no row, and too young to tell
  std::int64_t scheduled = 0;  ///< of the orphans
  /// Deletions are held (StoreLedger), and why: the orphans are perhaps what the database has lost.
  std::optional<std::string> hold{};
};

/// Lists a store beside its rows. What it schedules lies in the trash until its time is over, as it
/// is and where it is: until then it can be taken back. Safe beside a running server. Any thread.
class OrphanFinder {
 public:
  struct Services {
    db::Database& database;
    StoreLookup stores;
    const Clock& clock;
    std::function<void(const Orphan&)> on_orphan{};
  };
  explicit OrphanFinder(Services services) : services_(std::move(services)) {}

  /// Errors: unavailable (the store is away), conflict (it should schedule, and deletions are held
  /// there: see StoreLedger), those of the store; what was scheduled before stays so.
  io::Task<Result<OrphanReport>> find(OrphanOrder order);

 private:
  io::Task<Result<std::vector<Orphan>>> look(const OrphanOrder& order, blob::BlobStore& store,
                                             std::vector<std::string> keys, OrphanReport& report);
  io::Task<Result<std::int64_t>> schedule(const OrphanOrder& order, std::vector<Orphan> orphans);

  const Services services_;
};

/// Orphans in the trash, those that are due first; of all stores where `store` is empty.
struct TrashedOrphan {
  std::string store;
  std::string object_key;
  UtcTime due{};
};
std::vector<TrashedOrphan> list_trashed_orphans(db::Session& session, std::string_view store,
                                                std::size_t limit);
/// Takes orphans out of the trash, all of a store where no keys are given: they stay in the store,
/// and are orphans again. Returns how many; none of those that are being deleted.
std::int64_t take_back_orphans(db::Session& session, std::string_view store,
                               std::span<const std::string> keys);

}  // namespace shoal::storage
