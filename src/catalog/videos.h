#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "catalog/video.h"
#include "db/session.h"

namespace shoal::catalog {

/// How a URL names a video: its number or its UUID (long or short).
using VideoKey = std::variant<VideoId, Uuid>;
/// Nothing when it is none of the three forms.
std::optional<VideoKey> parse_video_key(std::string_view text);

std::optional<VideoAccess> find_video_access(db::Session& session, const VideoKey& key);
std::optional<Video> find_video(db::Session& session, const VideoKey& key);
/// The whole description; nothing when there is no such video.
std::optional<std::optional<std::string>> find_description(db::Session& session, VideoId id);

/// Any of the words that may be absent are absent for good: a description "" is nothing.
struct VideoAttributes {
  std::string name;
  std::optional<std::string> description;
  std::optional<std::string> support;
  std::optional<std::int64_t> category;
  std::optional<std::int64_t> licence;
  std::optional<std::string> language;
  Privacy privacy = Privacy::owner_only;
  bool nsfw = false;
  CommentsPolicy comments_policy = CommentsPolicy::enabled;
  bool download_enabled = true;
  bool wait_transcoding = false;
  std::vector<std::string> tags;
  std::optional<UtcTime> originally_published_at;
  std::optional<ScheduledUpdate> scheduled;
  std::vector<std::string> passwords;
};

struct NewVideo {
  Uuid uuid;
  ChannelId channel;
  VideoAttributes attributes;
  std::string source_filename;
  std::uint64_t source_size = 0;
  VideoState state = VideoState::to_transcode;
};

/// The video with its tags, passwords and search grams.
VideoId create_video(db::Session& session, const NewVideo& video, UtcTime now);

/// What to change; nothing stays as it is, an inner nothing is removed.
struct VideoChanges {
  std::optional<std::string> name;
  std::optional<std::optional<std::string>> description;
  std::optional<std::optional<std::string>> support;
  std::optional<std::optional<std::int64_t>> category;
  std::optional<std::optional<std::int64_t>> licence;
  std::optional<std::optional<std::string>> language;
  std::optional<Privacy> privacy;
  std::optional<bool> nsfw;
  std::optional<CommentsPolicy> comments_policy;
  std::optional<bool> download_enabled;
  std::optional<bool> wait_transcoding;
  std::optional<ChannelId> channel;
  std::optional<std::vector<std::string>> tags;
  std::optional<std::optional<UtcTime>> originally_published_at;
  std::optional<std::optional<ScheduledUpdate>> scheduled;
  std::optional<std::vector<std::string>> passwords;
};

/// Raises privacy_epoch when the privacy changes, so that media tokens given before end; a video
/// that becomes public for the first time is published now. Errors: not_found.
Result<> update_video(db::Session& session, VideoId id, const VideoChanges& changes, UtcTime now);

/// What a video that was published elsewhere brings with it.
struct VideoHistory {
  UtcTime created_at{};
  UtcTime published_at{};
  UtcTime updated_at{};
  std::int64_t views = 0;
};
/// In place of what create_video has set. Errors: not_found.
Result<> record_history(db::Session& session, VideoId id, const VideoHistory& history);

/// What processing learnt or reached. Errors: not_found.
struct ProcessingOutcome {
  std::optional<VideoState> state;
  std::optional<Milliseconds> duration;
  std::optional<double> aspect_ratio;
  std::optional<std::optional<std::string>> failure;
};
Result<> record_processing(db::Session& session, VideoId id, const ProcessingOutcome& outcome,
                           UtcTime now);

/// Whether anything is scheduled for `now` or before.
bool has_scheduled_updates(db::Session& session, UtcTime now);
/// A video that does not wait for all of its renditions is published with its first segment. True
/// when it was published now.
bool publish_when_playable(db::Session& session, VideoId id, UtcTime now);

/// Takes the privacy that was scheduled for `now` or before. Returns the videos that changed, at
/// most `limit`.
std::vector<VideoId> apply_scheduled_updates(db::Session& session, UtcTime now, std::size_t limit);

/// Removes what refers to the video's files: renditions, playlists, captions, pictures, finished
/// pieces of work. Then nothing keeps the files' rows.
void detach_files(db::Session& session, VideoId id);
/// The row and all that hangs on it. The rows of files it still has stay, without a video: before,
/// in the same transaction, the caller moves them to the trash (storage). Errors: not_found.
Result<> delete_video(db::Session& session, VideoId id);

std::vector<VideoId> videos_of_channel(db::Session& session, ChannelId channel);

}  // namespace shoal::catalog
