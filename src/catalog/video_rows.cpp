#include "catalog/video_rows.h"

#include <fmt/format.h>

namespace shoal::catalog {

std::string summary_columns(std::string_view description) {
  return fmt::format(
      "v.id, v.uuid, v.name, {}, v.category, v.licence, v.language, v.privacy, v.state, v.nsfw,"
      " v.wait_transcoding, v.duration, v.aspect_ratio, v.views, v.originally_published_at,"
      " v.published_at, v.created_at, v.updated_at, v.scheduled_at, v.scheduled_privacy,"
      " t1.name, t2.name,"
      " ch.id, cha.preferred_username, ch.display_name, cha.host, cha.url,"
      " ac.id, aca.preferred_username, ac.display_name, aca.host, aca.url,"
      " ac.user_id, v.privacy_epoch",
      description);
}

namespace {

VideoSummary::Actor read_actor(const db::Row& row, std::size_t at) {
  return {.id = row.integer(at),
          .name = row.text(at + 1),
          .display_name = row.text(at + 2),
          .host = row.optional_text(at + 3),
          .url = row.text(at + 4)};
}

std::optional<ScheduledUpdate> read_scheduled(const db::Row& row, std::size_t at) {
  const auto time = row.optional_time(at);
  if (!time) return std::nullopt;
  ScheduledUpdate scheduled{.at = *time, .privacy = std::nullopt};
  if (const auto privacy = row.optional_integer(at + 1))
    scheduled.privacy = static_cast<Privacy>(*privacy);
  return scheduled;
}

}  // namespace

VideoSummary read_summary(const db::Row& row) {
  VideoSummary video;
  video.id = row.id<VideoId>(0);
  video.uuid = row.uuid(1);
  video.name = row.text(2);
  video.description = row.optional_text(3);
  video.category = row.optional_integer(4);
  video.licence = row.optional_integer(5);
  video.language = row.optional_text(6);
  video.privacy = static_cast<Privacy>(row.integer(7));
  video.state = static_cast<VideoState>(row.integer(8));
  video.nsfw = row.boolean(9);
  video.wait_transcoding = row.boolean(10);
  video.duration = Milliseconds{row.integer(11)};
  if (!row.is_null(12)) video.aspect_ratio = row.real(12);
  video.views = row.integer(13);
  video.originally_published_at = row.optional_time(14);
  video.published_at = row.time(15);
  video.created_at = row.time(16);
  video.updated_at = row.time(17);
  video.scheduled = read_scheduled(row, 18);
  video.thumbnail_name = row.optional_text(20);
  video.preview_name = row.optional_text(21);
  video.channel = read_actor(row, 22);
  video.account = read_actor(row, 27);
  return video;
}

}  // namespace shoal::catalog
