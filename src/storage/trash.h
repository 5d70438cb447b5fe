#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "blob/blob_store.h"
#include "db/database.h"
#include "io/task.h"

namespace shoal::storage {

/// Finds the store that a placement names, or null when this node does not have it.
using StoreLookup = std::function<blob::BlobStore*(std::string_view)>;

/// Has caches of other parties forget an object that anybody could read; after it is gone. Without
/// success it is asked again.
using PurgeHook = std::function<io::Task<Result<>>(std::string store, std::string object_key)>;

struct TrashRound {
  std::size_t deleted = 0;
  bool more = false;  ///< the limit was reached: ask again at once
};

/// Deletes up to `limit` objects whose time in the trash is over, then their rows, in this order: a
/// kill in between only means that a deletion is done twice. An object that a placement names again
/// is kept. What cannot be deleted now, or lies in a store that is away, is put off for an hour, so
/// that it never stands in front of the rest; what lies in a store whose deletions are held
/// (StoreLedger) is left alone.
io::Task<Result<TrashRound>> collect_trash(db::Database& database, StoreLookup stores, UtcTime now,
                                           std::size_t limit, PurgeHook purge = {});

/// What a collector that died was deleting is due again at once; else it is after some minutes. In
/// the caller's transaction. Only for a server that knows that no other one is alive.
void release_trash(db::Session& session);

}  // namespace shoal::storage
