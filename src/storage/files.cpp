#include "storage/files.h"

#include <fmt/format.h>

#include <iterator>

#include "base/crc32c.h"
#include "base/text.h"

namespace shoal::storage {
namespace {

constexpr std::string_view k_by_id =
    "select f.id, f.kind, f.name, f.content_type, f.size, p.store, p.object_key "
    "from media_file f join placement p on p.file_id = f.id and p.state = 2 "
    "where f.id = :id limit 1";
constexpr std::string_view k_by_name =
    "select f.id, f.kind, f.name, f.content_type, f.size, p.store, p.object_key "
    "from media_file f join placement p on p.file_id = f.id and p.state = 2 "
    "where f.name = :name limit 1";

std::optional<StoredFile> first_file(const db::Rows& rows) {
  if (rows.empty()) return std::nullopt;
  const db::Row& row = rows.front();
  return StoredFile{row.id<FileId>(0), static_cast<FileKind>(row.integer(1)),      row.text(2),
                    row.text(3),       static_cast<std::uint64_t>(row.integer(4)), row.text(5),
                    row.text(6)};
}

template <class Take>
Result<> read_all(io::FileSystem& files, const io::Path& path, const Take& take) {
  TRY(const auto file, files.open(path, io::OpenMode::read));
  std::vector<std::byte> buffer(std::size_t{256} * 1024);
  for (std::uint64_t offset = 0;;) {
    TRY(const std::size_t got, file->read_at(offset, buffer));
    if (got == 0) return {};
    take(std::span<const std::byte>(buffer).first(got));
    offset += got;
  }
}

}  // namespace

void Checksummer::update(std::span<const std::byte> bytes) {
  whole_.update(bytes);
  while (!bytes.empty()) {
    const auto part = bytes.first(
        std::min<std::uint64_t>(bytes.size(), k_checksum_range - (size_ % k_checksum_range)));
    block_.update(part);
    range_ = crc32c(part, range_);
    size_ += part.size();
    bytes = bytes.subspan(part.size());
    if (size_ % k_checksum_range == 0) end_range();
    if (size_ % k_checksum_block == 0) end_block();
  }
}

Checksum Checksummer::finish() {
  if (size_ % k_checksum_range > 0) end_range();
  if (size_ % k_checksum_block > 0) end_block();
  Checksum sum{.size = size_, .sha256 = to_hex(whole_.finish()), .block_sha256 = {}};
  if (size_ > k_checksum_block) sum.block_sha256 = std::move(blocks_);
  if (size_ > k_checksum_range) sum.range_crc32c = std::move(ranges_);
  return sum;
}

void Checksummer::end_block() {
  blocks_ += to_hex(block_.finish());
  block_ = Sha256();
}

void Checksummer::end_range() {
  fmt::format_to(std::back_inserter(ranges_), "{:08x}", range_);
  range_ = 0;
}

Result<Checksum> checksum_of(io::FileSystem& files, const io::Path& path) {
  Checksummer sum;
  TRY_VOID(read_all(files, path, [&](std::span<const std::byte> bytes) { sum.update(bytes); }));
  return sum.finish();
}

Result<Checksum> checksum_with_pieces(io::FileSystem& files, const io::Path& path) {
  TRY(const io::FileStatus status, files.status(path));
  Checksummer sum;
  PieceHasher pieces(status.size);
  TRY_VOID(read_all(files, path, [&](std::span<const std::byte> bytes) {
    sum.update(bytes);
    pieces.update(bytes);
  }));
  Checksum made = sum.finish();
  if (made.size != status.size)
    return fail(ErrorCode::corrupt, fmt::format("{} grew while it was read", path.string()));
  made.pieces = pieces.finish();
  return made;
}

Checksum checksum_of(std::string_view bytes) {
  Checksummer sum;
  sum.update(std::as_bytes(std::span(bytes)));
  return sum.finish();
}

Result<> announce_object(db::Session& session, std::string_view store, std::string_view object_key,
                         UtcTime now) {
  const auto announced = session.query_one(
      "insert into object_trash (store, object_key, due_at) values (:store, :key, :due) "
      "on conflict (store, object_key) do update set due_at = excluded.due_at, orphan = 0 "
      "where object_trash.deleting = 0 returning id",
      {store, object_key, now + k_unrecorded_for});
  if (!announced) {
    return fail(ErrorCode::busy, fmt::format("what is left of an earlier {} is being deleted; try "
                                             "again in some minutes",
                                             object_key));
  }
  return {};
}

Result<> renew_announcement(db::Session& session, std::string_view store,
                            std::string_view object_key, UtcTime now) {
  const auto renewed = session.execute(
      "update object_trash set due_at = :due where store = :store and object_key = :key and "
      "deleting = 0",
      {now + k_unrecorded_for, store, object_key});
  if (renewed == 0) return fail(ErrorCode::busy, fmt::format("{} is deleted already", object_key));
  return {};
}

void give_up_object(db::Session& session, std::string_view store, std::string_view object_key,
                    UtcTime now) {
  session.execute(
      "update object_trash set due_at = :now where store = :store and object_key = :key "
      "and deleting = 0",
      {now, store, object_key});
}

Result<> take_announcement(db::Session& session, std::string_view store,
                           std::string_view object_key) {
  const auto announced = session.query_one(
      "delete from object_trash where store = :store and object_key = :key and deleting = 0 "
      "returning id",
      {store, object_key});
  if (announced) return {};
  return fail(ErrorCode::busy,
              fmt::format("{} was announced too long ago and may be deleted by now", object_key));
}

void trash_object(db::Session& session, const TrashedObject& object, UtcTime due) {
  session.execute(
      "insert into object_trash (store, object_key, due_at, video_id, exposure) "
      "values (:store, :key, :due, :video, :exposure) "
      "on conflict (store, object_key) do update set due_at = excluded.due_at, "
      "video_id = excluded.video_id, exposure = excluded.exposure, orphan = 0",
      {object.store, object.object_key, due, object.video, static_cast<int>(object.exposure)});
}

FileId record_file(db::Session& session, const NewFile& file, std::string_view store,
                   std::string_view object_key, UtcTime now, Exposure exposure) {
  const auto unless_empty = [](const std::string& text) {
    return text.empty() ? std::nullopt : std::optional(text);
  };
  const FileId id{session.insert(
      "insert into media_file (video_id, kind, name, content_type, size, sha256, block_sha256, "
      "range_crc32c, created_at) values (:video, :kind, :name, :type, :size, :sha, :blocks, "
      ":ranges, :now) returning id",
      {file.video, static_cast<int>(file.kind), file.name, file.content_type, file.checksum.size,
       file.checksum.sha256, unless_empty(file.checksum.block_sha256),
       unless_empty(file.checksum.range_crc32c), now})};
  session.execute(
      "insert into placement (file_id, store, object_key, state, verified_at, created_at, "
      "exposure) "
      "values (:file, :store, :key, 2, :verified, :now, :exposure)",
      {id, store, object_key, now, now, static_cast<int>(exposure)});
  const auto announced = session.query_one(
      "delete from object_trash where store = :store and object_key = :key returning deleting",
      {store, object_key});
  if (announced && announced->boolean(0)) {
    throw db::DatabaseError(
        ErrorCode::conflict,
        fmt::format("{} was not recorded in time and is being deleted", object_key));
  }
  if (file.checksum.pieces) record_pieces(session, id, *file.checksum.pieces);
  return id;
}

std::optional<StoredFile> find_file(db::Session& session, FileId id) {
  return first_file(session.query(k_by_id, {id}));
}

std::optional<StoredFile> find_file(db::Session& session, std::string_view name) {
  return first_file(session.query(k_by_name, {name}));
}

// A file that is to go is locked first, on both engines: a move of it at the same time either has
// written its new placement before, or finds the file gone.

void trash_file(db::Session& session, FileId id, UtcTime due) {
  session.execute("update media_file set size = size where id = :id", {id});
  session.execute(
      "insert into object_trash (store, object_key, due_at, video_id, exposure) "
      "select p.store, p.object_key, cast(:due as bigint), f.video_id, p.exposure "
      "from placement p join media_file f on f.id = p.file_id where f.id = :file "
      "on conflict (store, object_key) do update set due_at = excluded.due_at, "
      "video_id = excluded.video_id, exposure = excluded.exposure, orphan = 0",
      {due, id});
  session.execute("delete from media_file where id = :id", {id});
}

void trash_files(db::Session& session, VideoId video, const std::vector<FileKind>& kinds,
                 UtcTime due) {
  for (const FileKind kind : kinds) {
    session.execute("update media_file set size = size where video_id = :video and kind = :kind",
                    {video, static_cast<int>(kind)});
    session.execute(
        "insert into object_trash (store, object_key, due_at, video_id, exposure) "
        "select p.store, p.object_key, cast(:due as bigint), f.video_id, p.exposure "
        "from placement p join media_file f on f.id = p.file_id "
        "where f.video_id = :video and f.kind = :kind "
        "on conflict (store, object_key) do update set due_at = excluded.due_at, "
        "video_id = excluded.video_id, exposure = excluded.exposure, orphan = 0",
        {due, video, static_cast<int>(kind)});
    session.execute("delete from media_file where video_id = :video and kind = :kind",
                    {video, static_cast<int>(kind)});
  }
}

}  // namespace shoal::storage
