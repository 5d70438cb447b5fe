#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "catalog/accounts.h"
#include "catalog/languages.h"
#include "peertube/parse.h"
#include "peertube/parse_parts.h"

namespace shoal::peertube {
namespace {

namespace json = boost::json;

constexpr std::size_t k_file_limit = 32;
constexpr std::size_t k_url_limit = 2000;
constexpr std::size_t k_name_limit = 200;
constexpr std::size_t k_uuid_length = 36;
constexpr std::uint64_t k_size_limit = std::uint64_t{1} << 44;
constexpr std::int64_t k_published_state = 1;

bool is_file_name(std::string_view name) {
  return !name.empty() && name.size() <= k_name_limit && !name.starts_with('.') &&
         std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '-' || c == '_';
         });
}

/// The last part of a URL's path, where it is a name that can be used.
std::string name_in_url(std::string_view url) {
  url = url.substr(0, url.find_first_of("?#"));
  const std::string_view name = url.substr(url.rfind('/') + 1);
  return is_file_name(name) ? std::string(name) : std::string();
}

std::optional<std::string> read_url(const Fields& fields, std::string_view key) {
  auto url = fields.text(key, k_url_limit);
  if (!url || !is_web_url(*url)) return std::nullopt;
  return url;
}

std::optional<OldFile> read_file(const Fields& fields) {
  const auto url = read_url(fields, "fileUrl");
  const auto resolution = fields.choice("resolution");
  const auto size = fields.count("size", k_size_limit);
  if (!url || !size || *size == 0 || !resolution || *resolution < 0 || *resolution > 20'000)
    return std::nullopt;
  OldFile file{.name = name_in_url(*url),
               .url = *url,
               .resolution = static_cast<std::uint32_t>(*resolution),
               .width = static_cast<std::uint32_t>(fields.count("width", 20'000).value_or(0)),
               .height = static_cast<std::uint32_t>(fields.count("height", 20'000).value_or(0)),
               .fps = static_cast<std::uint32_t>(fields.count("fps", 1000).value_or(0)),
               .size = *size,
               .has_audio = fields.flag("hasAudio", true)};
  if (file.name.empty()) return std::nullopt;
  return file;
}

/// One of each resolution: of two, the larger.
std::vector<OldFile> read_files(const json::array* list, std::string_view ending) {
  std::vector<OldFile> files;
  if (list == nullptr) return files;
  for (const json::value& item : *list) {
    const json::object* const object = item.if_object();
    auto file = object == nullptr ? std::nullopt : read_file(Fields(*object));
    if (!file || !file->name.ends_with(ending) || files.size() == k_file_limit) continue;
    const auto same = std::ranges::find(files, file->resolution, &OldFile::resolution);
    if (same == files.end()) {
      files.push_back(*std::move(file));
    } else if (same->size < file->size) {
      *same = *std::move(file);
    }
  }
  std::ranges::sort(files, std::greater<>(), &OldFile::resolution);
  return files;
}

void read_playlist(const Fields& video, OldVideo& out) {
  const json::array* const playlists = video.array("streamingPlaylists");
  if (playlists == nullptr || playlists->empty() || !playlists->front().is_object()) return;
  const Fields playlist(playlists->front().get_object());
  out.hls_files = read_files(playlist.array("files"), ".mp4");
  const auto master = read_url(playlist, "playlistUrl");
  out.master_name = master ? name_in_url(*master) : std::string();
  const auto digests = read_url(playlist, "segmentsSha256Url");
  if (digests) {
    out.digests_url = *digests;
    out.digests_name = name_in_url(*digests);
  }
}

std::optional<std::int64_t> known(std::optional<std::int64_t> id,
                                  std::span<const catalog::Choice> choices) {
  return id && catalog::label_of(choices, *id) ? id : std::nullopt;
}

std::vector<std::string> read_tags(const json::array* list) {
  std::vector<std::string> tags;
  if (list == nullptr) return tags;
  for (const json::value& item : *list) {
    if (!item.is_string() || tags.size() == catalog::k_max_tags) continue;
    const std::string_view tag = item.get_string();
    if (tag.size() <= 200 && is_valid_utf8(tag) && catalog::k_tag_length.contains(utf8_length(tag)))
      tags.emplace_back(tag);
  }
  return tags;
}

std::optional<catalog::ScheduledUpdate> read_schedule(const json::object* object) {
  if (object == nullptr) return std::nullopt;
  const Fields fields(*object);
  const auto at = fields.time("updateAt");
  if (!at) return std::nullopt;
  catalog::ScheduledUpdate update{.at = *at, .privacy = std::nullopt};
  if (const auto privacy = known(fields.number("privacy"), catalog::privacies()))
    update.privacy = static_cast<catalog::Privacy>(*privacy);
  return update;
}

catalog::CommentsPolicy read_comments(const Fields& video) {
  if (const auto policy = known(video.choice("commentsPolicy"), catalog::comments_policies()))
    return static_cast<catalog::CommentsPolicy>(*policy);
  return video.flag("commentsEnabled", true) ? catalog::CommentsPolicy::enabled
                                             : catalog::CommentsPolicy::disabled;
}

void read_attributes(const Fields& video, OldVideo& out) {
  catalog::VideoAttributes& to = out.attributes;
  to.name = read_name(video, "name");
  to.description = video.text("description", k_description_bytes);
  out.description_may_be_cut = to.description && video.find("truncatedDescription") == nullptr;
  to.support = video.text("support", 10'000);
  to.category = known(video.choice("category"), catalog::categories());
  to.licence = known(video.choice("licence"), catalog::licences());
  const auto language = video.word_choice("language");
  if (language && catalog::language_label(*language)) to.language = language;
  // What cannot be told is kept from everybody else.
  const auto privacy = known(video.choice("privacy"), catalog::privacies());
  to.privacy = privacy ? static_cast<catalog::Privacy>(*privacy) : catalog::Privacy::owner_only;
  to.nsfw = video.flag("nsfw", false);
  to.comments_policy = read_comments(video);
  to.download_enabled = video.flag("downloadEnabled", true);
  to.wait_transcoding = video.flag("waitTranscoding", false);
  to.tags = read_tags(video.array("tags"));
  to.originally_published_at = video.time("originallyPublishedAt");
  to.scheduled = read_schedule(video.object("scheduledUpdate"));
}

void read_history(const Fields& video, OldVideo& out) {
  const UtcTime published = video.time("publishedAt").value_or(UtcTime{});
  out.history.published_at = published;
  out.history.created_at = video.time("createdAt").value_or(published);
  out.history.updated_at = video.time("updatedAt").value_or(published);
  out.history.views =
      static_cast<std::int64_t>(video.count("views", std::uint64_t{1} << 50).value_or(0));
}

/// Where the address of the video begins: scheme and host.
std::string read_origin(const Fields& video) {
  const auto url = read_url(video, "url");
  if (!url) return {};
  return url->substr(0, url->find('/', url->find("://") + 3));
}

/// 8.x lists pictures of several sizes instead of two paths.
void read_pictures(const Fields& video, OldVideo& out) {
  out.thumbnail_path = read_path(video, "thumbnailPath");
  out.preview_path = read_path(video, "previewPath");
  const json::array* const list = video.array("thumbnails");
  if (list == nullptr || (out.thumbnail_path && out.preview_path)) return;
  std::uint64_t narrowest = UINT64_MAX;
  std::uint64_t widest = 0;
  for (const json::value& item : *list) {
    const json::object* const object = item.if_object();
    if (object == nullptr) continue;
    const Fields picture(*object);
    const auto path = read_path(picture, "fileUrl");
    const std::uint64_t width = picture.count("width", 100'000).value_or(0);
    if (!path || width == 0) continue;
    if (width < narrowest) {
      narrowest = width;
      out.thumbnail_path = path;
    }
    if (width > widest) {
      widest = width;
      out.preview_path = path;
    }
  }
}

std::string obstacle_of(const Fields& video, const OldVideo& read) {
  if (video.flag("isLive", false)) return "it is a live broadcast";
  if (video.flag("blacklisted", false)) return "its moderators have blocked it";
  if (const auto state = video.choice("state"); state && *state != k_published_state)
    return fmt::format("it is not published there (state {})", *state);
  if (read.hls_files.empty() && read.web_files.empty()) return "it has no files";
  return {};
}

}  // namespace

bool is_web_url(std::string_view text) {
  const bool has_scheme = text.starts_with("http://") || text.starts_with("https://");
  return has_scheme && text.size() <= k_url_limit &&
         text.find('/', text.find("://") + 3) != std::string_view::npos &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

std::optional<std::string> read_path(const Fields& fields, std::string_view key) {
  auto path = fields.text(key, k_url_limit);
  if (!path) return std::nullopt;
  const bool is_path = path->starts_with('/') && !path->starts_with("//") &&
                       std::ranges::all_of(*path, [](char c) { return c > ' ' && c < 0x7f; });
  if (!is_path && !is_web_url(*path)) return std::nullopt;
  return path;
}

std::string read_name(const Fields& fields, std::string_view key) {
  const auto name = fields.text(key, 4000);
  if (!name) return "?";
  if (utf8_length(*name) <= catalog::k_video_name_length.most) return *name;
  std::string cut;
  for (const char32_t c : to_code_points(*name).substr(0, catalog::k_video_name_length.most))
    append_utf8(cut, c);
  return cut;
}

std::optional<OldChannel> read_channel(const Fields& channel, const json::object* owner) {
  if (owner == nullptr) return std::nullopt;
  const Fields account(*owner);
  OldChannel out;
  out.name = channel.text("name", 50).value_or("");
  out.display_name = channel.text("displayName", 500).value_or(out.name);
  out.description = channel.text("description", 10'000);
  out.support = channel.text("support", 10'000);
  out.owner.name = account.text("name", 50).value_or("");
  out.owner.display_name = account.text("displayName", 500).value_or(out.owner.name);
  out.owner.description = account.text("description", 10'000);
  if (!catalog::is_valid_actor_name(out.name) || !catalog::is_valid_actor_name(out.owner.name))
    return std::nullopt;
  return out;
}

Result<OldVideo> parse_video(std::string_view text) {
  TRY(const json::object answer, parse_object(text));
  const Fields video(answer);
  const auto uuid_text = video.text("uuid", k_uuid_length);
  const auto uuid = uuid_text ? Uuid::parse(*uuid_text) : std::nullopt;
  const json::object* const channel = video.object("channel");
  auto read =
      channel == nullptr ? std::nullopt : read_channel(Fields(*channel), video.object("account"));
  if (!uuid || !read)
    return fail(ErrorCode::unsupported,
                "its channel or account is not named, or by characters that no name has here");
  OldVideo out;
  out.uuid = *uuid;
  out.channel = *std::move(read);
  read_attributes(video, out);
  read_history(video, out);
  out.duration = Seconds(static_cast<std::int64_t>(video.count("duration", 1'000'000).value_or(0)));
  if (const auto* ratio = video.find("aspectRatio"); ratio != nullptr && ratio->is_number()) {
    const double value = ratio->to_number<double>();
    if (std::isfinite(value) && value > 0 && value < 1000) out.aspect_ratio = value;
  }
  out.origin = read_origin(video);
  read_pictures(video, out);
  read_playlist(video, out);
  out.web_files = read_files(video.array("files"), "");
  out.obstacle = obstacle_of(video, out);
  return out;
}

std::string name_here(const Uuid& video, std::string_view name) {
  const bool is_own = name.size() > k_uuid_length && name[k_uuid_length] == '-' &&
                      Uuid::parse(name.substr(0, k_uuid_length)).has_value();
  return is_own ? std::string(name) : fmt::format("{}-{}", video.text(), name);
}

}  // namespace shoal::peertube
