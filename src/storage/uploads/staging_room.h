#pragma once

#include <cstdint>

#include "db/session.h"
#include "storage/stores.h"
#include "storage/uploads/upload_staging.h"

namespace shoal::storage {

/// Bytes on this instance's own disk that are on their way to somewhere else: open uploads (as long
/// as announced), uploaded originals, work segments, and files whose home is another store.
std::uint64_t staged_bytes(db::Session& session, const Stores& stores);

/// `quota`, and for new bytes also that no more than `limit` are staged, so that a home that is
/// away for long stops new uploads before the disk is full. Without a home elsewhere, or with a
/// limit of 0, there is no such bound. Errors: those of `quota`; full. The references outlive it.
QuotaCheck bounded_by_staging(QuotaCheck quota, const Stores& stores, std::uint64_t limit);

}  // namespace shoal::storage
