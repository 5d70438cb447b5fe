#include "api/videos/video_attributes.h"

#include <algorithm>

#include "base/text.h"
#include "catalog/constants.h"
#include "catalog/languages.h"

namespace shoal::api {
namespace {

using catalog::CommentsPolicy;
using catalog::Privacy;

constexpr std::string_view k_name_message =
    "Should have a video name between 3 and 120 characters long";
constexpr TextRule k_name_rule{catalog::k_video_name_length.least,
                               catalog::k_video_name_length.most, k_name_message};
constexpr TextRule k_description_rule{.min = catalog::k_description_length.least,
                                      .max = catalog::k_description_length.most,
                                      .normalize_empty = true};
constexpr TextRule k_support_rule{.min = catalog::k_support_length.least,
                                  .max = catalog::k_support_length.most,
                                  .normalize_empty = true};

std::optional<std::int64_t> read_listed(Fields& body, std::string_view name,
                                        std::span<const catalog::Choice> choices) {
  const auto id = body.integer(name, 1, 1'000'000);
  if (id && !catalog::label_of(choices, *id)) {
    body.refuse(name);
    return std::nullopt;
  }
  return id;
}

std::optional<std::string> read_language(Fields& body) {
  auto code = body.text("language", {.min = 1, .max = 10, .normalize_empty = true});
  if (code && !catalog::language_label(*code)) {
    body.refuse("language");
    return std::nullopt;
  }
  return code;
}

std::optional<CommentsPolicy> read_comments_policy(Fields& body) {
  if (const auto id = body.integer("commentsPolicy", 1, 3)) return static_cast<CommentsPolicy>(*id);
  // What clients before 6.2 send.
  if (const auto enabled = body.boolean("commentsEnabled"))
    return *enabled ? CommentsPolicy::enabled : CommentsPolicy::disabled;
  return std::nullopt;
}

std::optional<std::vector<std::string>> read_tags(Fields& body) {
  constexpr std::string_view k_message =
      "Should have an array of up to 5 tags between 2 and 30 characters each";
  return body.texts("tags", catalog::k_max_tags,
                    {catalog::k_tag_length.least, catalog::k_tag_length.most, k_message});
}

/// Outer nothing: not named; inner nothing: taken back.
std::optional<std::optional<catalog::ScheduledUpdate>> read_schedule(Fields& body) {
  if (!body.has("scheduleUpdate")) return std::nullopt;
  if (body.is_null("scheduleUpdate")) return std::optional<catalog::ScheduledUpdate>{};
  auto nested = body.nested("scheduleUpdate");
  if (!nested) {
    body.refuse("scheduleUpdate");
    return std::nullopt;
  }
  catalog::ScheduledUpdate schedule;
  const auto at = nested->time("updateAt");
  if (!at && nested->ok()) nested->refuse("updateAt", "Should have a schedule update date");
  if (at) schedule.at = *at;
  if (const auto privacy = nested->integer("privacy", 1, 4))
    schedule.privacy = static_cast<Privacy>(*privacy);
  body.merge(*nested);
  return schedule;
}

std::optional<Privacy> read_privacy(Fields& body) {
  const auto privacy = body.integer("privacy", 1, 5);
  if (!privacy) return std::nullopt;
  return static_cast<Privacy>(*privacy);
}

template <class T>
boost::json::value json_of(const std::optional<T>& value) {
  if (!value) return nullptr;
  return boost::json::value(*value);
}

boost::json::array json_of(const std::vector<std::string>& texts) {
  boost::json::array array;
  for (const std::string& text : texts) array.emplace_back(text);
  return array;
}

}  // namespace

std::vector<std::string> read_video_passwords(Fields& body, std::string_view name, bool required) {
  auto passwords = body.texts(name, catalog::k_max_video_passwords,
                              {.min = catalog::k_video_password_length.least,
                               .max = catalog::k_video_password_length.most});
  if (!passwords || passwords->empty()) {
    if (required && body.ok())
      body.refuse(name, "Should have at least one password between 2 and 100 characters long");
    return {};
  }
  std::ranges::sort(*passwords);
  if (std::ranges::adjacent_find(*passwords) != passwords->end())
    body.refuse(name, "Should have passwords that differ");
  return *passwords;
}

UploadAttributes read_upload_attributes(Fields& body) {
  UploadAttributes out;
  catalog::VideoAttributes& video = out.video;
  out.channel = body.required_integer("channelId", 1, INT64_MAX);
  video.name = body.required_text("name", k_name_rule);
  video.description = body.text("description", k_description_rule);
  video.support = body.text("support", k_support_rule);
  video.category = read_listed(body, "category", catalog::categories());
  video.licence = read_listed(body, "licence", catalog::licences());
  video.language = read_language(body);
  video.privacy = read_privacy(body).value_or(Privacy::owner_only);
  video.nsfw = body.boolean("nsfw").value_or(false);
  video.comments_policy = read_comments_policy(body).value_or(CommentsPolicy::enabled);
  video.download_enabled = body.boolean("downloadEnabled").value_or(true);
  video.wait_transcoding = body.boolean("waitTranscoding").value_or(false);
  video.tags = read_tags(body).value_or(std::vector<std::string>{});
  video.originally_published_at = body.time("originallyPublishedAt");
  video.scheduled = read_schedule(body).value_or(std::nullopt);
  video.passwords =
      read_video_passwords(body, "videoPasswords", video.privacy == Privacy::password);
  return out;
}

UpdateAttributes read_update_attributes(Fields& body) {
  UpdateAttributes out;
  catalog::VideoChanges& changes = out.changes;
  out.channel = body.integer("channelId", 1, INT64_MAX).value_or(0);
  if (body.has("category")) changes.category = read_listed(body, "category", catalog::categories());
  if (body.has("licence")) changes.licence = read_listed(body, "licence", catalog::licences());
  if (body.has("language")) changes.language = read_language(body);
  changes.nsfw = body.boolean("nsfw");
  changes.wait_transcoding = body.boolean("waitTranscoding");
  changes.privacy = read_privacy(body);
  if (body.has("description")) changes.description = body.text("description", k_description_rule);
  if (body.has("support")) changes.support = body.text("support", k_support_rule);
  changes.comments_policy = read_comments_policy(body);
  changes.download_enabled = body.boolean("downloadEnabled");
  if (body.has("originallyPublishedAt"))
    changes.originally_published_at = body.time("originallyPublishedAt");
  if (body.has("name")) changes.name = body.required_text("name", k_name_rule);
  if (body.has("tags")) changes.tags = read_tags(body).value_or(std::vector<std::string>{});
  changes.scheduled = read_schedule(body);
  // Whether there must be some depends on those that the video has.
  if (body.has("videoPasswords") && !body.is_null("videoPasswords")) {
    auto passwords = read_video_passwords(body, "videoPasswords", false);
    if (!passwords.empty()) changes.passwords = std::move(passwords);
  }
  return out;
}

boost::json::object to_json(const UploadAttributes& attributes) {
  const catalog::VideoAttributes& video = attributes.video;
  boost::json::object json{
      {"channelId", attributes.channel},
      {"name", video.name},
      {"description", json_of(video.description)},
      {"support", json_of(video.support)},
      {"category", json_of(video.category)},
      {"licence", json_of(video.licence)},
      {"language", json_of(video.language)},
      {"privacy", static_cast<int>(video.privacy)},
      {"nsfw", video.nsfw},
      {"commentsPolicy", static_cast<int>(video.comments_policy)},
      {"downloadEnabled", video.download_enabled},
      {"waitTranscoding", video.wait_transcoding},
      {"tags", json_of(video.tags)},
      {"videoPasswords", json_of(video.passwords)},
  };
  if (video.originally_published_at)
    json["originallyPublishedAt"] = to_iso8601(*video.originally_published_at);
  if (video.scheduled) {
    boost::json::object schedule{{"updateAt", to_iso8601(video.scheduled->at)}};
    if (video.scheduled->privacy) schedule["privacy"] = static_cast<int>(*video.scheduled->privacy);
    json["scheduleUpdate"] = std::move(schedule);
  }
  return json;
}

UploadAttributes from_json(const boost::json::object& json) {
  Fields fields(json, "body");
  return read_upload_attributes(fields);
}

}  // namespace shoal::api
