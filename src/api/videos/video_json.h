#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/core/context.h"
#include "api/core/json_writer.h"
#include "api/videos/services.h"
#include "catalog/media_lookup.h"
#include "catalog/video.h"

namespace shoal::api {

// PeerTube 6.3's shapes of videos, key by key in its order.

/// What of a video only some lists and callers see.
struct VideoJsonOptions {
  bool state = false;      ///< state, waitTranscoding, scheduledUpdate
  bool blacklist = false;  ///< blacklisted, blacklistedReason
  /// Files of a list that asks for them; null: not asked.
  const std::optional<catalog::StreamingPlaylist>* playlist = nullptr;
};

/// An element of a list.
void write_video(JsonWriter& json, const Context& context, const catalog::VideoSummary& video,
                 std::int64_t viewers, const VideoJsonOptions& options = {});

/// What only some callers see of a video.
struct VideoDetailsOptions {
  /// For its owner or a moderator, who also see the schedule and why processing failed.
  bool managed = false;
  /// While the renditions are made, for those: what it was uploaded as, among `files`.
  std::optional<catalog::SourceFile> source = std::nullopt;
};

/// VideoDetails.
void write_video_details(JsonWriter& json, const Context& context, const catalog::Video& video,
                         std::int64_t viewers, const std::optional<VideoProcessing>& processing,
                         const VideoDetailsOptions& options);

/// {id, label}; an absent id is {null, "Unknown"}.
void write_choice(JsonWriter& json, std::string_view key, std::optional<std::int64_t> id,
                  std::optional<std::string_view> label);

/// At most catalog::k_truncated_description_length characters, "..." at the end where it was cut.
std::string truncate_description(std::string_view description);

}  // namespace shoal::api
