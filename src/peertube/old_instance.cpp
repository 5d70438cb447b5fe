#include "peertube/old_instance.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include "base/text.h"
#include "peertube/parse.h"

namespace shoal::peertube {
namespace {

constexpr int k_tries = 6;
constexpr int k_redirections = 3;
constexpr Seconds k_longest_wait{300};
constexpr std::size_t k_user_pages = 1000;
constexpr std::string_view k_json = "application/json";
/// What PeerTube calls blocked videos and those that are not published, and each privacy.
constexpr std::string_view k_all_videos =
    "&include=3&privacyOneOf=1&privacyOneOf=2&privacyOneOf=3&privacyOneOf=4&privacyOneOf=5";

ErrorCode code_of(int status) {
  switch (status) {
    case 401:
      return ErrorCode::unauthorized;
    case 403:
      return ErrorCode::forbidden;
    case 404:
    case 410:
      return ErrorCode::not_found;
    default:
      return ErrorCode::unavailable;
  }
}

bool is_redirection(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/// How long to wait before it is asked again.
Milliseconds pause_after(const net::ClientResponse& response, int attempt) {
  const Milliseconds usual{500 << std::min(attempt, 6)};
  const auto told = parse_int(response.headers.find("Retry-After").value_or(""));
  if (!told || *told < 0) return usual;
  return std::max<Milliseconds>(usual, std::min(Seconds{*told}, k_longest_wait));
}

std::unexpected<Error> refused(const std::string& url, int status) {
  return fail(code_of(status), fmt::format("{} answered {}", url, status));
}

}  // namespace

OldInstance::OldInstance(OldInstanceConfig config, Services services)
    : config_(std::move(config)), services_(std::move(services)), token_(config_.token) {}

io::Task<> OldInstance::wait(Milliseconds time) {
  if (services_.wait_for) {
    co_await services_.wait_for(time);
    co_return;
  }
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, time);
  co_await timer.async_wait(io::use_awaitable);
}

std::string OldInstance::url_of(const std::string& place, const std::string& origin) const {
  if (place.starts_with('/')) return config_.url + place;
  if (!origin.empty() && place.starts_with(origin + "/"))
    return config_.url + place.substr(origin.size());
  return place;
}

io::Task<Result<net::ClientResponse>> OldInstance::get(std::string url, std::string range,
                                                       std::string accept) {
  int redirections = 0;
  for (int attempt = 0;; ++attempt) {
    net::ClientRequest request;
    request.url = url;
    request.headers.add("Accept", accept);
    if (!range.empty()) request.headers.add("Range", range);
    if (!token_.empty() && is_ours(url)) request.headers.add("Authorization", "Bearer " + token_);
    auto response = co_await http_.send(std::move(request));
    const bool is_last = attempt + 1 >= k_tries;
    if (!response) {
      const bool may_pass = response.error().code == ErrorCode::unavailable ||
                            response.error().code == ErrorCode::timeout;
      if (is_last || !may_pass) co_return std::unexpected(response.error());
      co_await wait(Milliseconds{500 << attempt});
      continue;
    }
    if (response->status == 200 || response->status == 206) co_return std::move(*response);
    if (is_redirection(response->status) && redirections < k_redirections) {
      ++redirections;
      const std::string to(response->headers.find("Location").value_or(""));
      if (to.starts_with("http://") || to.starts_with("https://")) {
        url = to;
      } else if (to.starts_with('/') && !to.starts_with("//")) {
        url.resize(url.find('/', url.find("://") + 3));
        url += to;
      } else {
        co_return refused(url, response->status);
      }
      continue;
    }
    const bool may_pass = response->status == 429 || response->status >= 500;
    if (is_last || !may_pass) co_return refused(url, response->status);
    co_await wait(pause_after(*response, attempt));
  }
}

io::Task<Result<std::string>> OldInstance::ask(std::string path) {
  const std::string url = config_.url + "/api/v1/" + path;
  auto response = co_await get(url, "", std::string(k_json));
  const bool is_over = !response && response.error().code == ErrorCode::unauthorized;
  if (is_over && !config_.username.empty() && !token_.empty()) {
    // A token lasts a day, and an import may last longer.
    CO_TRY_VOID(co_await log_in());
    response = co_await get(url, "", std::string(k_json));
  }
  if (!response) co_return std::unexpected(response.error());
  co_return co_await net::read_text(*response->body, k_answer_limit);
}

io::Task<Result<>> OldInstance::log_in() {
  token_.clear();
  CO_TRY(const std::string local, co_await ask("oauth-clients/local"));
  CO_TRY(const OAuthClient client, parse_oauth_client(local));
  net::ClientRequest request;
  request.method = "POST";
  request.url = config_.url + "/api/v1/users/token";
  request.headers.add("Content-Type", "application/x-www-form-urlencoded");
  request.body = net::text_body(
      fmt::format("client_id={}&client_secret={}&response_type=code&grant_type=password&username={}"
                  "&password={}",
                  url_encode(client.id), url_encode(client.secret), url_encode(config_.username),
                  url_encode(config_.password)));
  CO_TRY(const auto response, co_await http_.send(std::move(request)));
  if (response.status != 200) {
    co_return fail(ErrorCode::unauthorized,
                   fmt::format("{} does not let {} log in ({}): check the name and the password. "
                               "With two-factor authentication give a token (--token-file).",
                               config_.url, config_.username, response.status));
  }
  CO_TRY(const std::string answer, co_await net::read_text(*response.body, k_answer_limit));
  CO_TRY(token_, parse_access_token(answer));
  co_return Result<>{};
}

io::Task<Result<std::string>> OldInstance::connect() {
  CO_TRY(const std::string config, co_await ask("config"));
  CO_TRY(const std::string version, parse_server_version(config));
  if (!config_.username.empty()) CO_TRY_VOID(co_await log_in());
  if (!token_.empty()) {
    CO_TRY(const std::string me, co_await ask("users/me"));
    CO_TRY(const catalog::Role role, parse_my_role(me));
    reach_ = role == catalog::Role::user ? Reach::own : Reach::all;
  }
  co_return version;
}

io::Task<Result<OldPage<ListedVideo>>> OldInstance::list_videos(std::size_t start) {
  const std::string page = fmt::format("start={}&count={}&sort=createdAt", start, k_page_size);
  std::string path = "users/me/videos?" + page;
  if (reach_ != Reach::own) path = "videos?isLocal=true&nsfw=both&" + page;
  if (reach_ == Reach::all) path += k_all_videos;
  CO_TRY(const std::string answer, co_await ask(std::move(path)));
  co_return parse_videos(answer);
}

io::Task<Result<OldPage<OldChannel>>> OldInstance::list_channels(std::size_t start) {
  CO_TRY(const std::string answer,
         co_await ask(
             fmt::format("video-channels?start={}&count={}&sort=createdAt", start, k_page_size)));
  co_return parse_channels(answer);
}

io::Task<Result<std::map<std::string, OldUser>>> OldInstance::list_users() {
  std::map<std::string, OldUser> users;
  if (reach_ != Reach::all) co_return users;
  for (std::size_t page = 0; page < k_user_pages; ++page) {
    const auto answer = co_await ask(
        fmt::format("users?start={}&count={}&sort=createdAt", page * k_page_size, k_page_size));
    // Some moderators may not see them.
    if (!answer && answer.error().code == ErrorCode::forbidden) co_return users;
    if (!answer) co_return std::unexpected(answer.error());
    CO_TRY(auto listed, parse_users(*answer));
    for (OldUser& user : listed.entries) users.insert_or_assign(user.username, std::move(user));
    if (listed.sent < k_page_size) break;
  }
  co_return users;
}

io::Task<Result<OldVideo>> OldInstance::find_video(Uuid uuid) {
  const std::string path = "videos/" + uuid.text();
  CO_TRY(const std::string answer, co_await ask(path));
  CO_TRY(OldVideo video, parse_video(answer));
  if (video.uuid != uuid) co_return fail(ErrorCode::corrupt, "it answers with another video");
  if (video.description_may_be_cut) {
    CO_TRY(const std::string whole, co_await ask(path + "/description"));
    CO_TRY(video.attributes.description, parse_description(whole));
  }
  if (video.attributes.privacy == catalog::Privacy::password) {
    CO_TRY(const std::string passwords, co_await ask(path + "/passwords?count=100"));
    CO_TRY(video.attributes.passwords, parse_passwords(passwords));
    if (video.attributes.passwords.empty() && video.obstacle.empty())
      video.obstacle = "its passwords are not told to this user";
  }
  co_return video;
}

io::Task<Result<std::vector<OldCaption>>> OldInstance::find_captions(Uuid uuid) {
  CO_TRY(const std::string answer, co_await ask("videos/" + uuid.text() + "/captions"));
  co_return parse_captions(answer);
}

io::Task<Result<std::vector<catalog::Chapter>>> OldInstance::find_chapters(Uuid uuid) {
  CO_TRY(const std::string answer, co_await ask("videos/" + uuid.text() + "/chapters"));
  co_return parse_chapters(answer);
}

io::Task<Result<std::optional<OldStoryboard>>> OldInstance::find_storyboard(Uuid uuid) {
  CO_TRY(const std::string answer, co_await ask("videos/" + uuid.text() + "/storyboards"));
  co_return parse_storyboard(answer);
}

io::Task<Result<std::string>> OldInstance::read(std::string place, std::string origin,
                                                std::uint64_t limit) {
  CO_TRY(const auto response, co_await get(url_of(place, origin), "", "*/*"));
  if (response.status != 200) co_return refused(place, response.status);
  co_return co_await net::read_text(*response.body, limit);
}

}  // namespace shoal::peertube
