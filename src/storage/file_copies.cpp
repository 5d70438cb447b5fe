#include "storage/file_copies.h"

#include <fmt/format.h>

namespace shoal::storage {
namespace {

constexpr int k_last_finished_kind = static_cast<int>(FileKind::caption);

std::vector<CopiedFile> find_finished(db::Session& session, VideoId video) {
  std::vector<CopiedFile> files;
  std::optional<FileId> last;
  for (const db::Row& row : session.query(
           fmt::format("select f.id, f.kind, f.name, f.content_type, f.size, r.height, p.store, "
                       "p.object_key, p.state, p.verified_at from media_file f "
                       "left join placement p on p.file_id = f.id "
                       "left join rendition r on r.video_id = f.video_id and "
                       "(r.file_id = f.id or r.playlist_file_id = f.id) "
                       "where f.video_id = :video and f.kind <= {} "
                       "order by f.kind, f.size desc, f.id, p.store, p.id limit :limit",
                       k_last_finished_kind),
           {video, k_most_listed_copies})) {
    if (const auto id = row.id<FileId>(0); last != id) {
      last = id;
      files.push_back({static_cast<FileKind>(row.integer(1)),
                       row.text(2),
                       row.text(3),
                       static_cast<std::uint64_t>(row.integer(4)),
                       row.optional_integer(5),
                       {}});
    }
    if (row.is_null(6)) continue;
    files.back().copies.push_back(
        {row.text(6), row.text(7), static_cast<CopyState>(row.integer(8)), row.optional_time(9)});
  }
  return files;
}

}  // namespace

std::string_view to_string(CopyState state) {
  switch (state) {
    case CopyState::copying:
      return "copying";
    case CopyState::verified:
      return "verified";
    case CopyState::deleting:
      return "deleting";
    case CopyState::bad:
      return "bad";
  }
  return "unknown";
}

VideoCopies find_video_copies(db::Session& session, VideoId video) {
  VideoCopies copies;
  copies.files = find_finished(session, video);
  for (const db::Row& row : session.query(
           fmt::format("select p.store, count(*), cast(sum(f.size) as bigint) from media_file f "
                       "join placement p on p.file_id = f.id where f.video_id = :video and "
                       "f.kind > {} group by p.store order by p.store",
                       k_last_finished_kind),
           {video}))
    copies.running.push_back(
        {row.text(0), row.integer(1), static_cast<std::uint64_t>(row.integer(2))});
  return copies;
}

}  // namespace shoal::storage
