// The steps that make still pictures: thumbnail, preview, storyboard.
#include "catalog/storyboards.h"
#include "catalog/thumbnails.h"
#include "processing/images.h"
#include "processing/pipeline/graph.h"
#include "processing/pipeline/pipeline.h"
#include "processing/pipeline/workspace.h"

namespace shoal::processing {

io::Task<Result<>> Pipeline::make_pictures(Job job, jobs::JobContext&) {
  Workspace workspace(services_.steps.files, config_.scratch, job);
  CO_TRY_VOID(workspace.make());
  CO_TRY(const Input input, co_await input_of(job));
  CO_TRY(const LocalSource source, co_await local_source(input.work, workspace));
  CO_TRY_VOID(co_await make_thumbnails(services_.steps, input.plan, source.path, workspace.path()));
  CO_TRY(const Put thumbnail, co_await put_picture(job, input.work, storage::FileKind::thumbnail,
                                                   thumbnail_path(workspace.path())));
  CO_TRY(const Put preview, co_await put_picture(job, input.work, storage::FileKind::preview,
                                                 preview_path(workspace.path())));
  const VideoId video = input.work.id;
  CO_TRY_VOID(co_await services_.database.write(
      [this, job, video, thumbnail, preview](db::Session& session) -> Result<> {
        TRY_VOID(jobs::check_fence(session, job));
        for (const auto& [kind, put] : {std::pair{catalog::ThumbnailKind::miniature, &thumbnail},
                                        std::pair{catalog::ThumbnailKind::preview, &preview}}) {
          const auto replaced = catalog::put_thumbnail(
              session, video, {.kind = kind, .file = record(session, *put), .automatic = true});
          if (replaced) storage::trash_file(session, *replaced, services_.clock.now());
        }
        return jobs::complete(session, job);
      }));
  services_.on_changed(input.work.uuid);
  co_return Result<>{};
}

io::Task<Result<>> Pipeline::make_storyboard_sheet(Job job, jobs::JobContext&) {
  Workspace workspace(services_.steps.files, config_.scratch, job);
  CO_TRY_VOID(workspace.make());
  CO_TRY(const Input input, co_await input_of(job));
  const VideoId video = input.work.id;
  CO_TRY(const storage::StoredFile smallest,
         co_await services_.database.read(
             [video](db::Session& session) { return find_smallest_rendition(session, video); }));
  const Path rendition = workspace.path() / smallest.name;
  CO_TRY_VOID(co_await fetch(smallest, rendition));
  CO_TRY(const StoryboardLayout layout,
         co_await make_storyboard(services_.steps, input.plan, rendition, workspace.path()));
  CO_TRY(const Put sheet, co_await put_picture(job, input.work, storage::FileKind::storyboard,
                                               storyboard_path(workspace.path())));
  co_return co_await services_.database.write(
      [this, job, video, layout, sheet](db::Session& session) -> Result<> {
        TRY_VOID(jobs::check_fence(session, job));
        catalog::Storyboard storyboard;
        storyboard.file = record(session, sheet);
        storyboard.total_width = layout.total().width;
        storyboard.total_height = layout.total().height;
        storyboard.sprite_width = layout.sprite.width;
        storyboard.sprite_height = layout.sprite.height;
        storyboard.sprite_duration = layout.interval;
        if (const auto replaced = catalog::put_storyboard(session, video, storyboard))
          storage::trash_file(session, *replaced, services_.clock.now());
        return jobs::complete(session, job);
      });
}

io::Task<Result<Pipeline::Put>> Pipeline::put_picture(Job job, const VideoWork& work,
                                                      storage::FileKind kind, Path path) {
  std::string name = Uuid::generate(services_.random).text() + path.extension().string();
  co_return co_await put_file(job, work, kind, std::move(name), "image/jpeg", std::move(path));
}

}  // namespace shoal::processing
