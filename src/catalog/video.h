#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "catalog/channels.h"
#include "catalog/constants.h"

namespace shoal::catalog {

/// Who may see a video: the columns that access is decided by.
struct VideoAccess {
  VideoId id;
  Uuid uuid;
  ChannelId channel;
  AccountId account;
  Privacy privacy = Privacy::everyone;
  VideoState state = VideoState::published;
  Milliseconds duration{0};
  std::int64_t privacy_epoch = 0;
};

struct ScheduledUpdate {
  UtcTime at{};
  std::optional<Privacy> privacy;
};

/// What lists show of a video, its channel and account.
struct VideoSummary {
  struct Actor {
    std::int64_t id = 0;
    std::string name;
    std::string display_name;
    std::optional<std::string> host;
    std::string url;
  };
  VideoId id;
  Uuid uuid;
  std::string name;
  /// In lists cut to k_truncated_description_length + 1 characters.
  std::optional<std::string> description;
  std::optional<std::int64_t> category;
  std::optional<std::int64_t> licence;
  std::optional<std::string> language;
  Privacy privacy = Privacy::everyone;
  VideoState state = VideoState::published;
  bool nsfw = false;
  bool wait_transcoding = false;
  Milliseconds duration{0};
  std::optional<double> aspect_ratio;
  std::int64_t views = 0;
  std::optional<UtcTime> originally_published_at;
  UtcTime published_at{};
  UtcTime created_at{};
  UtcTime updated_at{};
  std::optional<ScheduledUpdate> scheduled;
  std::optional<std::string> thumbnail_name;
  std::optional<std::string> preview_name;
  Actor channel;
  Actor account;
};

/// One playable rendition.
struct VideoFile {
  RenditionId id;
  std::int64_t resolution = 0;  ///< the ladder's step; 0 is audio only
  std::int64_t width = 0;
  std::int64_t height = 0;
  std::int64_t fps = 0;
  std::uint64_t size = 0;
  bool has_audio = false;
  bool has_video = false;
  std::string file_name;
  std::string playlist_name;
};

struct StreamingPlaylist {
  std::int64_t id = 0;
  /// The finished master's name, or running_master_name() while the work is listed as it grows.
  std::string master_name;
  bool is_finished = false;
  std::optional<std::string> segments_sha256_name;
  std::vector<VideoFile> files;  ///< highest resolution first
};

/// All that a page about one video shows.
struct Video {
  VideoSummary summary;
  Channel channel;
  std::optional<std::string> support;
  CommentsPolicy comments_policy = CommentsPolicy::enabled;
  bool download_enabled = true;
  std::optional<std::string> failure;
  std::int64_t privacy_epoch = 0;
  std::optional<std::string> source_filename;
  std::vector<std::string> tags;
  std::optional<StreamingPlaylist> playlist;

  VideoAccess access() const;
};

}  // namespace shoal::catalog
