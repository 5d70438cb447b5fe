#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "base/text.h"
#include "blob/s3/credentials.h"
#include "blob/s3/xml_document.h"

namespace shoal::blob::s3 {
namespace {

namespace json = boost::json;

/// Tokens of AWS have a kilobyte or two, with session policies some more.
constexpr std::size_t k_most_characters = std::size_t{32} << 10;
constexpr std::size_t k_shown = 200;

/// What may stand in a header's field and in a log's line.
bool is_key_text(std::string_view text) {
  return !text.empty() && text.size() <= k_most_characters &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

std::string shown(std::string_view text) {
  std::string out(text.substr(0, k_shown));
  for (char& c : out)
    if (c < ' ' || c >= 0x7f) c = '?';
  return out;
}

Result<LentCredentials> checked(Credentials keys, std::string_view end) {
  const auto time = parse_iso8601(end);
  const bool whole = is_key_text(keys.access_key_id) && is_key_text(keys.secret_access_key) &&
                     is_key_text(keys.session_token) && time;
  if (!whole) return fail(ErrorCode::corrupt, "the answer has no whole set of keys");
  return LentCredentials{std::move(keys), *time};
}

}  // namespace

Result<LentCredentials> parse_lent_credentials(std::string_view text) {
  boost::system::error_code error;
  const json::value value = json::parse(text, error);
  const auto* object = error ? nullptr : value.if_object();
  if (object == nullptr) return fail(ErrorCode::corrupt, "the answer is no JSON object");
  const auto text_at = [&](const char* key) -> std::string {
    const auto* found = object->if_contains(key);
    return found != nullptr && found->is_string() ? std::string(found->get_string()) : "";
  };
  const std::string code = text_at("Code");
  if (!code.empty() && code != "Success") {
    return fail(ErrorCode::unavailable,
                fmt::format("it says {} {}", shown(code), shown(text_at("Message"))));
  }
  return checked({text_at("AccessKeyId"), text_at("SecretAccessKey"), text_at("Token")},
                 text_at("Expiration"));
}

Result<LentCredentials> parse_assumed_role(std::string_view text) {
  pugi::xml_document document;
  TRY_VOID(load(document, text));
  TRY(const pugi::xml_node root, root_named(document, "AssumeRoleWithWebIdentityResponse"));
  const auto keys = child(child(root, "AssumeRoleWithWebIdentityResult"), "Credentials");
  return checked({text_at(keys, "AccessKeyId"), text_at(keys, "SecretAccessKey"),
                  text_at(keys, "SessionToken")},
                 text_at(keys, "Expiration"));
}

std::string parse_sts_error(std::string_view text) {
  pugi::xml_document document;
  if (!load(document, text)) return {};
  const auto root = root_named(document, "ErrorResponse");
  if (!root) return {};
  const auto error = child(*root, "Error");
  return fmt::format("{}: {}", shown(text_at(error, "Code")), shown(text_at(error, "Message")));
}

}  // namespace shoal::blob::s3
