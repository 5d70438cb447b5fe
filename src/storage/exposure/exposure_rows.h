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
#include "storage/exposure/exposure.h"

/// The rows behind who may know where objects are. Functions over the caller's transaction.
namespace shoal::storage {

using PlacementId = Id<struct PlacementTag>;

/// To be called in the transaction that changes a video's privacy, deletes the video, or brings a
/// copy into a store that exposes open media: its objects follow soon, by a job. Nothing happens
/// for a video that has all its copies on the local disk.
void settle_exposure_later(db::Session& session, VideoId video);
/// The same by one of its files.
void settle_exposure_of_file_later(db::Session& session, FileId file);

/// To be called when the server knows its stores: what lies in a store is settled, bit by bit, when
/// the store exposes open media in another way than it did at the last start.
void settle_store_later(db::Session& session, std::string_view store, Exposure exposure);
/// Where the work on a store goes on: the payload of its job.
struct StoreCursor {
  std::string store;
  Exposure exposure{};
  PlacementId after{};
};
/// Queues the open videos among the next `limit` copies that are less exposed than the store is;
/// and a job for the rest, when there is one.
void settle_store_on(db::Session& session, const StoreCursor& cursor, std::size_t limit);
/// Errors: corrupt.
Result<StoreCursor> parse_store_cursor(std::string_view payload);

struct VideoOpenness {
  Uuid uuid;
  bool is_open_to_all = false;  ///< public or unlisted
};
/// Nothing when it is gone.
std::optional<VideoOpenness> find_openness(db::Session& session, VideoId video);

struct ExposedCopy {
  PlacementId id;
  FileId file;
  FileKind kind{};
  std::string content_type;
  std::string store;
  std::string object_key;
  Exposure exposure{};
};
/// The verified copies of a video's files of the kinds that may be exposed, and all that are, also
/// bad ones, after `after`, in their order.
std::vector<ExposedCopy> find_exposed_copies(db::Session& session, VideoId video, PlacementId after,
                                             std::size_t limit);

/// A copy is told of from now on, as it is. False when it is gone, or the video is not open to all
/// any more.
bool expose_copy(db::Session& session, VideoId video, const ExposedCopy& copy, Exposure exposure);

/// The copy's object becomes `new_key`, put and announced; the old one is due in the trash at
/// `old_due`. False, and the new object is given up, when the copy is not the one that was found
/// any more, or is to be exposed and the video is not open to all. Errors: busy (announced too long
/// ago).
Result<bool> replace_object(db::Session& session, VideoId video, const ExposedCopy& copy,
                            const std::string& new_key, Exposure exposure, UtcTime old_due,
                            UtcTime now);

/// What was so exposed of a video, and waits in the trash, is due at once.
void withdraw_trash(db::Session& session, VideoId video, Exposure at_least);
bool has_exposed_trash(db::Session& session, VideoId video, Exposure at_least);

}  // namespace shoal::storage
