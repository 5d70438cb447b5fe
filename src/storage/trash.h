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

/// Deletes up to `limit` objects whose time in the trash is over, then their rows, in this order: a
/// kill in between only means that a deletion is done twice. An object that a placement names again
/// is kept. Stores that are away are passed over until the next time. Returns how many went.
io::Task<Result<std::size_t>> collect_trash(db::Database& database, StoreLookup stores, UtcTime now,
                                            std::size_t limit);

}  // namespace shoal::storage
