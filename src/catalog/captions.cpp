#include "catalog/captions.h"

namespace shoal::catalog {

std::vector<Caption> find_captions(db::Session& session, VideoId video) {
  std::vector<Caption> captions;
  const auto rows = session.query(
      "select c.language, c.automatically_generated, f.name, c.updated_at"
      " from caption c join media_file f on f.id = c.file_id"
      " where c.video_id = :video order by c.language",
      {video});
  for (const db::Row& row : rows) {
    captions.push_back({.language = row.text(0),
                        .automatically_generated = row.boolean(1),
                        .file_name = row.text(2),
                        .updated_at = row.time(3)});
  }
  return captions;
}

std::optional<FileId> put_caption(db::Session& session, VideoId video, std::string_view language,
                                  FileId file, bool automatically_generated, UtcTime now) {
  std::optional<FileId> replaced;
  if (const auto row = session.query_one(
          "select file_id from caption where video_id = :video and language = :language",
          {video, language}))
    replaced = row->id<FileId>(0);
  session.execute(
      "insert into caption (video_id, language, automatically_generated, file_id, created_at,"
      " updated_at) values (:video, :language, :automatic, :file, :created, :updated)"
      " on conflict (video_id, language) do update set file_id = excluded.file_id,"
      " automatically_generated = excluded.automatically_generated,"
      " updated_at = excluded.updated_at",
      {video, language, automatically_generated, file, now, now});
  return replaced;
}

Result<FileId> remove_caption(db::Session& session, VideoId video, std::string_view language) {
  const auto row = session.query_one(
      "delete from caption where video_id = :video and language = :language returning file_id",
      {video, language});
  if (!row) return fail(ErrorCode::not_found, "Video caption not found");
  return row->id<FileId>(0);
}

}  // namespace shoal::catalog
