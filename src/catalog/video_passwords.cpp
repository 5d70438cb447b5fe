#include "catalog/video_passwords.h"

#include "base/text.h"

namespace shoal::catalog {

namespace {

/// Who came in with a password that is no longer one must not go on watching.
void end_media_tokens(db::Session& session, VideoId video) {
  session.execute("update video set privacy_epoch = privacy_epoch + 1 where id = :video", {video});
}

}  // namespace

void replace_passwords(db::Session& session, VideoId video,
                       const std::vector<std::string>& passwords, UtcTime now) {
  end_media_tokens(session, video);
  session.execute("delete from video_password where video_id = :video", {video});
  for (const std::string& password : passwords) {
    session.execute(
        "insert into video_password (video_id, password, created_at, updated_at)"
        " values (:video, :password, :created, :updated)",
        {video, password, now, now});
  }
}

std::vector<VideoPassword> list_passwords(db::Session& session, VideoId video, std::int64_t start,
                                          std::int64_t count) {
  std::vector<VideoPassword> passwords;
  const auto rows = session.query(
      "select id, password, created_at, updated_at from video_password"
      " where video_id = :video order by id limit :count offset :start",
      {video, count, start});
  for (const db::Row& row : rows) {
    passwords.push_back({.id = row.id<VideoPasswordId>(0),
                         .video = video,
                         .password = row.text(1),
                         .created_at = row.time(2),
                         .updated_at = row.time(3)});
  }
  return passwords;
}

std::int64_t count_passwords(db::Session& session, VideoId video) {
  return session.query_one("select count(*) from video_password where video_id = :video", {video})
      ->integer(0);
}

Result<> remove_password(db::Session& session, VideoId video, VideoPasswordId id) {
  const auto row = session.query_one(
      "select 1 from video_password where video_id = :video and id = :id", {video, id});
  if (!row) return fail(ErrorCode::not_found, "Video password not found");
  if (count_passwords(session, video) == 1) {
    return fail(ErrorCode::conflict, "Cannot delete the last password of the protected video");
  }
  session.execute("delete from video_password where id = :id", {id});
  end_media_tokens(session, video);
  return {};
}

bool is_video_password(db::Session& session, VideoId video, std::string_view password) {
  bool found = false;
  for (const db::Row& row :
       session.query("select password from video_password where video_id = :video", {video}))
    found |= constant_time_equals(row.text(0), password);
  return found;
}

}  // namespace shoal::catalog
