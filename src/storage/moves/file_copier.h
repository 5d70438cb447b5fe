#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "blob/blob_store.h"
#include "db/database.h"
#include "io/file_system.h"
#include "io/offload.h"
#include "io/semaphore.h"
#include "jobs/queue.h"
#include "storage/files.h"
#include "storage/moves/move_rows.h"
#include "storage/moves/scratch_space.h"
#include "storage/read_through.h"
#include "storage/trash.h"

namespace shoal::storage {

/// Reads an object to its end and hashes it, on `offload`. Errors: as reading; corrupt (it ends
/// before its size).
io::Task<Result<Checksum>> checksum_of_object(blob::BlobStore& store, std::string object_key,
                                              io::Offload& offload, Pace pace = {});

/// Awaited before bytes cross a network; what it gives is held until they have.
using TransferTurn = std::function<io::Task<io::Semaphore::Permit>()>;

/// One file to be copied from where it is known to be into another store.
struct CopyOrder {
  jobs::LeasedJob job;  ///< whose lease the announcement needs
  RecordedFile file;
  std::string from;
  std::string from_key;
  std::string to;
  Pace pace;                 ///< empty: as fast as it goes
  ReadProgress on_progress;  ///< of the source; or empty
  TransferTurn turn{};       ///< empty: at once
};

/// Copies single files between stores, each byte checked: the source against the row before
/// anything is put, the object after. Any thread.
class FileCopier {
 public:
  struct Services {
    db::Database& database;
    StoreLookup stores;
    io::FileSystem& files;
    io::Offload& offload;
    const Clock& clock;
    ScratchSpace& scratch;
    /// Whether viewers are told where objects of a store are; empty: of none.
    std::function<bool(std::string_view store)> exposes{};
  };
  explicit FileCopier(Services services) : services_(std::move(services)) {}

  /// Returns the key of an object in `to` that is durable, announced and verified; may be repeated
  /// after a crash at any point, and finds what it put before. The key is that of the source, a new
  /// one where addresses are told, and with a suffix where somebody has it. Errors: corrupt (the
  /// source is not what the row says: nothing was put), unavailable (a store is away), busy (no
  /// scratch space; what is left of an earlier try is being deleted), too_large (for the scratch
  /// space), conflict (the lease is lost), internal (`to` does not keep what it is given).
  io::Task<Result<std::string>> copy(CopyOrder order);

 private:
  /// The bytes of the source as a local file, found right.
  struct Source {
    io::Path path;
    std::unique_ptr<ScratchSpace::Room> room;   ///< where the file is our own
    std::shared_ptr<blob::ObjectReader> keep;   ///< where it is the source's
    std::optional<io::Semaphore::Permit> turn;  ///< once the transfer has begun
  };
  static io::Task<> begin_transfer(const CopyOrder& order, Source& source);
  io::Task<Result<Source>> take_source(const CopyOrder& order, blob::BlobStore& from);
  io::Task<Result<bool>> announce(const CopyOrder& order, blob::BlobStore& to, std::string key);
  /// False when the key holds something else, which is given up.
  io::Task<Result<bool>> put_and_verify(const CopyOrder& order, blob::BlobStore& to,
                                        std::string key, Source& source);
  io::Task<Result<bool>> is_right(const CopyOrder& order, blob::BlobStore& to, std::string key,
                                  bool is_proven);

  const Services services_;
};

}  // namespace shoal::storage
