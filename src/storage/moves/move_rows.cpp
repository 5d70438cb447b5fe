#include "storage/moves/move_rows.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "storage/files.h"

namespace shoal::storage {
namespace {

namespace json = boost::json;

bool has_verified(db::Session& session, FileId file, std::string_view store) {
  return session
      .query_one("select 1 from placement where file_id = :file and store = :store and state = 2",
                 {file, store})
      .has_value();
}

bool has_good(db::Session& session, FileId file, std::string_view store) {
  return session
      .query_one(
          "select 1 from placement where file_id = :file and store = :store and state = 2 "
          "and problem is null",
          {file, store})
      .has_value();
}

}  // namespace

void trash_copies(db::Session& session, FileId file, std::string_view store, WhichCopies which,
                  UtcTime due) {
  const auto owner = session.query_one("select video_id from media_file where id = :file", {file});
  std::optional<VideoId> video;
  if (owner && !owner->is_null(0)) video = owner->id<VideoId>(0);
  const db::Rows gone = session.query(
      fmt::format("delete from placement where file_id = :file and store = :store and {} "
                  "returning object_key, exposure",
                  which == WhichCopies::verified ? "state = 2" : "problem is not null"),
      {file, store});
  for (const db::Row& row : gone) {
    trash_object(session,
                 {std::string(store), row.text(0), video, static_cast<Exposure>(row.integer(1))},
                 due);
  }
}

Result<> place_announced(db::Session& session, FileId file, std::string_view store,
                         std::string_view object_key, UtcTime now) {
  TRY_VOID(take_announcement(session, store, object_key));
  session.execute(
      "insert into placement (file_id, store, object_key, generation, state, verified_at, "
      "created_at) values (:file, :store, :key, "
      "coalesce((select generation from store where name = :store), 0), 2, :verified, :now)",
      {file, store, object_key, now, now});
  return {};
}

std::string write_move(const FileMove& move) {
  json::object out{{"file", move.file.value}, {"from", move.from}, {"to", move.to}};
  if (move.batch) out["batch"] = move.batch->value;
  if (move.keeps_source) out["keep"] = true;
  return json::serialize(out);
}

Result<FileMove> parse_move(std::string_view text) {
  boost::system::error_code error;
  const json::value value = json::parse(text, error);
  const auto* object = error ? nullptr : value.if_object();
  const auto* file = object != nullptr ? object->if_contains("file") : nullptr;
  const auto* from = object != nullptr ? object->if_contains("from") : nullptr;
  const auto* to = object != nullptr ? object->if_contains("to") : nullptr;
  if (file == nullptr || !file->is_int64() || from == nullptr || !from->is_string() ||
      to == nullptr || !to->is_string())
    return fail(ErrorCode::corrupt, "the payload of a move names no file and stores");
  FileMove move{.file = FileId{file->get_int64()},
                .from = std::string(from->get_string()),
                .to = std::string(to->get_string())};
  if (const auto* batch = object->if_contains("batch"); batch != nullptr && batch->is_int64())
    move.batch = MoveBatchId{batch->get_int64()};
  if (const auto* keep = object->if_contains("keep"))
    move.keeps_source = keep->is_bool() && keep->get_bool();
  return move;
}

std::optional<MovingFile> find_moving_file(db::Session& session, const FileMove& move) {
  const auto row = session.query_one(
      "select f.name, f.content_type, f.size, f.sha256, v.uuid, p.object_key from media_file f "
      "join placement p on p.file_id = f.id and p.state = 2 and p.store = :from "
      "left join video v on v.id = f.video_id where f.id = :file order by p.id limit 1",
      {move.from, move.file});
  if (!row) return std::nullopt;
  MovingFile moving;
  moving.file = {.id = move.file,
                 .name = row->text(0),
                 .content_type = row->text(1),
                 .size = static_cast<std::uint64_t>(row->integer(2)),
                 .sha256 = row->text(3),
                 .video = {}};
  if (!row->is_null(4)) moving.file.video = row->uuid(4);
  moving.object_key = row->text(5);
  moving.has_target = has_good(session, move.file, move.to);
  return moving;
}

KeyUse find_key_use(db::Session& session, std::string_view store, std::string_view object_key) {
  if (session.query_one("select 1 from placement where store = :store and object_key = :key",
                        {store, object_key}))
    return KeyUse::taken;
  const auto announced = session.query_one(
      "select orphan, exposure from object_trash where store = :store and object_key = :key",
      {store, object_key});
  if (!announced) return KeyUse::unknown;
  const bool was_told = announced->integer(1) > 0;
  return announced->boolean(0) || was_told ? KeyUse::taken : KeyUse::announced;
}

Result<bool> switch_placement(db::Session& session, const FileMove& move,
                              const std::optional<std::string>& new_key, UtcTime old_due,
                              UtcTime now) {
  // Locked first, as by whoever deletes the file: of both, the second sees what the first has done.
  const bool exists =
      session.execute("update media_file set size = size where id = :file", {move.file}) > 0;
  const bool is_in_source = exists && has_verified(session, move.file, move.from);
  const bool is_in_target = exists && has_good(session, move.file, move.to);
  if (new_key && (!is_in_source || is_in_target)) {
    // Where another mover has recorded this very object, it is a copy and stays.
    give_up_object(session, move.to, *new_key, now);
  }
  if (!is_in_source) return false;
  if (!is_in_target) {
    if (!new_key) {
      return fail(ErrorCode::unavailable,
                  fmt::format("the copy in {} is gone that was there just now", move.to));
    }
    TRY_VOID(place_announced(session, move.file, move.to, *new_key, now));
  }
  // What was found bad is not needed beside a good copy, nor where the file has left.
  trash_copies(session, move.file, move.to, WhichCopies::bad, old_due);
  if (move.keeps_source) return !is_in_target;
  trash_copies(session, move.file, move.from, WhichCopies::verified, old_due);
  trash_copies(session, move.file, move.from, WhichCopies::bad, old_due);
  return true;
}

}  // namespace shoal::storage
