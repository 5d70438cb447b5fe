#include "blob/s3/role_keys.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "io/file_system.h"
#include "net/http/client.h"

namespace shoal::blob::s3 {
namespace {

constexpr Milliseconds k_connect_timeout{1'000};
/// Where it answers at all it does so at once: to a container too far from it, never.
constexpr Milliseconds k_session_deadline{2'000};
/// Who gives keys may have to ask others for them.
constexpr Milliseconds k_keys_deadline{5'000};
constexpr std::uint64_t k_answer_limit = std::uint64_t{256} << 10;
constexpr std::uint64_t k_token_limit = std::uint64_t{64} << 10;
constexpr std::size_t k_most_of_a_name = 128;
constexpr const char* k_token_field = "X-aws-ec2-metadata-token";

struct Answer {
  int status = 0;
  std::string text;
};

io::Task<Result<Answer>> ask(net::HttpClient client, net::ClientRequest request) {
  CO_TRY(net::ClientResponse response, co_await client.send(std::move(request)));
  Answer answer{.status = response.status, .text = {}};
  CO_TRY(answer.text, co_await net::read_text(*response.body, k_answer_limit));
  co_return answer;
}

net::HttpClient machine_client() {
  return net::HttpClient({.connect_timeout = k_connect_timeout,
                          .stall_timeout = k_keys_deadline,
                          .uses_proxy = false});
}

std::unexpected<Error> refused(std::string_view what, int status) {
  return fail(ErrorCode::unavailable, fmt::format("{} was answered with {}", what, status));
}

bool is_field_text(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 0x7f; });
}

/// A file of a kilobyte in the memory of the machine, as orchestrators mount it: read in place.
Result<std::string> read_token(const std::string& path) {
  io::PosixFileSystem files;
  TRY(const std::string text, io::read_whole(files, path, k_token_limit));
  std::string token(trim(text));
  if (!is_field_text(token))
    return fail(ErrorCode::corrupt, fmt::format("{} holds no token", path));
  return token;
}

io::Task<Result<LentCredentials>> ask_at(ContainerRole role) {
  net::ClientRequest request{.url = role.url, .deadline = k_keys_deadline};
  std::string token = std::move(role.token);
  // The file comes first, because it is the one that is kept fresh.
  if (!role.token_file.empty()) {
    CO_TRY(token, read_token(role.token_file));
  }
  if (!token.empty()) {
    if (!is_field_text(token))
      co_return fail(ErrorCode::invalid, "AWS_CONTAINER_AUTHORIZATION_TOKEN is no token");
    request.headers.add("Authorization", token);
  }
  const bool is_local = !role.url.starts_with("https://");
  CO_TRY(const Answer answer,
         co_await ask(is_local ? machine_client()
                               : net::HttpClient({.connect_timeout = k_connect_timeout,
                                                  .stall_timeout = k_keys_deadline}),
                      std::move(request)));
  if (answer.status != 200) co_return refused("the request for keys", answer.status);
  co_return parse_lent_credentials(answer.text);
}

io::Task<Result<LentCredentials>> ask_at(WebIdentity role) {
  CO_TRY(const std::string token, read_token(role.token_file));
  net::ClientRequest request{
      .method = "POST",
      .url = role.endpoint,
      .body = net::text_body(fmt::format(
          "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn={}&RoleSessionName={}"
          "&WebIdentityToken={}",
          url_encode(role.role_arn), url_encode(role.session_name), url_encode(token))),
      .deadline = k_keys_deadline};
  request.headers.add("Content-Type", "application/x-www-form-urlencoded");
  const net::HttpClient client(
      {.connect_timeout = k_session_deadline, .stall_timeout = k_keys_deadline});
  CO_TRY(const Answer answer, co_await ask(client, std::move(request)));
  if (answer.status != 200) {
    co_return fail(ErrorCode::unavailable,
                   fmt::format("AssumeRoleWithWebIdentity was answered with {} {}", answer.status,
                               parse_sts_error(answer.text)));
  }
  co_return parse_assumed_role(answer.text);
}

io::Task<Result<std::string>> read_metadata(std::string endpoint, std::string token,
                                            std::string name) {
  net::ClientRequest request{
      .url = fmt::format("{}/latest/meta-data/iam/security-credentials/{}", endpoint, name),
      .deadline = k_keys_deadline};
  request.headers.add(k_token_field, token);
  CO_TRY(Answer answer, co_await ask(machine_client(), std::move(request)));
  if (answer.status == 404) {
    co_return fail(ErrorCode::unavailable,
                   "the instance has no role; give it one whose policy "
                   "allows the bucket");
  }
  if (answer.status != 200) co_return refused("the question for the role's keys", answer.status);
  co_return std::move(answer.text);
}

io::Task<Result<LentCredentials>> ask_at(InstanceRole role) {
  net::ClientRequest request{.method = "PUT",
                             .url = fmt::format("{}/latest/api/token", role.endpoint),
                             .deadline = k_session_deadline};
  request.headers.add("X-aws-ec2-metadata-token-ttl-seconds", "60");
  CO_TRY(const Answer answer, co_await ask(machine_client(), std::move(request)));
  const std::string token(trim(answer.text));
  if (answer.status != 200 || !is_field_text(token))
    co_return refused("the question for a session", answer.status);
  CO_TRY(const std::string names, co_await read_metadata(role.endpoint, token, ""));
  const std::string name(trim(split(names, '\n').front()));
  if (name.empty() || name.size() > k_most_of_a_name)
    co_return fail(ErrorCode::corrupt, "the instance's role has no name");
  CO_TRY(const std::string keys, co_await read_metadata(role.endpoint, token, url_encode(name)));
  co_return parse_lent_credentials(keys);
}

}  // namespace

io::Task<Result<LentCredentials>> ask_for_keys(RolePlace place) {
  if (auto* container = std::get_if<ContainerRole>(&place))
    co_return co_await ask_at(std::move(*container));
  if (auto* identity = std::get_if<WebIdentity>(&place))
    co_return co_await ask_at(std::move(*identity));
  co_return co_await ask_at(std::move(std::get<InstanceRole>(place)));
}

}  // namespace shoal::blob::s3
