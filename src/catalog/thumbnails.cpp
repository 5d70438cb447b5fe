#include "catalog/thumbnails.h"

namespace shoal::catalog {

std::vector<Thumbnail> find_thumbnails(db::Session& session, VideoId video) {
  std::vector<Thumbnail> pictures;
  for (const db::Row& row : session.query(
           "select kind, file_id, automatic from thumbnail where video_id = :video order by kind",
           {video})) {
    pictures.push_back({.kind = static_cast<ThumbnailKind>(row.integer(0)),
                        .file = row.id<FileId>(1),
                        .automatic = row.boolean(2)});
  }
  return pictures;
}

std::optional<FileId> put_thumbnail(db::Session& session, VideoId video, const Thumbnail& picture) {
  const int kind = static_cast<int>(picture.kind);
  std::optional<FileId> replaced;
  if (const auto row = session.query_one(
          "select file_id, automatic from thumbnail where video_id = :video and kind = :kind",
          {video, kind})) {
    const bool is_owners_own = !row->boolean(1);
    if (is_owners_own && picture.automatic) return picture.file;
    replaced = row->id<FileId>(0);
  }
  session.execute(
      "insert into thumbnail (video_id, kind, file_id, automatic)"
      " values (:video, :kind, :file, :automatic)"
      " on conflict (video_id, kind) do update set file_id = excluded.file_id,"
      " automatic = excluded.automatic",
      {video, kind, picture.file, picture.automatic});
  return replaced;
}

}  // namespace shoal::catalog
