#include "catalog/storyboards.h"

namespace shoal::catalog {

std::optional<Storyboard> find_storyboard(db::Session& session, VideoId video) {
  const auto row = session.query_one(
      "select s.file_id, f.name, s.total_width, s.total_height, s.sprite_width, s.sprite_height,"
      " s.sprite_duration from storyboard s join media_file f on f.id = s.file_id"
      " where s.video_id = :video",
      {video});
  if (!row) return std::nullopt;
  return Storyboard{.file = row->id<FileId>(0),
                    .file_name = row->text(1),
                    .total_width = row->integer(2),
                    .total_height = row->integer(3),
                    .sprite_width = row->integer(4),
                    .sprite_height = row->integer(5),
                    .sprite_duration = Seconds{row->integer(6)}};
}

std::optional<FileId> put_storyboard(db::Session& session, VideoId video,
                                     const Storyboard& storyboard) {
  std::optional<FileId> replaced;
  if (const auto row =
          session.query_one("select file_id from storyboard where video_id = :video", {video}))
    replaced = row->id<FileId>(0);
  session.execute(
      "insert into storyboard (video_id, file_id, total_width, total_height, sprite_width,"
      " sprite_height, sprite_duration) values (:video, :file, :total_width, :total_height,"
      " :sprite_width, :sprite_height, :duration)"
      " on conflict (video_id) do update set file_id = excluded.file_id,"
      " total_width = excluded.total_width, total_height = excluded.total_height,"
      " sprite_width = excluded.sprite_width, sprite_height = excluded.sprite_height,"
      " sprite_duration = excluded.sprite_duration",
      {video, storyboard.file, storyboard.total_width, storyboard.total_height,
       storyboard.sprite_width, storyboard.sprite_height, storyboard.sprite_duration.count()});
  return replaced;
}

}  // namespace shoal::catalog
