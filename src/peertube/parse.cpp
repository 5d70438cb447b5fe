#include "peertube/parse.h"

#include <algorithm>

#include "catalog/languages.h"
#include "peertube/json_fields.h"
#include "peertube/parse_parts.h"

namespace shoal::peertube {
namespace {

namespace json = boost::json;

constexpr std::size_t k_max_depth = 32;
constexpr std::size_t k_secret_limit = 1000;

std::unexpected<Error> unreadable(std::string_view what) {
  return fail(ErrorCode::corrupt, std::string(what) + " of the other instance cannot be read");
}

/// `read` makes an entry of an object, or nothing of one that is passed over.
template <class T, class Read>
Result<OldPage<T>> parse_page(std::string_view text, Read read) {
  TRY(const json::object answer, parse_object(text));
  const Fields fields(answer);
  const json::array* const data = fields.array("data");
  if (data == nullptr) return unreadable("a list");
  OldPage<T> page;
  page.total = fields.number("total").value_or(0);
  page.sent = data->size();
  for (const json::value& item : *data) {
    const json::object* const object = item.if_object();
    if (object == nullptr || page.entries.size() == k_page_size) continue;
    if (auto entry = read(Fields(*object))) page.entries.push_back(*std::move(entry));
  }
  return page;
}

/// What must be there: a text.
Result<std::string> parse_text(std::string_view text, std::string_view key, std::size_t limit) {
  TRY(const json::object answer, parse_object(text));
  auto found = Fields(answer).text(key, limit);
  if (!found) return unreadable(key);
  return *std::move(found);
}

std::optional<OldCaption> read_caption(const Fields& fields) {
  OldCaption caption;
  const auto language = fields.word_choice("language");
  // Newer versions also give the whole URL, where the files may lie in a bucket.
  auto path = read_path(fields, "fileUrl");
  if (!path) path = read_path(fields, "captionPath");
  if (!language || !path || !catalog::language_label(*language)) return std::nullopt;
  caption.language = *language;
  caption.path = *path;
  caption.automatically_generated = fields.flag("automaticallyGenerated", false);
  return caption;
}

std::optional<OldStoryboard> read_storyboard(const Fields& fields) {
  constexpr std::uint64_t k_side = 20'000;
  OldStoryboard board;
  auto path = read_path(fields, "fileUrl");
  if (!path) path = read_path(fields, "storyboardPath");
  if (!path) return std::nullopt;
  board.path = *path;
  board.total_width = static_cast<std::int64_t>(fields.count("totalWidth", k_side).value_or(0));
  board.total_height = static_cast<std::int64_t>(fields.count("totalHeight", k_side).value_or(0));
  board.sprite_width = static_cast<std::int64_t>(fields.count("spriteWidth", k_side).value_or(0));
  board.sprite_height = static_cast<std::int64_t>(fields.count("spriteHeight", k_side).value_or(0));
  board.sprite_duration =
      Seconds(static_cast<std::int64_t>(fields.count("spriteDuration", 86'400).value_or(0)));
  const bool whole = board.sprite_width > 0 && board.sprite_height > 0 &&
                     board.total_width >= board.sprite_width &&
                     board.total_height >= board.sprite_height && board.sprite_duration.count() > 0;
  if (!whole) return std::nullopt;
  return board;
}

std::optional<OldUser> read_user(const Fields& fields) {
  const auto username = fields.text("username", 50);
  if (!username || !catalog::is_valid_actor_name(*username)) return std::nullopt;
  return OldUser{
      .username = to_lower_ascii(*username),
      .email = fields.text("email", 400).value_or(""),
      .blocked = fields.flag("blocked", false),
      .video_quota = fields.number("videoQuota").value_or(catalog::k_unlimited),
      .video_quota_daily = fields.number("videoQuotaDaily").value_or(catalog::k_unlimited)};
}

std::optional<ListedVideo> read_listed(const Fields& fields) {
  const auto uuid_text = fields.text("uuid", 36);
  const auto uuid = uuid_text ? Uuid::parse(*uuid_text) : std::nullopt;
  if (!uuid || !fields.flag("isLocal", true)) return std::nullopt;
  ListedVideo video{.uuid = *uuid, .name = read_name(fields, "name"), .channel = ""};
  if (const json::object* const channel = fields.object("channel"))
    video.channel = Fields(*channel).text("name", 50).value_or("");
  return video;
}

}  // namespace

Result<json::value> parse_answer(std::string_view text) {
  if (text.size() > k_answer_limit)
    return fail(ErrorCode::too_large, "an answer of the other instance is too long");
  json::parse_options options;
  options.max_depth = k_max_depth;
  boost::system::error_code error;
  json::value value = json::parse(text, error, {}, options);
  if (error) return unreadable("an answer");
  return value;
}

Result<json::object> parse_object(std::string_view text) {
  TRY(json::value value, parse_answer(text));
  if (!value.is_object()) return unreadable("an answer");
  return std::move(value.get_object());
}

Result<OAuthClient> parse_oauth_client(std::string_view text) {
  TRY(std::string id, parse_text(text, "client_id", k_secret_limit));
  TRY(std::string secret, parse_text(text, "client_secret", k_secret_limit));
  return OAuthClient{std::move(id), std::move(secret)};
}

Result<std::string> parse_access_token(std::string_view text) {
  TRY(std::string token, parse_text(text, "access_token", k_secret_limit));
  return token;
}

Result<std::string> parse_server_version(std::string_view text) {
  TRY(std::string version, parse_text(text, "serverVersion", 100));
  return version;
}

Result<catalog::Role> parse_my_role(std::string_view text) {
  TRY(const json::object answer, parse_object(text));
  const auto role = Fields(answer).choice("role");
  if (!role || *role < 0 || *role > 2) return unreadable("the user");
  return static_cast<catalog::Role>(*role);
}

Result<OldPage<ListedVideo>> parse_videos(std::string_view text) {
  return parse_page<ListedVideo>(text, read_listed);
}

Result<OldPage<OldChannel>> parse_channels(std::string_view text) {
  return parse_page<OldChannel>(text, [](const Fields& fields) -> std::optional<OldChannel> {
    if (!fields.flag("isLocal", true)) return std::nullopt;
    return read_channel(fields, fields.object("ownerAccount"));
  });
}

Result<OldPage<OldUser>> parse_users(std::string_view text) {
  return parse_page<OldUser>(text, read_user);
}

Result<std::string> parse_description(std::string_view text) {
  TRY(const json::object answer, parse_object(text));
  return Fields(answer).text("description", k_description_bytes).value_or("");
}

Result<std::vector<std::string>> parse_passwords(std::string_view text) {
  TRY(const auto page,
      parse_page<std::string>(text, [](const Fields& fields) -> std::optional<std::string> {
        auto password = fields.text("password", 400);
        if (!password || !catalog::k_video_password_length.contains(utf8_length(*password)))
          return std::nullopt;
        return password;
      }));
  std::vector<std::string> passwords;
  for (const std::string& password : page.entries)
    if (std::ranges::find(passwords, password) == passwords.end()) passwords.push_back(password);
  return passwords;
}

Result<std::vector<OldCaption>> parse_captions(std::string_view text) {
  TRY(auto page, parse_page<OldCaption>(text, read_caption));
  return std::move(page.entries);
}

Result<std::vector<catalog::Chapter>> parse_chapters(std::string_view text) {
  TRY(const json::object answer, parse_object(text));
  std::vector<catalog::Chapter> chapters;
  const json::array* const list = Fields(answer).array("chapters");
  if (list == nullptr) return chapters;
  for (const json::value& item : *list) {
    const json::object* const object = item.if_object();
    if (object == nullptr || chapters.size() == catalog::k_max_chapters) continue;
    const Fields fields(*object);
    const auto timecode = fields.count("timecode", 1'000'000);
    const auto title = fields.text("title", 400);
    if (!timecode || !title || !catalog::k_chapter_title_length.contains(utf8_length(*title)))
      continue;
    const Seconds at(static_cast<std::int64_t>(*timecode));
    if (std::ranges::find(chapters, at, &catalog::Chapter::timecode) == chapters.end())
      chapters.push_back({.timecode = at, .title = *title});
  }
  std::ranges::sort(chapters, {}, &catalog::Chapter::timecode);
  return chapters;
}

Result<std::optional<OldStoryboard>> parse_storyboard(std::string_view text) {
  TRY(const json::object answer, parse_object(text));
  const json::array* const list = Fields(answer).array("storyboards");
  if (list == nullptr) return std::nullopt;
  for (const json::value& item : *list) {
    const json::object* const object = item.if_object();
    if (object == nullptr) continue;
    if (auto board = read_storyboard(Fields(*object))) return board;
  }
  return std::nullopt;
}

}  // namespace shoal::peertube
