#include "cli/videos.h"

#include "catalog/video_list.h"
#include "catalog/videos.h"
#include "processing/pipeline/retry.h"
#include "processing/video_deletion.h"

namespace shoal::cli {
namespace {

constexpr std::int64_t k_shown_jobs = 100;

Result<catalog::VideoKey> read_key(const std::string& text) {
  const auto key = catalog::parse_video_key(text);
  if (!key) {
    return fail(ErrorCode::invalid, "'" + text +
                                        "' names no video: give its number, its UUID or the last "
                                        "part of its address");
  }
  return *key;
}

std::unexpected<Error> no_video(const std::string& key) {
  return fail(ErrorCode::not_found, "there is no video '" + key + "'");
}

VideoListing list_failed(db::Session& session, const VideoListOptions& options) {
  const auto failed = static_cast<int>(catalog::VideoState::transcoding_failed);
  VideoListing listing;
  listing.total =
      session.query_one("select count(*) from video where state = :state", {failed})->integer(0);
  for (const db::Row& row :
       session.query("select id from video where state = :state order by created_at desc, id desc "
                     "limit :count offset :start",
                     {failed, options.count, options.start})) {
    if (auto video = catalog::find_video(session, row.id<VideoId>(0)))
      listing.videos.push_back(std::move(video->summary));
  }
  return listing;
}

std::vector<FileCopy> copies_of(db::Session& session, VideoId video) {
  std::vector<FileCopy> copies;
  for (const db::Row& row : session.query(
           "select f.name, f.kind, f.size, p.store, p.object_key from media_file f "
           "join placement p on p.file_id = f.id where f.video_id = :video order by f.kind, f.name",
           {video})) {
    copies.push_back({row.text(0), static_cast<storage::FileKind>(row.integer(1)),
                      static_cast<std::uint64_t>(row.integer(2)), row.text(3), row.text(4)});
  }
  return copies;
}

}  // namespace

Result<VideoListing> list_videos(db::Database& database, const VideoListOptions& options,
                                 UtcTime now) {
  return database.read_blocking([&](db::Session& session) -> Result<VideoListing> {
    if (options.only_failed) return list_failed(session, options);
    catalog::VideoFilter filter;
    filter.audience = catalog::VideoFilter::Audience::moderator;
    for (const catalog::Choice& privacy : catalog::privacies())
      filter.privacies.push_back(privacy.id);
    filter.any_state = true;
    filter.search = options.search;
    VideoListing listing;
    listing.total = catalog::count_videos(session, filter);
    listing.videos =
        catalog::list_videos(session, filter, {catalog::VideoSortField::created_at, true},
                             {options.start, options.count}, now);
    return listing;
  });
}

Result<VideoDetails> show_video(db::Database& database, const std::string& key) {
  TRY(const auto parsed, read_key(key));
  return database.read_blocking([&](db::Session& session) -> Result<VideoDetails> {
    auto video = catalog::find_video(session, parsed);
    if (!video) return no_video(key);
    VideoDetails details;
    details.video = *std::move(video);
    details.files = copies_of(session, details.video.summary.id);
    jobs::JobFilter filter;
    filter.video = details.video.summary.id;
    filter.count = k_shown_jobs;
    details.jobs = jobs::list_jobs(session, filter).jobs;
    return details;
  });
}

Result<std::string> retry_video(db::Database& database, const std::string& key,
                                const Clock& clock) {
  TRY(const auto parsed, read_key(key));
  return database.write_blocking([&](db::Session& session) -> Result<std::string> {
    const auto video = catalog::find_video(session, parsed);
    if (!video) return no_video(key);
    TRY_VOID(processing::retry(session, video->summary.id, clock.now()));
    return video->summary.name;
  });
}

Result<std::string> delete_video(db::Database& database, const std::string& key, const Clock& clock,
                                 Milliseconds trash_for) {
  TRY(const auto parsed, read_key(key));
  return database.write_blocking([&](db::Session& session) -> Result<std::string> {
    const auto video = catalog::find_video(session, parsed);
    if (!video) return no_video(key);
    TRY_VOID(
        processing::delete_video_and_files(session, video->summary.id, clock.now() + trash_for));
    return video->summary.name;
  });
}

}  // namespace shoal::cli
