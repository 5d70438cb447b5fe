#pragma once

#include <optional>
#include <string>

#include "api/core/problem.h"
#include "api/core/routes.h"
#include "catalog/videos.h"
#include "db/session.h"

namespace shoal::api {

/// The video that the path's `:id` names. Errors: 400 when it is none of a video's three names.
Answer<catalog::VideoKey> read_video_key(const Call& call);

/// What somebody brings along to watch a video.
struct Watcher {
  Caller caller;
  /// Header x-peertube-video-password.
  std::optional<std::string> password;
  /// The video was named by its UUID, not by its number, which can be guessed.
  bool by_uuid = true;
  /// Who tries passwords, and where that is counted; set together with a password.
  std::string client{};
  GuessThrottle* guesses = nullptr;

  static Watcher of(const Call& call, const catalog::VideoKey& key);
  static Watcher of(const net::Request& request, Context& context, Caller caller,
                    const catalog::VideoKey& key);
  /// Somebody without session or password: who a page's head, an embed or oEmbed is written for.
  static Watcher nobody(const catalog::VideoKey& key);
};

/// Whether `watcher` may see the video, inside a transaction (a password is looked up). Errors: 401
/// when nobody is signed in, 403 as PeerTube says it, 429 where one client tries too many
/// passwords.
Answer<> check_watch(db::Session& session, const catalog::VideoAccess& video,
                     const Watcher& watcher);

/// The video, when `watcher` may see it. Errors: 404, and as above.
Answer<catalog::VideoAccess> find_watchable(db::Session& session, const catalog::VideoKey& key,
                                            const Watcher& watcher);

/// All of a video, when `watcher` may see it. Errors: as above.
Answer<catalog::Video> find_watchable_page(db::Session& session, const catalog::VideoKey& key,
                                           const Watcher& watcher);

/// Owner and moderators manage a video.
bool may_manage(const Caller& caller, const catalog::VideoAccess& video);
/// Errors: 404, 403.
Answer<catalog::VideoAccess> find_manageable(db::Session& session, const catalog::VideoKey& key,
                                             const Caller& caller);

}  // namespace shoal::api
