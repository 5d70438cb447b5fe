#include "storage/checks/findings.h"

#include <fmt/format.h>

namespace shoal::storage {
namespace {

constexpr std::string_view k_range =
    "p.store = :store and p.state in (2, 4) and coalesce(p.verified_at, 0) < :before "
    "and (:all = 1 or p.problem is not null) and (coalesce(p.verified_at, 0) > :time "
    "or (coalesce(p.verified_at, 0) = :time and p.id > :id)) ";

std::vector<db::Value> arguments_of(const CopyRange& range) {
  return {range.store, range.verified_before, range.only_bad ? 0 : 1, range.after_time,
          range.after_id};
}

/// As by whoever moves or deletes the file: of two changes the second sees what the first has done.
void lock_file_of(db::Session& session, PlacementId copy) {
  session.execute(
      "update media_file set size = size where id = "
      "(select file_id from placement where id = :id)",
      {copy});
}

/// Besides this one.
bool has_good_copy(db::Session& session, const RecordedCopy& copy) {
  return session
      .query_one(
          "select 1 from placement where file_id = :file and state = 2 and problem is null "
          "and id <> :id limit 1",
          {copy.file.id, copy.id})
      .has_value();
}

}  // namespace

std::vector<RecordedCopy> list_copies(db::Session& session, const CopyRange& range,
                                      std::size_t limit) {
  static const std::string sql = fmt::format(
      "select p.id, p.file_id, f.name, f.content_type, f.size, f.sha256, p.object_key, "
      "coalesce(p.verified_at, 0), p.problem from placement p "
      "join media_file f on f.id = p.file_id where {} "
      "order by coalesce(p.verified_at, 0), p.id limit :limit",
      k_range);
  std::vector<db::Value> arguments = arguments_of(range);
  arguments.emplace_back(limit);
  const db::Rows rows = session.query(sql, arguments);
  std::vector<RecordedCopy> copies;
  copies.reserve(rows.size());
  for (const db::Row& row : rows) {
    RecordedCopy copy{.id = row.id<PlacementId>(0),
                      .file = {.id = row.id<FileId>(1),
                               .name = row.text(2),
                               .content_type = row.text(3),
                               .size = static_cast<std::uint64_t>(row.integer(4)),
                               .sha256 = row.text(5),
                               .video = {}},
                      .store = range.store,
                      .object_key = row.text(6),
                      .verified_at = row.time(7)};
    copy.problem = row.optional_text(8);
    copies.push_back(std::move(copy));
  }
  return copies;
}

std::int64_t count_copies(db::Session& session, const CopyRange& range) {
  static const std::string sql = fmt::format("select count(*) from placement p where {}", k_range);
  return session.query_one(sql, arguments_of(range))->integer(0);
}

void record_verified(db::Session& session, std::span<const PlacementId> copies, UtcTime now) {
  for (const PlacementId id : copies) {
    session.execute(
        "update placement set verified_at = :now where id = :id and state = 2 "
        "and problem is null",
        {now, id});
  }
}

void record_cured(db::Session& session, const RecordedCopy& copy, UtcTime now) {
  lock_file_of(session, copy.id);
  const auto cured = session.execute(
      "update placement set state = 2, problem = null, verified_at = :now "
      "where id = :id and state in (2, 4)",
      {now, copy.id});
  if (cured == 0) return;
  // Was another bad one the best there was, it is not any more.
  session.execute(
      "update placement set state = 4 where file_id = :file and state = 2 "
      "and problem is not null",
      {copy.file.id});
}

BadCopyFate record_bad(db::Session& session, const RecordedCopy& copy, std::string_view problem,
                       UtcTime now) {
  lock_file_of(session, copy.id);
  const auto noted = session.execute(
      "update placement set problem = :problem, verified_at = :now "
      "where id = :id and state in (2, 4)",
      {problem, now, copy.id});
  if (noted == 0) return BadCopyFate::gone;
  if (!has_good_copy(session, copy)) return BadCopyFate::only_copy;
  session.execute("update placement set state = 4 where id = :id", {copy.id});
  return BadCopyFate::out_of_use;
}

BadCopyFate fate_of(db::Session& session, const RecordedCopy& copy) {
  if (!session.query_one("select 1 from placement where id = :id and state in (2, 4)", {copy.id}))
    return BadCopyFate::gone;
  return has_good_copy(session, copy) ? BadCopyFate::out_of_use : BadCopyFate::only_copy;
}

std::vector<BadCopy> list_bad_copies(db::Session& session, std::string_view store,
                                     PlacementId after, std::size_t limit) {
  const db::Rows rows = session.query(
      "select p.id, p.file_id, f.name, f.size, p.store, p.object_key, p.problem, v.name, v.uuid, "
      "(select count(*) from placement g where g.file_id = f.id and g.state = 2 "
      "and g.problem is null) from placement p join media_file f on f.id = p.file_id "
      "left join video v on v.id = f.video_id where p.problem is not null and p.id > :after "
      "and (:store = '' or p.store = :store) order by p.id limit :limit",
      {after, store, limit});
  std::vector<BadCopy> copies;
  copies.reserve(rows.size());
  for (const db::Row& row : rows) {
    BadCopy copy{.id = row.id<PlacementId>(0),
                 .file = row.id<FileId>(1),
                 .name = row.text(2),
                 .size = static_cast<std::uint64_t>(row.integer(3)),
                 .store = row.text(4),
                 .object_key = row.text(5),
                 .problem = row.text(6)};
    copy.video = row.optional_text(7);
    if (!row.is_null(8)) copy.video_uuid = row.uuid(8);
    copy.has_good = row.integer(9) > 0;
    copies.push_back(std::move(copy));
  }
  return copies;
}

}  // namespace shoal::storage
