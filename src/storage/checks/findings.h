#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "db/session.h"
#include "storage/moves/move_rows.h"

/// What looking at copies has found, as rows. Functions over the caller's transaction.
///
/// A copy that is not what its file's row says has a `problem`. Where the file has a good copy the
/// bad one gets state 4: nobody reads it any more, and a repair may replace it. The only copy stays
/// in use (state 2) as it is, whatever is wrong with it: most of a damaged video plays, and a store
/// that is restored has it again; a hidden video helps nobody.
namespace shoal::storage {

using PlacementId = Id<struct PlacementTag>;

/// A copy in a store, and what it has to be.
struct RecordedCopy {
  PlacementId id;
  RecordedFile file{};
  std::string store{};
  std::string object_key{};
  UtcTime verified_at{};
  std::optional<std::string> problem{};  ///< as found before
};

/// Which copies of one store are looked at, and from where on: those verified longest ago first.
struct CopyRange {
  std::string store;
  UtcTime verified_before{};
  bool only_bad = false;
  UtcTime after_time{};    ///< the last one's verified_at
  PlacementId after_id{};  ///< and its number
};
std::vector<RecordedCopy> list_copies(db::Session& session, const CopyRange& range,
                                      std::size_t limit);
std::int64_t count_copies(db::Session& session, const CopyRange& range);

/// Copies that had no problem before and are what their rows say.
void record_verified(db::Session& session, std::span<const PlacementId> copies, UtcTime now);

/// A copy is what its row says, after a problem: it is in use again.
void record_cured(db::Session& session, const RecordedCopy& copy, UtcTime now);

enum class BadCopyFate {
  gone,        ///< its row is: there is nothing to say of it any more
  out_of_use,  ///< the file has a good copy
  only_copy,   ///< it stays in use: there is no good one
};
BadCopyFate record_bad(db::Session& session, const RecordedCopy& copy, std::string_view problem,
                       UtcTime now);

/// What record_bad() would return, without writing anything.
BadCopyFate fate_of(db::Session& session, const RecordedCopy& copy);

/// A copy with a problem, for a report.
struct BadCopy {
  PlacementId id;
  FileId file;
  std::string name;  ///< of the file
  std::uint64_t size = 0;
  std::string store;
  std::string object_key;
  std::string problem;
  std::optional<std::string> video{};  ///< its name
  std::optional<Uuid> video_uuid{};
  bool has_good = false;  ///< the file has a good copy somewhere
};
/// By number, those after `after`; of all stores where `store` is empty.
std::vector<BadCopy> list_bad_copies(db::Session& session, std::string_view store,
                                     PlacementId after, std::size_t limit);

}  // namespace shoal::storage
