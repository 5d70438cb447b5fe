#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "db/database.h"
#include "storage/file_kind.h"
#include "storage/stores.h"

namespace shoal::storage {

/// What a store that rows name holds. Only verified copies count.
struct StoreUsage {
  struct OfKind {
    FileKind kind = FileKind::rendition;
    std::int64_t files = 0;
    std::uint64_t bytes = 0;
  };
  std::string name;
  bool is_registered = false;  ///< the program has opened it once
  std::int64_t files = 0;
  std::uint64_t bytes = 0;
  std::vector<OfKind> kinds;          ///< in their order; all of running work is one
  std::int64_t objects_in_trash = 0;  ///< announced ones included
  std::int64_t bad_copies = 0;        ///< as the last looks at them found
  std::optional<std::string> hold{};  ///< why nothing is deleted there
  /// Every copy has been verified since then; nothing where there is none.
  std::optional<UtcTime> oldest_verification;
};

/// All stores by name. Reads every placement and its file: keep the answer (UsageCache).
std::vector<StoreUsage> count_store_usage(db::Session& session);

/// Files on the local disk whose kind is at home in `store`: on their way to it, or put there
/// before it was their home. Pure.
StoreUsage::OfKind waiting_for(const std::string& store, const std::vector<StoreUsage>& usage,
                               const Stores& homes);

/// What is counted of all stores at a time.
struct StorageUsage {
  std::vector<StoreUsage> stores;
  std::uint64_t staged_bytes = 0;  ///< see staged_bytes()
  UtcTime counted_at{};
};

/// Keeps the last count for a hundred times as long as it took, 2 s to 15 min: however often the
/// page and /metrics ask, counting takes a hundredth of the time up to some millions of files.
/// While the database is away the last count stays. Any thread; the references outlive it.
class UsageCache {
 public:
  static constexpr Milliseconds k_shortest{2'000};
  static constexpr Milliseconds k_longest{900'000};
  using Snapshot = std::shared_ptr<const StorageUsage>;

  UsageCache(db::Database& database, const Clock& clock, const Stores& stores)
      : database_(database), clock_(clock), stores_(stores) {}
  /// Errors: unavailable, when nothing was counted yet.
  io::Task<Result<Snapshot>> get();

 private:
  /// The last count where it will do.
  Snapshot find();

  db::Database& database_;
  const Clock& clock_;
  const Stores& stores_;
  std::mutex mutex_;
  Snapshot last_;  ///< under mutex_, as what follows
  SteadyTime count_after_{};
};

}  // namespace shoal::storage
