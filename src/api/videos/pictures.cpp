#include "api/videos/pictures.h"

#include <fmt/format.h>

#include "api/videos/services.h"
#include "base/log.h"
#include "media/sniff.h"

namespace shoal::api {
namespace {

constexpr std::string_view k_thumbnail_field = "thumbnailfile";
constexpr std::string_view k_preview_field = "previewfile";

/// What a browser shows everywhere, and does not move.
std::optional<media::ImageKind> picture_kind(std::string_view bytes) {
  if (bytes.size() > k_picture_limit.value) return std::nullopt;
  const auto kind = media::sniff_image(std::as_bytes(std::span(bytes)));
  if (!kind || *kind == media::ImageKind::gif) return std::nullopt;
  return *kind;
}

std::string_view folder_of(storage::FileKind kind) {
  switch (kind) {
    case storage::FileKind::thumbnail:
      return "thumbnails";
    case storage::FileKind::preview:
      return "previews";
    case storage::FileKind::caption:
      return "captions";
    default:
      return "files";
  }
}

io::Task<Answer<std::optional<SmallFile>>> put_picture(Context& context,
                                                       const std::vector<FormFile>& files,
                                                       std::string_view field,
                                                       storage::FileKind kind) {
  const auto found = std::ranges::find(files, field, &FormFile::field);
  if (found == files.end()) co_return std::optional<SmallFile>{};
  const auto picture = picture_kind(found->bytes);
  if (!picture) {
    co_return refuse(Problem::invalid_param(
        std::string(field), "This file should be a JPEG, PNG or WebP picture of at most 4 MiB"));
  }
  CO_TRY(auto file,
         co_await put_small_file(context, kind,
                                 fmt::format("{}{}", Uuid::generate(context.random).text(),
                                             media::file_extension(*picture)),
                                 std::string(media::media_type(*picture)), found->bytes));
  co_return std::optional(std::move(file));
}

}  // namespace

UtcTime trash_due(const Context& context) {
  const Milliseconds keep =
      context.video_services != nullptr ? context.video_services->trash_for : Milliseconds{0};
  return context.clock.now() + keep;
}

io::Task<Answer<SmallFile>> put_small_file(Context& context, storage::FileKind kind,
                                           std::string name, std::string content_type,
                                           std::string bytes) {
  if (context.video_services == nullptr || context.video_services->incoming == nullptr ||
      context.video_services->disk == nullptr)
    co_return refuse(503, "This server does not store files.");
  SmallFile small{.file = {.video = std::nullopt,
                           .kind = kind,
                           .name = name,
                           .content_type = std::move(content_type),
                           .checksum = {}},
                  .object_key = fmt::format("{}/{}", folder_of(kind), name)};
  blob::BlobStore& store = *context.video_services->incoming;
  // Some MiB: too much for the executor.
  const auto shared = std::make_shared<const std::string>(std::move(bytes));
  CO_TRY(small.file.checksum, co_await context.video_services->disk->run([shared] {
    return Result<storage::Checksum>(storage::checksum_of(*shared));
  }));
  CO_TRY_VOID(co_await context.database.write(
      [&store, key = small.object_key, now = context.clock.now()](db::Session& session) {
        return storage::announce_object(session, store.name(), key, now);
      }));
  CO_TRY_VOID(co_await store.put_bytes(small.object_key, *shared,
                                       {.content_type = small.file.content_type}));
  co_return small;
}

FileId record_small_file(db::Session& session, const Context& context, const SmallFile& file,
                         std::optional<VideoId> video) {
  storage::NewFile row = file.file;
  row.video = video;
  const VideoServices& services = *context.video_services;
  const FileId id = storage::record_file(session, row, services.incoming->name(), file.object_key,
                                         context.clock.now());
  if (services.send_home) services.send_home(session, id, row.kind);
  return id;
}

io::Task<> drop_small_files(Context& context, std::vector<SmallFile> files) {
  if (files.empty()) co_return;
  // Through the trash, never at once: a transaction whose answer was lost may have been committed.
  const auto given_up = co_await context.database.write(
      [&store = *context.video_services->incoming, files = std::move(files),
       now = context.clock.now()](db::Session& session) -> Result<> {
        for (const SmallFile& file : files)
          storage::give_up_object(session, store.name(), file.object_key, now);
        return {};
      });
  if (!given_up) {
    log::warn("objects without a row stay until their announcement ends",
              {{"reason", given_up.error().message}});
  }
}

std::vector<SmallFile> Pictures::all() const {
  std::vector<SmallFile> files;
  if (thumbnail) files.push_back(*thumbnail);
  if (preview) files.push_back(*preview);
  return files;
}

io::Task<Answer<Pictures>> put_pictures(Context& context, const std::vector<FormFile>& files) {
  Pictures pictures;
  CO_TRY(pictures.thumbnail,
         co_await put_picture(context, files, k_thumbnail_field, storage::FileKind::thumbnail));
  auto preview = co_await put_picture(context, files, k_preview_field, storage::FileKind::preview);
  if (!preview) {
    co_await drop_small_files(context, pictures.all());
    co_return std::unexpected(std::move(preview).error());
  }
  pictures.preview = *std::move(preview);
  co_return pictures;
}

PictureFiles record_pictures(db::Session& session, const Context& context, const Pictures& pictures,
                             std::optional<VideoId> video) {
  PictureFiles files;
  if (pictures.thumbnail)
    files.thumbnail = record_small_file(session, context, *pictures.thumbnail, video);
  if (pictures.preview)
    files.preview = record_small_file(session, context, *pictures.preview, video);
  return files;
}

void attach_pictures(db::Session& session, const Context& context, VideoId video,
                     const PictureFiles& pictures) {
  const auto attach = [&](catalog::ThumbnailKind kind, const std::optional<FileId>& file) {
    if (!file) return;
    // An upload is worth more than its picture, should that be gone.
    if (session.execute("update media_file set video_id = :video where id = :file",
                        {video, *file}) == 0)
      return;
    const auto replaced =
        catalog::put_thumbnail(session, video, {.kind = kind, .file = *file, .automatic = false});
    if (replaced) storage::trash_file(session, *replaced, trash_due(context));
  };
  attach(catalog::ThumbnailKind::miniature, pictures.thumbnail);
  attach(catalog::ThumbnailKind::preview, pictures.preview);
}

}  // namespace shoal::api
