#include "api/videos/upkeep.h"

#include <set>

#include "api/videos/pictures.h"
#include "api/videos/publication.h"
#include "api/videos/services.h"
#include "catalog/videos.h"
#include "catalog/views.h"
#include "storage/exposure/exposure_rows.h"

namespace shoal::api {
namespace {

constexpr std::size_t k_at_once = 100;
/// Longer than a request takes from its pictures to its video or its upload.
constexpr std::chrono::hours k_loose_picture_age{48};
constexpr std::chrono::hours k_view_batch_age{24 * 7};

io::Task<Result<>> write_views(Context& context) {
  while (const auto batch = context.views.next_batch()) {
    CO_TRY_VOID(co_await context.database.write(
        [&batch, now = context.clock.now()](db::Session& session) -> Result<> {
          catalog::add_views(session, *batch, now);
          return {};
        }));
    context.views.written(*batch);
  }
  co_return Result<>{};
}

io::Task<Result<>> publish_scheduled(Context& context) {
  using Uuids = std::vector<Uuid>;
  const UtcTime now = context.clock.now();
  CO_TRY(const bool due, co_await context.database.read([now](db::Session& session) {
    return Result<bool>(catalog::has_scheduled_updates(session, now));
  }));
  if (!due) co_return Result<>{};
  CO_TRY(const auto changed,
         co_await context.database.write([now](db::Session& session) -> Result<Uuids> {
           Uuids uuids;
           for (const VideoId id : catalog::apply_scheduled_updates(session, now, k_at_once)) {
             storage::settle_exposure_later(session, id);
             if (const auto video = catalog::find_video_access(session, id))
               uuids.push_back(video->uuid);
           }
           return uuids;
         }));
  context.responses.clear();
  context.totals.clear();
  for (const Uuid& video : changed) {
    if (context.video_services != nullptr && context.video_services->forget_media)
      context.video_services->forget_media(video);
  }
  co_return Result<>{};
}

/// Pictures that open uploads wait with: an upload lives as long as bytes of it come, and its
/// pictures as long as it.
std::set<FileId> awaited_pictures(db::Session& session) {
  std::set<FileId> awaited;
  for (const db::Row& row : session.query("select metadata from upload_session where state = 1")) {
    const PictureFiles pictures = pictures_of_metadata(row.text(0));
    if (pictures.thumbnail) awaited.insert(*pictures.thumbnail);
    if (pictures.preview) awaited.insert(*pictures.preview);
  }
  return awaited;
}

/// Pictures that were sent with an upload of which no video came.
std::size_t trash_loose_pictures(db::Session& session, const Context& context) {
  const UtcTime before = context.clock.now() - k_loose_picture_age;
  const auto awaited = awaited_pictures(session);
  const auto rows = session.query(
      "select id from media_file where video_id is null and kind in (:thumbnail, :preview)"
      " and created_at < :before order by id limit :limit",
      {static_cast<int>(storage::FileKind::thumbnail), static_cast<int>(storage::FileKind::preview),
       before, k_at_once + awaited.size()});
  std::size_t gone = 0;
  for (const db::Row& row : rows) {
    const auto file = row.id<FileId>(0);
    if (awaited.contains(file)) continue;
    storage::trash_file(session, file, trash_due(context));
    ++gone;
  }
  return gone;
}

}  // namespace

io::Task<Result<>> keep_videos_current(Context& context) {
  const auto written = co_await write_views(context);
  // A schedule is kept also while views cannot be written.
  CO_TRY_VOID(co_await publish_scheduled(context));
  co_return written;
}

io::Task<Result<std::size_t>> collect_video_leftovers(Context& context) {
  std::size_t gone = 0;
  if (context.video_services != nullptr && context.video_services->staging != nullptr) {
    CO_TRY(gone, co_await context.video_services->staging->collect(k_at_once));
  }
  CO_TRY(const auto pictures,
         co_await context.database.write([&context](db::Session& session) -> Result<std::size_t> {
           catalog::prune_view_batches(session, context.clock.now() - k_view_batch_age);
           return trash_loose_pictures(session, context);
         }));
  co_return gone + pictures;
}

}  // namespace shoal::api
