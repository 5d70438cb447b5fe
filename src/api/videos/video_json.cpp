#include "api/videos/video_json.h"

#include <fmt/format.h>

#include <cmath>

#include "api/accounts/account_json.h"
#include "base/text.h"
#include "catalog/constants.h"
#include "catalog/languages.h"
#include "catalog/media_urls.h"

namespace shoal::api {
namespace {

using catalog::VideoSummary;

std::string absolute(const Context& context, std::string_view path) {
  return fmt::format("{}{}", context.config.origin, path);
}

void write_choice_of(JsonWriter& json, std::string_view key,
                     std::span<const catalog::Choice> choices, std::optional<std::int64_t> id) {
  write_choice(json, key, id, id ? catalog::label_of(choices, *id) : std::nullopt);
}

void write_language(JsonWriter& json, const std::optional<std::string>& code) {
  json.key("language").object([&] {
    json.field("id", code);
    json.field("label", code ? catalog::language_label(*code).value_or("Unknown")
                             : std::string_view("Unknown"));
  });
}

void write_short_actor(JsonWriter& json, const Context& context, std::string_view key,
                       const VideoSummary::Actor& actor) {
  json.key(key).object([&] {
    json.field("id", actor.id)
        .field("name", actor.name)
        .field("displayName", actor.display_name)
        .field("url", actor.url)
        .field("host", actor.host.value_or(context.config.host));
    json.raw_field("avatars", "[]");
  });
}

void write_subject(JsonWriter& json, const VideoSummary& video) {
  write_choice_of(json, "category", catalog::categories(), video.category);
  write_choice_of(json, "licence", catalog::licences(), video.licence);
  write_language(json, video.language);
  write_choice_of(json, "privacy", catalog::privacies(), static_cast<std::int64_t>(video.privacy));
}

void write_picture(JsonWriter& json, std::string_view key, const std::optional<std::string>& name,
                   std::string (*path)(std::string_view)) {
  if (name) {
    json.field(key, path(*name));
  } else {
    json.null_field(key);
  }
}

/// Everything up to `isLive`; `full_description` is what `description` holds.
void write_common(JsonWriter& json, const Context& context, const VideoSummary& video,
                  std::int64_t viewers, const std::optional<std::string>& full_description,
                  const std::optional<std::string>& truncated) {
  json.field("id", video.id.value)
      .field("uuid", video.uuid.text())
      .field("shortUUID", video.uuid.short_text())
      .field("url", absolute(context, catalog::canonical_video_path(video.uuid)))
      .field("name", video.name);
  write_subject(json, video);
  json.field("nsfw", video.nsfw)
      .field("truncatedDescription", truncated)
      .field("description", full_description)
      .field("isLocal", !video.channel.host.has_value())
      .field("duration", std::chrono::floor<Seconds>(video.duration).count());
  if (video.aspect_ratio) {
    json.field("aspectRatio", std::round(*video.aspect_ratio * 10'000) / 10'000);
  } else {
    json.null_field("aspectRatio");
  }
  json.field("views", video.views).field("viewers", viewers).field("likes", 0).field("dislikes", 0);
  write_picture(json, "thumbnailPath", video.thumbnail_name, catalog::thumbnail_path);
  write_picture(json, "previewPath", video.preview_name, catalog::preview_path);
  json.field("embedPath", catalog::embed_path(video.uuid))
      .field("createdAt", video.created_at)
      .field("updatedAt", video.updated_at)
      .field("publishedAt", video.published_at)
      .field("originallyPublishedAt", video.originally_published_at)
      .field("isLive", false);
}

void write_state(JsonWriter& json, catalog::VideoState state) {
  write_choice_of(json, "state", catalog::video_states(), static_cast<std::int64_t>(state));
}

void write_schedule(JsonWriter& json, const std::optional<catalog::ScheduledUpdate>& scheduled) {
  if (!scheduled) return;
  json.key("scheduledUpdate").object([&] {
    json.field("updateAt", scheduled->at);
    if (scheduled->privacy) json.field("privacy", static_cast<int>(*scheduled->privacy));
  });
}

void write_blacklist(JsonWriter& json) {
  json.field("blacklisted", false).null_field("blacklistedReason");
}

std::string resolution_label(const catalog::VideoFile& file) {
  return file.resolution == 0 ? "Audio only" : fmt::format("{}p", file.resolution);
}

void write_file(JsonWriter& json, const Context& context, const Uuid& video, bool open,
                const catalog::VideoFile& file) {
  json.object([&] {
    json.field("id", file.id.value).key("resolution").object([&] {
      json.field("id", file.resolution).field("label", resolution_label(file));
    });
    json.field("width", file.width)
        .field("height", file.height)
        .null_field("magnetUri")
        .field("size", file.size)
        .field("fps", file.fps)
        .field("torrentUrl", absolute(context, catalog::torrent_path(file.file_name)))
        .field("torrentDownloadUrl",
               absolute(context, catalog::torrent_download_path(file.file_name)))
        .field("fileUrl", absolute(context, catalog::hls_path(video, file.file_name, open)))
        .field("fileDownloadUrl", absolute(context, catalog::hls_download_path(file.file_name)))
        .null_field("metadataUrl")
        .field("hasAudio", file.has_audio)
        .field("hasVideo", file.has_video)
        .field("storage", 0);
  });
}

/// As PeerTube shows it: a web video, until the renditions are there. Its picture is not measured
/// yet.
void write_source(JsonWriter& json, const Context& context, bool open,
                  const catalog::SourceFile& source) {
  json.object([&] {
    json.field("id", source.id.value).key("resolution").object([&] {
      json.field("id", 0).field("label", "Source");
    });
    json.field("width", 0)
        .field("height", 0)
        .null_field("magnetUri")
        .field("size", source.size)
        .field("fps", 0)
        .field("torrentUrl", absolute(context, catalog::torrent_path(source.name)))
        .field("torrentDownloadUrl", absolute(context, catalog::torrent_download_path(source.name)))
        .field("fileUrl", absolute(context, catalog::web_video_path(source.name, open)))
        .field("fileDownloadUrl", absolute(context, catalog::web_video_download_path(source.name)))
        .null_field("metadataUrl")
        .field("hasAudio", true)
        .field("hasVideo", true)
        .field("storage", 0);
  });
}

void write_playlists(JsonWriter& json, const Context& context, const VideoSummary& video,
                     const std::optional<catalog::StreamingPlaylist>& playlist) {
  json.key("streamingPlaylists");
  if (!playlist) {
    json.raw("[]");
    return;
  }
  const bool open = catalog::is_media_open(video.privacy);
  const auto url = [&](std::string_view name) {
    return absolute(context, catalog::hls_path(video.uuid, name, open));
  };
  const auto write_one = [&](const catalog::StreamingPlaylist& one) {
    json.object([&] {
      json.field("id", one.id).field("type", 1).field("playlistUrl", url(one.master_name));
      if (one.segments_sha256_name) {
        json.field("segmentsSha256Url", url(*one.segments_sha256_name));
      } else {
        json.null_field("segmentsSha256Url");
      }
      json.raw_field("redundancies", "[]").key("files");
      json.array(one.files, [&](const catalog::VideoFile& file) {
        write_file(json, context, video.uuid, open, file);
      });
    });
  };
  json.array(std::span(&*playlist, 1), write_one);
}

std::string_view to_text(VideoProcessing::RenditionState state) {
  switch (state) {
    case VideoProcessing::RenditionState::ready:
      return "ready";
    case VideoProcessing::RenditionState::running:
      return "running";
    case VideoProcessing::RenditionState::waiting:
      break;
  }
  return "waiting";
}

void write_processing(JsonWriter& json, const std::optional<VideoProcessing>& processing) {
  if (!processing) {
    json.null_field("processing");
    return;
  }
  json.key("processing").object([&] {
    json.field("percent", processing->percent);
    if (processing->message) json.field("message", *processing->message);
    if (processing->remaining) json.field("secondsRemaining", processing->remaining->count());
    json.key("renditions");
    json.array(processing->renditions, [&](const VideoProcessing::Rendition& rendition) {
      json.object([&] {
        json.field("resolution", rendition.resolution)
            .field("state", to_text(rendition.state))
            .field("percent", rendition.percent);
      });
    });
  });
}

}  // namespace

void write_choice(JsonWriter& json, std::string_view key, std::optional<std::int64_t> id,
                  std::optional<std::string_view> label) {
  json.key(key).object(
      [&] { json.field("id", id).field("label", label.value_or(std::string_view("Unknown"))); });
}

std::string truncate_description(std::string_view description) {
  // Most are shorter, also in bytes.
  if (description.size() <= catalog::k_truncated_description_length)
    return std::string(description);
  const std::u32string letters = to_code_points(description);
  if (letters.size() <= catalog::k_truncated_description_length) return std::string(description);
  std::string out;
  for (std::size_t i = 0; i + 3 < catalog::k_truncated_description_length; ++i)
    append_utf8(out, letters[i]);
  return out + "...";
}

void write_video(JsonWriter& json, const Context& context, const catalog::VideoSummary& video,
                 std::int64_t viewers, const VideoJsonOptions& options) {
  std::optional<std::string> truncated;
  if (video.description) truncated = truncate_description(*video.description);
  json.object([&] {
    write_common(json, context, video, viewers, truncated, truncated);
    write_short_actor(json, context, "account", video.account);
    write_short_actor(json, context, "channel", video.channel);
    if (options.state) {
      write_state(json, video.state);
      json.field("waitTranscoding", video.wait_transcoding);
      write_schedule(json, video.scheduled);
    }
    if (options.blacklist) write_blacklist(json);
    if (options.playlist != nullptr) {
      write_playlists(json, context, video, *options.playlist);
      json.raw_field("files", "[]");
    }
  });
}

void write_video_details(JsonWriter& json, const Context& context, const catalog::Video& video,
                         std::int64_t viewers, const std::optional<VideoProcessing>& processing,
                         const VideoDetailsOptions& options) {
  const VideoSummary& summary = video.summary;
  std::optional<std::string> truncated;
  if (summary.description) truncated = truncate_description(*summary.description);
  json.object([&] {
    write_common(json, context, summary, viewers, summary.description, truncated);
    json.key("account");
    write_account(json, video.channel.owner, context.config.host);
    json.key("channel");
    write_channel(json, video.channel, context.config.host, true);
    if (options.managed) write_schedule(json, summary.scheduled);
    write_blacklist(json);
    write_playlists(json, context, summary, video.playlist);
    json.key("files");
    json.array(std::span(options.source ? &*options.source : nullptr, options.source ? 1 : 0),
               [&](const catalog::SourceFile& source) {
                 write_source(json, context, catalog::is_media_open(summary.privacy), source);
               });
    json.field("support", video.support)
        .field("descriptionPath", fmt::format("/api/v1/videos/{}/description", summary.uuid.text()))
        .key("tags");
    json.array(video.tags, [&](const std::string& tag) { json.value(tag); });
    json.field("commentsEnabled", video.comments_policy != catalog::CommentsPolicy::disabled);
    write_choice_of(json, "commentsPolicy", catalog::comments_policies(),
                    static_cast<std::int64_t>(video.comments_policy));
    json.field("downloadEnabled", video.download_enabled)
        .field("waitTranscoding", summary.wait_transcoding)
        .null_field("inputFileUpdatedAt");
    write_state(json, summary.state);
    json.raw_field("trackerUrls", "[]");
    write_processing(json, processing);
    if (options.managed && video.failure) json.field("failure", *video.failure);
  });
}

}  // namespace shoal::api
