#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "blob/blob_store.h"
#include "db/database.h"
#include "io/offload.h"
#include "storage/checks/findings.h"
#include "storage/moves/file_copier.h"
#include "storage/moves/transfer_pace.h"

namespace shoal::storage {

enum class VerifyDepth {
  size,     ///< the object is there and as large as it should be
  content,  ///< it is read to its end and hashed
};

/// Looks at one copy. Nothing when it is what its row says, else what is wrong, for a person.
/// Errors: the store cannot tell now.
io::Task<Result<std::optional<std::string>>> look_at_copy(blob::BlobStore& store, RecordedCopy copy,
                                                          VerifyDepth depth, io::Offload& offload,
                                                          Pace pace = {});

struct VerifyOrder {
  std::string store;
  VerifyDepth depth = VerifyDepth::content;
  double percent = 100;  ///< of the copies asked for: those verified longest ago
  /// Only copies that were not verified since.
  std::optional<UtcTime> verified_before{};
  bool only_bad = false;         ///< only copies that were found bad before
  bool records = true;           ///< else only says what it finds
  std::uint64_t rate_limit = 0;  ///< bytes a second; 0: none
};

struct VerifyReport {
  std::int64_t asked = 0;  ///< copies that were to be looked at
  std::int64_t looked = 0;
  std::uint64_t read = 0;  ///< bytes
  std::int64_t bad = 0;
  std::int64_t hopeless = 0;  ///< of those, only copies: there is nothing to repair them from
  std::int64_t cured = 0;     ///< found bad before and right now
  /// Why it ended before all were looked at; what was found until then is recorded.
  std::optional<Error> stopped{};
};

/// Compares the copies in a store with what is recorded of them. Those verified longest ago come
/// first and are recorded as they are done, so that the next run goes on where one was killed, and
/// runs over a few percent get around. Any thread; beside a running server.
class StoreVerifier {
 public:
  struct Services {
    db::Database& database;
    StoreLookup stores;
    io::Offload& offload;  ///< for hashing
    const Clock& clock;
    /// Waits; empty: by a timer of the task's executor.
    std::function<io::Task<>(Milliseconds time)> wait_for{};
    std::function<void(const RecordedCopy&, const std::string& problem, BadCopyFate)> on_bad{};
    std::function<void(const VerifyReport&)> on_progress{};
  };
  explicit StoreVerifier(Services services) : services_(std::move(services)) {}

  /// One at a time. Errors: not_found (no such store here), unavailable (it is away), those of the
  /// database.
  io::Task<Result<VerifyReport>> verify(VerifyOrder order);

 private:
  using Copies = std::vector<RecordedCopy>;
  io::Task<Result<>> verify_page(const VerifyOrder& order, Copies page, VerifyReport& report);
  io::Task<Result<std::optional<std::string>>> look(const VerifyOrder& order,
                                                    const RecordedCopy& copy);
  io::Task<Result<>> settle(const VerifyOrder& order, const RecordedCopy& copy,
                            std::optional<std::string> problem, VerifyReport& report);
  io::Task<Result<>> flush(const VerifyOrder& order);
  io::Task<> wait(Milliseconds time);
  io::Task<> hold(std::uint64_t rate_limit, std::uint64_t bytes);

  const Services services_;
  TransferPace pace_;
  std::vector<PlacementId> good_;  ///< not recorded yet
  int unreadable_in_a_row_ = 0;
};

}  // namespace shoal::storage
