#include "blob/s3/sigv4.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <map>

#include "base/check.h"
#include "base/text.h"

namespace shoal::blob::s3 {
namespace {

constexpr std::string_view k_algorithm = "AWS4-HMAC-SHA256";
/// Names that signing itself adds.
constexpr std::array<std::string_view, 5> k_own_fields = {
    "authorization", "host", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token"};

std::string_view as_text(const Sha256Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

/// ISO 8601 basic: "20130524T000000Z"; its first eight characters are the date of the scope.
std::string basic_time(UtcTime time) {
  const std::string extended = to_iso8601(time);
  std::string out;
  for (const char c : std::string_view(extended).substr(0, 19)) {
    if (c != '-' && c != ':') out.push_back(c);
  }
  return out + "Z";
}

/// Trimmed, and each run of spaces is one.
std::string canonical_value(std::string_view value) {
  std::string out;
  for (const char c : trim(value)) {
    if (c != ' ' || !out.ends_with(' ')) out.push_back(c);
  }
  return out;
}

/// By lower-case names; the values of one name are joined in the order in which they are sent.
using CanonicalHeaders = std::map<std::string, std::string>;

CanonicalHeaders canonical_headers(const NameValues& headers) {
  CanonicalHeaders out;
  for (const auto& [name, value] : headers) {
    const auto [field, is_new] = out.try_emplace(to_lower_ascii(name));
    if (!is_new) field->second += ',';
    field->second += canonical_value(value);
  }
  return out;
}

std::string names_of(const CanonicalHeaders& headers) {
  std::string out;
  for (const auto& [name, value] : headers) {
    if (!out.empty()) out += ';';
    out += name;
  }
  return out;
}

std::string canonical_request(const Unsigned& request, std::string_view query,
                              const CanonicalHeaders& headers, std::string_view payload_sha256) {
  std::string fields;
  for (const auto& [name, value] : headers)
    fmt::format_to(std::back_inserter(fields), "{}:{}\n", name, value);
  return fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, request.path, query, fields,
                     names_of(headers), payload_sha256);
}

std::string string_to_sign(std::string_view time, std::string_view scope,
                           std::string_view canonical) {
  return fmt::format("{}\n{}\n{}\n{}", k_algorithm, time, scope, to_hex(Sha256::of(canonical)));
}

void check_request(const Unsigned& request) {
  SHOAL_CHECK(request.path.starts_with('/'));
  for (const auto& [name, value] : request.headers) {
    SHOAL_CHECK(std::ranges::find(k_own_fields, to_lower_ascii(name)) == k_own_fields.end());
  }
}

}  // namespace

std::string canonical_query(const NameValues& query) {
  NameValues encoded;
  for (const auto& [name, value] : query) encoded.emplace_back(url_encode(name), url_encode(value));
  std::ranges::sort(encoded);
  std::string out;
  for (const auto& [name, value] : encoded) {
    if (!out.empty()) out += '&';
    fmt::format_to(std::back_inserter(out), "{}={}", name, value);
  }
  return out;
}

SigningKey::SigningKey(std::string_view secret_access_key, std::string_view date,
                       std::string_view region, std::string_view service)
    : date_(date), scope_(fmt::format("{}/{}/{}/aws4_request", date, region, service)) {
  const Sha256Digest of_date = hmac_sha256(fmt::format("AWS4{}", secret_access_key), date);
  const Sha256Digest of_region = hmac_sha256(as_text(of_date), region);
  const Sha256Digest of_service = hmac_sha256(as_text(of_region), service);
  key_ = hmac_sha256(as_text(of_service), "aws4_request");
}

std::string SigningKey::sign(std::string_view string_to_sign) const {
  return to_hex(hmac_sha256(as_text(key_), string_to_sign));
}

Signer::Signer(Credentials credentials, std::string region, std::string service)
    : credentials_(std::move(credentials)),
      region_(std::move(region)),
      service_(std::move(service)) {}

SigningKey Signer::key_of(std::string_view date) const {
  const std::scoped_lock lock(mutex_);
  if (!key_ || key_->date() != date) {
    key_.emplace(credentials_.secret_access_key, date, region_, service_);
  }
  return *key_;
}

NameValues Signer::sign_headers(const Unsigned& request, UtcTime now) const {
  check_request(request);
  const std::string time = basic_time(now);
  const SigningKey key = key_of(std::string_view(time).substr(0, 8));
  NameValues added = {{"x-amz-content-sha256", request.payload_sha256}, {"x-amz-date", time}};
  if (!credentials_.session_token.empty()) {
    added.emplace_back("x-amz-security-token", credentials_.session_token);
  }
  NameValues signed_fields = request.headers;
  signed_fields.emplace_back("host", request.host);
  signed_fields.insert(signed_fields.end(), added.begin(), added.end());
  const CanonicalHeaders headers = canonical_headers(signed_fields);
  const std::string canonical =
      canonical_request(request, canonical_query(request.query), headers, request.payload_sha256);
  added.emplace_back("Authorization",
                     fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", k_algorithm,
                                 credentials_.access_key_id, key.scope(), names_of(headers),
                                 key.sign(string_to_sign(time, key.scope(), canonical))));
  return added;
}

Result<std::string> Signer::presign(const Unsigned& request, UtcTime now, Seconds valid_for) const {
  constexpr Seconds k_longest = std::chrono::days(7);
  if (valid_for < Seconds(1) || valid_for > k_longest) {
    return fail(ErrorCode::invalid, fmt::format("a presigned URL is valid for 1 to {} s, not {}",
                                                k_longest.count(), valid_for.count()));
  }
  check_request(request);
  const std::string time = basic_time(now);
  const SigningKey key = key_of(std::string_view(time).substr(0, 8));
  NameValues signed_fields = request.headers;
  signed_fields.emplace_back("host", request.host);
  const CanonicalHeaders headers = canonical_headers(signed_fields);
  NameValues parameters = request.query;
  parameters.emplace_back("X-Amz-Algorithm", k_algorithm);
  parameters.emplace_back("X-Amz-Credential", credentials_.access_key_id + "/" + key.scope());
  parameters.emplace_back("X-Amz-Date", time);
  parameters.emplace_back("X-Amz-Expires", std::to_string(valid_for.count()));
  parameters.emplace_back("X-Amz-SignedHeaders", names_of(headers));
  if (!credentials_.session_token.empty()) {
    parameters.emplace_back("X-Amz-Security-Token", credentials_.session_token);
  }
  const std::string query = canonical_query(parameters);
  const std::string canonical = canonical_request(request, query, headers, k_unsigned_payload);
  return query + "&X-Amz-Signature=" + key.sign(string_to_sign(time, key.scope(), canonical));
}

}  // namespace shoal::blob::s3
