#include "api/videos/upkeep.h"

#include <set>

#include "api/videos/pictures.h"
#include "api/videos/publication.h"
#include "api/videos/services.h"
#include "catalog/guesses.h"
#include "catalog/videos.h"
#include "catalog/views.h"
#include "storage/exposure/exposure_rows.h"

namespace shoal::api {
namespace {

constexpr std::size_t k_at_once = 100;
/// Longer than a request takes from its pictures to its video or its upload.
constexpr std::chrono::hours k_loose_picture_age{48};
constexpr std::chrono::hours k_view_batch_age{24 * 7};

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
void trash_loose_pictures(db::Session& session, const Context& context) {
  const UtcTime before = context.clock.now() - k_loose_picture_age;
  const auto awaited = awaited_pictures(session);
  const auto rows = session.query(
      "select id from media_file where video_id is null and kind in (:thumbnail, :preview)"
      " and created_at < :before order by id limit :limit",
      {static_cast<int>(storage::FileKind::thumbnail), static_cast<int>(storage::FileKind::preview),
       before, k_at_once + awaited.size()});
  for (const db::Row& row : rows) {
    const auto file = row.id<FileId>(0);
    if (!awaited.contains(file)) storage::trash_file(session, file, trash_due(context));
  }
}

}  // namespace

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

io::Task<Result<>> publish_scheduled(Context& context, db::Fence fence) {
  using Uuids = std::vector<Uuid>;
  const UtcTime now = context.clock.now();
  CO_TRY(const bool due, co_await context.database.read([now](db::Session& session) {
    return Result<bool>(catalog::has_scheduled_updates(session, now));
  }));
  if (!due) co_return Result<>{};
  CO_TRY(const auto changed,
         co_await context.database.write(
             [now, fence = std::move(fence)](db::Session& session) -> Result<Uuids> {
               TRY_VOID(fence(session));
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

io::Task<Result<>> collect_uploads(Context& context) {
  if (context.video_services != nullptr && context.video_services->staging != nullptr)
    CO_TRY_VOID(co_await context.video_services->staging->collect(k_at_once));
  co_return Result<>{};
}

io::Task<Result<>> collect_video_leftovers(Context& context, db::Fence fence) {
  co_return co_await context.database.write(
      [&context, fence = std::move(fence)](db::Session& session) -> Result<> {
        TRY_VOID(fence(session));
        const UtcTime now = context.clock.now();
        catalog::prune_views(session, now - k_view_batch_age, now);
        catalog::prune_guesses(session);
        trash_loose_pictures(session, context);
        return {};
      });
}

}  // namespace shoal::api
