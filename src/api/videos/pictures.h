#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/core/body.h"
#include "api/core/context.h"
#include "api/core/problem.h"
#include "catalog/thumbnails.h"
#include "db/session.h"
#include "io/task.h"
#include "storage/files.h"

namespace shoal::api {

/// Small files of a video that its owner sends: pictures and captions. The object is made durable
/// first and recorded in the transaction that uses it.
struct SmallFile {
  storage::NewFile file;
  std::string object_key;
};

inline constexpr ByteCount k_picture_limit = 4_MiB;

/// Announces the object and puts it. Errors: 503 without a store, and the store's.
io::Task<Answer<SmallFile>> put_small_file(Context& context, storage::FileKind kind,
                                           std::string name, std::string content_type,
                                           std::string bytes);
/// Records it, inside the transaction.
FileId record_small_file(db::Session& session, const Context& context, const SmallFile& file,
                         std::optional<VideoId> video);
/// After a transaction that failed: unless they were recorded after all, the trash takes the
/// objects.
io::Task<> drop_small_files(Context& context, std::vector<SmallFile> files);

/// The pictures of a form: thumbnailfile and previewfile.
struct Pictures {
  std::optional<SmallFile> thumbnail;
  std::optional<SmallFile> preview;
  std::vector<SmallFile> all() const;
};
/// Checks and puts both. Errors: 400 naming the field that is no picture.
io::Task<Answer<Pictures>> put_pictures(Context& context, const std::vector<FormFile>& files);

/// What was recorded of a form's pictures before there is a video.
struct PictureFiles {
  std::optional<FileId> thumbnail;
  std::optional<FileId> preview;
};
PictureFiles record_pictures(db::Session& session, const Context& context, const Pictures& pictures,
                             std::optional<VideoId> video);
/// Makes them the video's own; what they replace goes to the trash.
void attach_pictures(db::Session& session, const Context& context, VideoId video,
                     const PictureFiles& pictures);

/// When what is thrown away now leaves the trash.
UtcTime trash_due(const Context& context);

}  // namespace shoal::api
