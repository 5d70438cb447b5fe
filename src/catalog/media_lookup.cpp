#include "catalog/media_lookup.h"

namespace shoal::catalog {

std::optional<MediaFileRecord> find_media_file(db::Session& session, std::string_view name) {
  // Kinds of storage/file_kind.h: 11 running_audio is nobody's business.
  const db::Rows rows = session.query(
      "select f.content_type, f.size, f.sha256, f.created_at, p.store, p.object_key, v.uuid, "
      "v.name, v.privacy, v.privacy_epoch, r.height, f.kind, p.exposure "
      "from media_file f join video v on v.id = f.video_id "
      "join placement p on p.file_id = f.id and p.state = 2 "
      "left join rendition r on r.file_id = f.id "
      "where f.name = :name and f.kind <> 11",
      {name});
  if (rows.empty()) return std::nullopt;
  const db::Row& first = rows.front();
  MediaFileRecord record{.is_picture = first.integer(11) >= 5 && first.integer(11) <= 8,
                         .content_type = first.text(0),
                         .size = static_cast<std::uint64_t>(first.integer(1)),
                         .sha256 = first.text(2),
                         .created_at = first.time(3),
                         .copies = {},
                         .video = first.uuid(6),
                         .video_name = first.text(7),
                         .privacy = static_cast<Privacy>(first.integer(8)),
                         .privacy_epoch = first.integer(9),
                         .height = first.optional_integer(10)};
  // Exposures of storage/exposure/exposure.h: 2 is the object's own address.
  for (const db::Row& row : rows)
    record.copies.push_back({row.text(4), row.text(5), row.integer(12) == 2});
  return record;
}

PartHashes find_part_hashes(db::Session& session, std::string_view name) {
  const auto row = session.query_one(
      "select coalesce(block_sha256, ''), coalesce(range_crc32c, '') from media_file "
      "where name = :name",
      {name});
  return row ? PartHashes{row->text(0), row->text(1)} : PartHashes();
}

std::optional<SourceFile> find_source_file(db::Session& session, VideoId video) {
  const auto row = session.query_one(
      "select id, name, size from media_file where video_id = :video and kind = 1 "
      "order by id limit 1",
      {video});
  if (!row) return std::nullopt;
  return SourceFile{row->id<FileId>(0), row->text(1), static_cast<std::uint64_t>(row->integer(2))};
}

std::optional<FileId> find_shared_file(db::Session& session, std::string_view name) {
  const auto row = session.query_one(
      "select f.id from media_file f where f.name = :name "
      "and (f.kind = 1 or exists (select 1 from rendition r where r.file_id = f.id))",
      {name});
  if (!row) return std::nullopt;
  return row->id<FileId>(0);
}

}  // namespace shoal::catalog
