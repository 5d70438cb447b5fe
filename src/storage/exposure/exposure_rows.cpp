#include "storage/exposure/exposure_rows.h"

#include <fmt/format.h>

#include <set>

#include "base/text.h"
#include "jobs/queue.h"
#include "storage/exposure/exposure_keeper.h"
#include "storage/files.h"

namespace shoal::storage {
namespace {

/// Before all other work on stores: somebody may be reading what is not theirs any more.
constexpr int k_priority = 10;

/// Behind it: these wait for nothing but a shorter way.
constexpr int k_store_priority = 150;

void enqueue_video(db::Session& session, VideoId video, int priority) {
  jobs::NewJob job;
  job.kind = k_settle_exposure;
  job.payload = std::to_string(video.value);
  job.priority = priority;
  job.max_attempts = 20;
  // A batch of moves would ask once for each file; two at a time would copy the same objects twice.
  if (!jobs::hasten(session, job)) jobs::enqueue(session, job);
}

void enqueue_store(db::Session& session, const StoreCursor& cursor) {
  jobs::NewJob job;
  job.kind = k_settle_store;
  job.payload =
      fmt::format("{} {} {}", cursor.store, static_cast<int>(cursor.exposure), cursor.after.value);
  job.priority = k_store_priority;
  job.max_attempts = 100;
  jobs::enqueue(session, job);
}

/// Privacies that are open to all: public and unlisted (catalog/constants.h).
constexpr std::string_view k_if_open =
    "update video set privacy_epoch = privacy_epoch where id = :video and privacy in (1, 2)";

/// Locks the video: whoever makes it private waits, and finds what is exposed now.
bool lock_if_open(db::Session& session, VideoId video) {
  return session.execute(k_if_open, {video}) > 0;
}

/// Locked, as by whoever moves or deletes the file.
bool is_unchanged(db::Session& session, const ExposedCopy& copy) {
  session.execute("update media_file set size = size where id = :file", {copy.file});
  return session
      .query_one(
          "select 1 from placement where id = :id and object_key = :key and exposure = :exposure",
          {copy.id, copy.object_key, static_cast<int>(copy.exposure)})
      .has_value();
}

}  // namespace

void settle_exposure_later(db::Session& session, VideoId video) {
  const bool has_remote =
      session
          .query_one(
              "select 1 from media_file f join placement p on p.file_id = f.id "
              "where f.video_id = :video and p.store <> 'local' limit 1",
              {video})
          .has_value() ||
      session
          .query_one("select 1 from object_trash where video_id = :video and exposure > 0 limit 1",
                     {video})
          .has_value();
  if (has_remote) enqueue_video(session, video, k_priority);
}

void settle_exposure_of_file_later(db::Session& session, FileId file) {
  const auto row = session.query_one("select video_id from media_file where id = :file", {file});
  if (row && !row->is_null(0)) settle_exposure_later(session, row->id<VideoId>(0));
}

void settle_store_later(db::Session& session, std::string_view store, Exposure exposure) {
  const std::string key = fmt::format("store-exposure.{}", store);
  const auto before = session.query_one("select value from setting where key = :key", {key});
  const std::string now = std::to_string(static_cast<int>(exposure));
  if (before ? before->text(0) == now : exposure == Exposure::closed) return;
  session.execute(
      "insert into setting (key, value, updated_at) values (:key, :value, 0) "
      "on conflict (key) do update set value = excluded.value",
      {key, now});
  if (exposure != Exposure::closed) enqueue_store(session, {std::string(store), exposure});
}

void settle_store_on(db::Session& session, const StoreCursor& cursor, std::size_t limit) {
  const db::Rows rows = session.query(
      "select p.id, f.video_id, v.privacy from placement p join media_file f on f.id = p.file_id "
      "join video v on v.id = f.video_id "
      "where p.id > :after and p.store = :store and p.state = 2 and p.exposure < :exposure "
      "order by p.id limit :limit",
      {cursor.after, cursor.store, static_cast<int>(cursor.exposure), limit});
  std::set<VideoId> videos;
  for (const db::Row& row : rows)
    if (row.integer(2) == 1 || row.integer(2) == 2) videos.insert(row.id<VideoId>(1));
  for (const VideoId video : videos) enqueue_video(session, video, k_store_priority);
  if (rows.size() == limit)
    enqueue_store(session, {cursor.store, cursor.exposure, rows.back().id<PlacementId>(0)});
}

Result<StoreCursor> parse_store_cursor(std::string_view payload) {
  const auto words = split(payload, ' ');
  const auto exposure = words.size() == 3 ? parse_int(words[1]) : std::nullopt;
  const auto after = words.size() == 3 ? parse_int(words[2]) : std::nullopt;
  if (!exposure || *exposure < 0 || *exposure > 2 || !after)
    return fail(ErrorCode::corrupt, "the payload of a job names no store");
  return StoreCursor{std::string(words[0]), static_cast<Exposure>(*exposure), PlacementId{*after}};
}

std::optional<VideoOpenness> find_openness(db::Session& session, VideoId video) {
  const auto row = session.query_one(
      "select uuid, case when privacy in (1, 2) then 1 else 0 end from video where id = :video",
      {video});
  if (!row) return std::nullopt;
  return VideoOpenness{row->uuid(0), row->integer(1) == 1};
}

std::vector<ExposedCopy> find_exposed_copies(db::Session& session, VideoId video, PlacementId after,
                                             std::size_t limit) {
  const db::Rows rows = session.query(
      "select p.id, f.id, f.kind, f.content_type, p.store, p.object_key, p.exposure "
      "from media_file f join placement p on p.file_id = f.id where f.video_id = :video and "
      "p.id > :after and (p.exposure > 0 or (p.state = 2 and f.kind in (:a, :b, :c))) "
      "order by p.id limit :limit",
      {video, after, static_cast<int>(FileKind::rendition),
       static_cast<int>(FileKind::running_work), static_cast<int>(FileKind::running_init), limit});
  std::vector<ExposedCopy> copies;
  copies.reserve(rows.size());
  for (const db::Row& row : rows) {
    copies.push_back({row.id<PlacementId>(0), row.id<FileId>(1),
                      static_cast<FileKind>(row.integer(2)), row.text(3), row.text(4), row.text(5),
                      static_cast<Exposure>(row.integer(6))});
  }
  return copies;
}

bool expose_copy(db::Session& session, VideoId video, const ExposedCopy& copy, Exposure exposure) {
  if (!lock_if_open(session, video) || !is_unchanged(session, copy)) return false;
  session.execute("update placement set exposure = :exposure where id = :id",
                  {static_cast<int>(exposure), copy.id});
  return true;
}

Result<bool> replace_object(db::Session& session, VideoId video, const ExposedCopy& copy,
                            const std::string& new_key, Exposure exposure, UtcTime old_due,
                            UtcTime now) {
  const bool may_be = exposure == Exposure::closed || lock_if_open(session, video);
  if (!may_be || !is_unchanged(session, copy)) {
    give_up_object(session, copy.store, new_key, now);
    return false;
  }
  TRY_VOID(take_announcement(session, copy.store, new_key));
  session.execute("update placement set object_key = :key, exposure = :exposure where id = :id",
                  {new_key, static_cast<int>(exposure), copy.id});
  trash_object(session, {copy.store, copy.object_key, video, copy.exposure}, old_due);
  return true;
}

void withdraw_trash(db::Session& session, VideoId video, Exposure at_least) {
  session.execute(
      "update object_trash set due_at = 0 where video_id = :video and exposure >= :exposure and "
      "deleting = 0",
      {video, static_cast<int>(at_least)});
}

bool has_exposed_trash(db::Session& session, VideoId video, Exposure at_least) {
  return session
      .query_one(
          "select 1 from object_trash where video_id = :video and exposure >= :exposure limit 1",
          {video, static_cast<int>(at_least)})
      .has_value();
}

}  // namespace shoal::storage
