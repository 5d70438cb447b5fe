#include "storage/uploads/upload_rows.h"

#include "storage/files.h"

namespace shoal::storage {

namespace {

constexpr std::int64_t k_unknown_total = -1;
constexpr std::int64_t k_shared_row = std::int64_t{16} << 20;

constexpr const char* k_columns =
    "select s.id, s.upload_id, s.user_id, s.channel_id, s.purpose, s.filename, s.content_type,"
    " s.metadata, s.total_size, s.state, s.video_id, s.created_at, s.updated_at,"
    " coalesce((select max(c.start + c.size) from upload_chunk c where c.session_id = s.id), 0)"
    " from upload_session s";

Upload to_upload(const db::Row& row) {
  Upload upload;
  upload.id = row.id<UploadId>(0);
  upload.upload_id = row.text(1);
  upload.user = row.id<UserId>(2);
  upload.channel = row.id<ChannelId>(3);
  upload.purpose = static_cast<int>(row.integer(4));
  upload.filename = row.text(5);
  upload.content_type = row.text(6);
  upload.metadata = row.text(7);
  if (row.integer(8) >= 0) upload.total = static_cast<std::uint64_t>(row.integer(8));
  upload.state = row.integer(9) == 3 ? UploadState::done : UploadState::receiving;
  if (!row.is_null(10)) upload.video = row.id<VideoId>(10);
  upload.created_at = row.time(11);
  upload.updated_at = row.time(12);
  upload.received = static_cast<std::uint64_t>(row.integer(13));
  // The chunks of a finished upload are gone; it has all of its bytes.
  if (upload.state == UploadState::done) upload.received = upload.total.value_or(0);
  return upload;
}

void insert_chunk(db::Session& session, UploadId upload, std::uint64_t from, std::int64_t size,
                  const std::string& key, const std::optional<std::string>& store) {
  session.execute(
      "insert into upload_chunk (session_id, start, size, object_key, store)"
      " values (:id, :start, :size, :key, :store)",
      {upload, from, size, key, store});
}

/// Its parts are the collector's now; the bytes of an upload that has a file are not here.
void drop_chunks(db::Session& session, UploadId upload) {
  session.execute(
      "update object_trash set due_at = :now where deleting = 0 and exists (select 1 from "
      "upload_chunk c where c.session_id = :id and c.store = object_trash.store and "
      "c.object_key = object_trash.object_key)",
      {session.now(), upload});
  session.execute("delete from upload_chunk where session_id = :id", {upload});
}

}  // namespace

std::optional<Upload> find_upload(db::Session& session, std::string_view upload_id) {
  const auto row =
      session.query_one(std::string(k_columns) + " where s.upload_id = :upload_id", {upload_id});
  if (!row) return std::nullopt;
  return to_upload(*row);
}

Upload insert_upload(db::Session& session, const NewUpload& announced, std::string_view upload_id) {
  const UtcTime now = session.now();
  session.execute(
      "insert into upload_session (upload_id, user_id, channel_id, purpose, filename, total_size,"
      " content_type, metadata, state, created_at, updated_at) values (:upload_id, :user, :channel,"
      " :purpose, :filename, :total, :type, :metadata, 1, :now, :now)",
      {upload_id, announced.user, announced.channel, announced.purpose, announced.filename,
       announced.total ? static_cast<std::int64_t>(*announced.total) : k_unknown_total,
       announced.content_type, announced.metadata, now});
  return *find_upload(session, upload_id);
}

std::int64_t count_open_uploads(db::Session& session, UserId user) {
  return session
      .query_one("select count(*) from upload_session where user_id = :user and state = 1", {user})
      ->integer(0);
}

std::uint64_t outstanding_bytes(db::Session& session, UtcTime since) {
  const auto row = session.query_one(
      "select coalesce(sum(u.total_size - u.received), 0) from (select s.total_size, coalesce("
      "(select max(c.start + c.size) from upload_chunk c where c.session_id = s.id), 0) as received"
      " from upload_session s where s.state = 1 and s.updated_at >= :since) u"
      " where u.total_size > u.received",
      {since});
  return static_cast<std::uint64_t>(row->integer(0));
}

void lock_uploader(db::Session& session, UserId user) {
  // A write of the row that changes nothing: PostgreSQL holds it until the transaction ends, and
  // SQLite has one writer anyway.
  session.execute("update users set video_quota = video_quota where id = :id", {user});
}

Result<> record_range(db::Session& session, const Upload& upload, std::uint64_t to,
                      const UploadPart& part) {
  const std::uint64_t from = upload.received;
  const auto open =
      session.execute("update upload_session set updated_at = :now where id = :id and state = 1",
                      {session.now(), upload.id});
  if (open == 0) return fail(ErrorCode::not_found, "the upload was cancelled");
  const auto last = session.query_one(
      "select start, size from upload_chunk where session_id = :id order by start desc limit 1",
      {upload.id});
  const std::int64_t end = last ? last->integer(0) + last->integer(1) : 0;
  const auto size = static_cast<std::int64_t>(to - from);
  if (end != static_cast<std::int64_t>(from)) {
    return fail(ErrorCode::busy, "another request works on this upload");
  }
  if (!part.store.empty()) {
    TRY_VOID(renew_announcement(session, part.store, part.object_key, session.now()));
    insert_chunk(session, upload.id, from, size, part.object_key, part.store);
  } else if (last && last->integer(1) + size <= k_shared_row) {
    session.execute("update upload_chunk set size = :size where session_id = :id and start = :at",
                    {last->integer(1) + size, upload.id, last->integer(0)});
  } else {
    insert_chunk(session, upload.id, from, size, upload.upload_id + "@" + std::to_string(from),
                 std::nullopt);
  }
  return {};
}

std::vector<UploadPart> find_upload_parts(db::Session& session, UploadId upload) {
  std::vector<UploadPart> parts;
  for (const db::Row& row :
       session.query("select store, object_key from upload_chunk where session_id = :id and store "
                     "is not null order by start",
                     {upload}))
    parts.push_back({row.text(0), row.text(1)});
  return parts;
}

bool is_upload_part(db::Session& session, std::string_view store, std::string_view object_key) {
  return session
      .query_one("select 1 from upload_chunk where object_key = :key and store = :store",
                 {object_key, store})
      .has_value();
}

Result<> record_total(db::Session& session, UploadId upload, std::uint64_t total) {
  const auto open =
      session.execute("update upload_session set total_size = :total where id = :id and state = 1",
                      {total, upload});
  if (open == 0) return fail(ErrorCode::not_found, "the upload was cancelled");
  return {};
}

void delete_upload(db::Session& session, UploadId upload) {
  drop_chunks(session, upload);
  session.execute("delete from upload_session where id = :id", {upload});
}

std::vector<Upload> old_uploads(db::Session& session, UtcTime stale, UtcTime done,
                                std::size_t limit) {
  std::vector<Upload> uploads;
  for (const auto& row : session.query(
           std::string(k_columns) +
               " where (s.state = 1 and s.updated_at < :stale)"
               " or (s.state = 3 and s.updated_at < :done) order by s.updated_at limit :limit",
           {stale, done, limit})) {
    uploads.push_back(to_upload(row));
  }
  return uploads;
}

Result<> finish_upload(db::Session& session, UploadId upload, VideoId video) {
  const auto open = session.execute(
      "update upload_session set state = 3, video_id = :video, updated_at = :now"
      " where id = :id and state = 1",
      {video, session.now(), upload});
  if (open == 0) return fail(ErrorCode::conflict, "the upload is finished or cancelled already");
  drop_chunks(session, upload);
  return {};
}

}  // namespace shoal::storage
