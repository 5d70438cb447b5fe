#include "blob/s3/credentials.h"

#include <fmt/format.h>

#include "base/text.h"

namespace shoal::blob::s3 {

Result<Credentials> parse_credentials_file(std::string_view text, std::string_view profile) {
  Credentials found;
  bool is_inside = false;
  for (const std::string_view raw : split(text, '\n')) {
    const std::string_view line = trim(raw);
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[') {
      is_inside = line.back() == ']' && trim(line.substr(1, line.size() - 2)) == profile;
      continue;
    }
    const auto equals = line.find('=');
    if (!is_inside || equals == std::string_view::npos) continue;
    const std::string key = to_lower_ascii(trim(line.substr(0, equals)));
    const std::string value(trim(line.substr(equals + 1)));
    if (key == "aws_access_key_id") found.access_key_id = value;
    if (key == "aws_secret_access_key") found.secret_access_key = value;
    if (key == "aws_session_token") found.session_token = value;
  }
  if (!found.access_key_id.empty() && !found.secret_access_key.empty()) return found;
  return fail(ErrorCode::not_found, fmt::format("no keys in the profile [{}]", profile));
}

Result<Credentials> find_credentials(const EnvironmentLookup& environment,
                                     const FileLookup& files) {
  const auto id = environment("AWS_ACCESS_KEY_ID");
  const auto secret = environment("AWS_SECRET_ACCESS_KEY");
  if (id && secret && !id->empty() && !secret->empty())
    return Credentials{*id, *secret, environment("AWS_SESSION_TOKEN").value_or("")};
  const auto path = environment("AWS_SHARED_CREDENTIALS_FILE");
  const auto home = environment("HOME");
  if (!path && !home) return fail(ErrorCode::not_found, "no keys in the environment");
  TRY(const std::string text, files(path ? *path : *home + "/.aws/credentials"));
  return parse_credentials_file(text, environment("AWS_PROFILE").value_or("default"));
}

}  // namespace shoal::blob::s3
