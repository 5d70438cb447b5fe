#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "db/session.h"
#include "storage/file_kind.h"

namespace shoal::storage {

/// Which files of a store move; all conditions that are set have to hold. Without any: all finished
/// files, and never those of work that is still running.
struct MoveFilter {
  std::vector<VideoId> video_ids;      ///< of these or …
  std::vector<Uuid> videos;            ///< … of these videos
  std::optional<std::string> channel;  ///< of this local channel, by its name
  std::optional<UtcTime> published_before;
  std::optional<std::int64_t> views_below;
  std::vector<FileKind> kinds;
  friend bool operator==(const MoveFilter&, const MoveFilter&) = default;
};

/// {"videoIds":[1],"videos":["uuid"],"channel":"c","publishedBefore":ms,"viewsBelow":10,
/// "kinds":[2]}, without what is not set.
std::string write_filter(const MoveFilter& filter);
/// Errors: corrupt.
Result<MoveFilter> parse_filter(std::string_view json);

/// Adds a video by its number, UUID or short UUID. Errors: invalid; too_large (over 500).
Result<> add_video(MoveFilter& filter, std::string_view key);

/// "from media_file f … where …" for the files of `from` that match, with ids above `after`. Pure.
struct FileSelection {
  std::string sql;
  std::vector<db::Value> arguments;
};
FileSelection select_files(const MoveFilter& filter, std::string_view from, FileId after);

/// What stores charge, in millionths of a currency unit; 0 where it costs nothing or nobody knows.
struct MovePrices {
  std::int64_t per_thousand_reads = 0;         ///< GET and HEAD requests to the source
  std::int64_t per_thousand_looks = 0;         ///< HEAD requests to the target
  std::int64_t per_thousand_writes = 0;        ///< PUT requests to the target
  std::int64_t per_gigabyte_read = 0;          ///< 10^9 bytes out of the source
  std::int64_t per_gigabyte_month_before = 0;  ///< of storage in the source
  std::int64_t per_gigabyte_month_after = 0;   ///< the same afterwards, of all copies
  std::uint64_t part_size = 100'000'000;       ///< bytes of one PUT to the target
};

/// What one store charges, in millionths of a currency unit.
struct StorePrices {
  std::int64_t per_gigabyte_month = 0;
  std::int64_t per_gigabyte_read = 0;
  std::int64_t per_thousand_writes = 0;
  std::int64_t per_thousand_reads = 0;
  static constexpr std::uint64_t k_any_part = std::uint64_t{1} << 62;
  std::uint64_t part_size = k_any_part;  ///< bytes of one PUT
};
enum class SourceAfter { goes, stays };
MovePrices prices_of_move(const StorePrices& from, const StorePrices& to, SourceAfter source);
/// What it costs to keep so many bytes for a month, in millionths of a currency unit.
std::int64_t monthly_cost(std::uint64_t bytes, std::int64_t per_gigabyte_month);

/// What a move will take.
struct MoveEstimate {
  std::int64_t files = 0;
  std::uint64_t bytes = 0;
  std::int64_t reads = 0;
  std::int64_t looks = 0;
  std::int64_t writes = 0;
  std::int64_t cost = 0;            ///< millionths of a currency unit, as what follows
  std::int64_t monthly_before = 0;  ///< to keep these files where they are
  std::int64_t monthly_after = 0;   ///< to keep them where they are then
};
MoveEstimate estimate_move(db::Session& session, const MoveFilter& filter, std::string_view from,
                           const MovePrices& prices);

}  // namespace shoal::storage
