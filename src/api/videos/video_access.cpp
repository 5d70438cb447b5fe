#include "api/videos/video_access.h"

#include <fmt/format.h>

#include "catalog/video_passwords.h"
#include "net/address.h"

namespace shoal::api {
namespace {

constexpr std::string_view k_id_message = "Should have a valid video id (id, short UUID or UUID)";

/// PeerTube makes version 4 only; another one is no id of a video.
bool is_version_4(const Uuid& uuid) {
  const std::string text = uuid.text();
  return text[14] == '4' && std::string_view("89ab").contains(text[19]);
}

Problem not_allowed() {
  return Problem::forbidden("Cannot fetch information of private/internal/blocked video");
}

std::string guess_key(const catalog::VideoAccess& video, const Watcher& watcher) {
  return fmt::format("{} {}", video.id.value, net::client_network(watcher.client));
}

Answer<> check_password(db::Session& session, const catalog::VideoAccess& video,
                        const Watcher& watcher) {
  if (!watcher.password) {
    return refuse(Problem::forbidden("Please provide a password to access this password protected"
                                     " video")
                      .with_code("video_requires_password"));
  }
  const std::string key = guess_key(video, watcher);
  const auto wait =
      watcher.guesses != nullptr ? watcher.guesses->wait(key) : std::optional<Seconds>();
  if (wait) {
    return refuse(
        Problem(429, fmt::format("Too many wrong passwords; try again in {} s.", wait->count()))
            .with_header("Retry-After", std::to_string(wait->count())));
  }
  if (!catalog::is_video_password(session, video.id, *watcher.password)) {
    if (watcher.guesses != nullptr) watcher.guesses->failed(key);
    return refuse(Problem::forbidden("Incorrect video password. Access to the video is denied.")
                      .with_code("incorrect_video_password"));
  }
  if (watcher.guesses != nullptr) watcher.guesses->succeeded(key);
  return {};
}

}  // namespace

Answer<catalog::VideoKey> read_video_key(const Call& call) {
  const std::string_view text = call.parameter("id");
  const auto key = catalog::parse_video_key(text);
  const auto* uuid = key ? std::get_if<Uuid>(&*key) : nullptr;
  if (key && (uuid == nullptr || is_version_4(*uuid))) return *key;
  InvalidParam param{
      .name = "id",
      .message = std::string(k_id_message),
      .location = "params",
      .value = boost::json::value(uuid != nullptr ? uuid->text() : std::string(text))};
  return refuse(Problem::invalid_params({std::move(param)}));
}

Watcher Watcher::nobody(const catalog::VideoKey& key) {
  Watcher watcher;
  watcher.by_uuid = std::holds_alternative<Uuid>(key);
  return watcher;
}

Watcher Watcher::of(const net::Request& request, Context& context, Caller caller,
                    const catalog::VideoKey& key) {
  Watcher watcher = nobody(key);
  watcher.caller = std::move(caller);
  const auto password = request.headers.find("x-peertube-video-password");
  if (!password) return watcher;
  watcher.password = std::string(*password);
  watcher.client = request.client_address;
  watcher.guesses = &context.video_guesses;
  return watcher;
}

Watcher Watcher::of(const Call& call, const catalog::VideoKey& key) {
  return of(call.request, call.context, call.caller, key);
}

bool may_manage(const Caller& caller, const catalog::VideoAccess& video) {
  return caller.is_account(video.account) || caller.is_moderator();
}

Answer<> check_watch(db::Session& session, const catalog::VideoAccess& video,
                     const Watcher& watcher) {
  using catalog::Privacy;
  if (video.privacy == Privacy::everyone || may_manage(watcher.caller, video)) return {};
  if (video.privacy == Privacy::unlisted && watcher.by_uuid) return {};
  if (video.privacy == Privacy::password) return check_password(session, video, watcher);
  if (watcher.caller.is_anonymous()) return refuse(401, "Not authenticated");
  if (video.privacy == Privacy::internal) return {};
  return refuse(not_allowed());
}

Answer<catalog::VideoAccess> find_watchable(db::Session& session, const catalog::VideoKey& key,
                                            const Watcher& watcher) {
  const auto video = catalog::find_video_access(session, key);
  if (!video) return refuse(404, "Video not found");
  TRY_VOID(check_watch(session, *video, watcher));
  return *video;
}

Answer<catalog::Video> find_watchable_page(db::Session& session, const catalog::VideoKey& key,
                                           const Watcher& watcher) {
  auto video = catalog::find_video(session, key);
  if (!video) return refuse(404, "Video not found");
  TRY_VOID(check_watch(session, video->access(), watcher));
  return std::move(*video);
}

Answer<catalog::VideoAccess> find_manageable(db::Session& session, const catalog::VideoKey& key,
                                             const Caller& caller) {
  const auto video = catalog::find_video_access(session, key);
  if (!video) return refuse(404, "Video not found");
  if (!may_manage(caller, *video)) return refuse(403, "Cannot manage a video of another user.");
  return *video;
}

}  // namespace shoal::api
