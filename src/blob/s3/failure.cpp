#include "blob/s3/failure.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

namespace shoal::blob::s3 {
namespace {

constexpr std::size_t k_longest_message = 300;

struct Meaning {
  ErrorCode code = ErrorCode::internal;
  bool retry = false;
  /// "{bucket}", "{endpoint}", "{region}" and "{clock}" stand for what they name.
  std::string_view sentence;
};

struct CodeMeaning {
  std::string_view name;
  Meaning meaning;
};

constexpr bool k_retry = true;
constexpr bool k_final = false;

constexpr Meaning k_no_bucket = {ErrorCode::unavailable, k_final,
                                 "the bucket {bucket} does not exist at {endpoint}: create it or "
                                 "correct its name or the endpoint"};
constexpr Meaning k_other_region = {
    ErrorCode::unavailable, k_final,
    "the bucket {bucket} belongs to another region or endpoint than "
    "{endpoint} with the region that is configured: {region}"};
constexpr Meaning k_old_token = {ErrorCode::unavailable, k_final,
                                 "the session token has expired or is not valid: renew the keys"};
constexpr Meaning k_slow_down = {ErrorCode::busy, k_retry, "the server asks for fewer requests"};
constexpr Meaning k_full = {ErrorCode::full, k_final,
                            "{endpoint} is full or a quota is reached: make room, raise the quota "
                            "or add another store"};
constexpr Meaning k_server_failed = {ErrorCode::unavailable, k_retry, "the server failed"};
constexpr Meaning k_not_ready = {ErrorCode::unavailable, k_retry, "the server is not ready"};
constexpr Meaning k_changed = {ErrorCode::corrupt, k_retry,
                               "the bytes that arrived are not those that were sent"};
constexpr Meaning k_meanwhile = {ErrorCode::conflict, k_retry,
                                 "another request for the same object is under way"};
constexpr Meaning k_exists = {ErrorCode::conflict, k_final, "the object exists already"};
constexpr Meaning k_too_slow = {ErrorCode::timeout, k_retry,
                                "the server waited for the request's bytes in vain"};
constexpr Meaning k_lost_part = {ErrorCode::corrupt, k_final,
                                 "the parts the server has are not those that were sent: the "
                                 "upload must begin again"};
constexpr Meaning k_cannot = {ErrorCode::unsupported, k_final,
                              "{endpoint} does not offer this operation"};

constexpr auto k_codes = std::to_array<CodeMeaning>({
    {"NoSuchKey", {ErrorCode::not_found, k_final, "the object does not exist"}},
    {"NoSuchUpload", {ErrorCode::not_found, k_final, "the multipart upload does not exist"}},
    {"NoSuchBucket", k_no_bucket},
    {"InvalidBucketName", k_no_bucket},
    {"PreconditionFailed", k_exists},
    {"ConditionalRequestConflict", k_meanwhile},
    {"OperationAborted", k_meanwhile},
    {"InvalidAccessKeyId",
     {ErrorCode::unavailable, k_final, "{endpoint} does not know the access key id: correct it"}},
    {"SignatureDoesNotMatch",
     {ErrorCode::unavailable, k_final,
      "the signature is not the one {endpoint} expects: correct the secret access key, and see "
      "that no proxy before it changes host or path"}},
    {"RequestTimeTooSkewed",
     {ErrorCode::unavailable, k_final,
      "the clock of this machine is over 15 minutes off the server's{clock}: set it, and keep it "
      "right with `timedatectl set-ntp true`"}},
    {"AccessDenied",
     {ErrorCode::unavailable, k_final,
      "the keys may not do this in the bucket {bucket}: allow s3:GetObject, s3:PutObject, "
      "s3:DeleteObject, s3:AbortMultipartUpload, s3:ListBucket, s3:ListBucketMultipartUploads and "
      "s3:ListMultipartUploadParts"}},
    {"AllAccessDisabled",
     {ErrorCode::unavailable, k_final, "the bucket {bucket} is locked: ask who offers it"}},
    {"AccountProblem",
     {ErrorCode::unavailable, k_final, "the account is locked: ask who offers it"}},
    {"InvalidObjectState",
     {ErrorCode::unavailable, k_final,
      "the object is in an archive: restore it, and take the rule that moves it there off the "
      "bucket {bucket}"}},
    {"ExpiredToken", k_old_token},
    {"InvalidToken", k_old_token},
    {"TokenRefreshRequired", k_old_token},
    {"PermanentRedirect", k_other_region},
    {"TemporaryRedirect", k_other_region},
    {"AuthorizationHeaderMalformed", k_other_region},
    {"IllegalLocationConstraintException", k_other_region},
    {"SlowDown", k_slow_down},
    {"SlowDownRead", k_slow_down},
    {"SlowDownWrite", k_slow_down},
    {"Throttling", k_slow_down},
    {"ThrottlingException", k_slow_down},
    {"RequestLimitExceeded", k_slow_down},
    {"TooManyRequests", k_slow_down},
    {"XMinioServerNotInitialized", k_not_ready},
    {"InternalError", k_server_failed},
    {"RequestTimeout", k_too_slow},
    {"IncompleteBody",
     {ErrorCode::unavailable, k_retry, "the connection ended within the request"}},
    {"InsufficientStorage", k_full},
    {"QuotaExceeded", k_full},
    {"XMinioStorageFull", k_full},
    {"XMinioAdminBucketQuotaExceeded", k_full},
    {"EntityTooLarge",
     {ErrorCode::too_large, k_final, "it is larger than {endpoint} takes in one request"}},
    {"BadDigest", k_changed},
    {"XAmzContentSHA256Mismatch", k_changed},
    {"XAmzContentChecksumMismatch", k_changed},
    {"InvalidPart", k_lost_part},
    {"EntityTooSmall", k_lost_part},
    {"NotImplemented", k_cannot},
    {"MethodNotAllowed", k_cannot},
    {"NotSupported", k_cannot},
});

struct StatusMeaning {
  int status;
  Meaning meaning;
};

constexpr auto k_statuses = std::to_array<StatusMeaning>({
    {301, k_other_region},
    {307, k_other_region},
    {308, k_other_region},
    {401, {ErrorCode::unavailable, k_final, "{endpoint} does not take the keys: correct them"}},
    {403,
     {ErrorCode::unavailable, k_final,
      "the server refuses the keys: correct them, what they may do in the bucket {bucket}, or the "
      "clock of this machine"}},
    {404, {ErrorCode::not_found, k_final, "the object or the bucket {bucket} does not exist"}},
    {405, k_cannot},
    {408, k_too_slow},
    {409, {ErrorCode::conflict, k_final, "the object or its bucket is in another state"}},
    {412, k_exists},
    {413,
     {ErrorCode::too_large, k_final, "it is larger than {endpoint} or a proxy before it takes"}},
    {429, k_slow_down},
    {500, k_server_failed},
    {501, k_cannot},
    {502, {ErrorCode::unavailable, k_retry, "the proxy before the server does not reach it"}},
    {503, k_slow_down},
    {504, {ErrorCode::unavailable, k_retry, "the proxy before the server waited for it in vain"}},
    {507, k_full},
});

Meaning meaning_of(int status, std::string_view code) {
  if (const auto* known = std::ranges::find(k_codes, code, &CodeMeaning::name);
      known != k_codes.end())
    return known->meaning;
  if (const auto* known = std::ranges::find(k_statuses, status, &StatusMeaning::status);
      known != k_statuses.end())
    return known->meaning;
  // An error after status 200 was sent is one of the server's own.
  if (status >= 500 || (status < 300 && !code.empty())) return k_server_failed;
  if (status >= 400) return {ErrorCode::invalid, k_final, "the server does not take the request"};
  return {ErrorCode::unavailable, k_final,
          "{endpoint} does not answer as S3 does: correct the endpoint"};
}

/// What a server says, for one line of a log.
std::string printable(std::string_view text) {
  // Cut between code points.
  std::size_t end = std::min(text.size(), k_longest_message);
  while (end < text.size() && end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80)
    --end;
  std::string out(text.substr(0, end));
  std::ranges::replace_if(
      out, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  return out;
}

std::string advice_on_region(const ErrorBody& body) {
  if (!body.region.empty()) return fmt::format("set the region to {}", printable(body.region));
  if (!body.endpoint.empty())
    return fmt::format("set the endpoint to {}", printable(body.endpoint));
  return "set the region and the endpoint to the bucket's";
}

std::string sentence_of(const Meaning& meaning, const Refusal& refusal, const ErrorBody& body) {
  std::string clock;
  if (!body.server_time.empty()) clock = fmt::format(" ({} there)", printable(body.server_time));
  return fmt::format(fmt::runtime(meaning.sentence), fmt::arg("bucket", refusal.bucket),
                     fmt::arg("endpoint", refusal.endpoint), fmt::arg("clock", clock),
                     fmt::arg("region", advice_on_region(body)));
}

}  // namespace

Error to_error(const Refusal& refusal) {
  const ErrorBody body = refusal.body.value_or(ErrorBody{});
  const Meaning meaning = meaning_of(refusal.status, body.code);
  std::string details = fmt::format("{}, HTTP {}", refusal.operation, refusal.status);
  if (!body.code.empty()) details += " " + printable(body.code);
  if (!body.message.empty()) details += fmt::format(": \"{}\"", printable(body.message));
  if (!body.request_id.empty()) details += ", request " + printable(body.request_id);
  return {meaning.code, fmt::format("the store {}: {} ({})", refusal.store,
                                    sentence_of(meaning, refusal, body), details)};
}

bool is_worth_retrying(int status, const std::optional<ErrorBody>& body) {
  return meaning_of(status, body ? body->code : std::string_view()).retry;
}

Milliseconds longest_retry_delay(unsigned attempt) {
  constexpr Milliseconds k_first{200};
  constexpr Milliseconds k_longest{20'000};
  // 200 ms doubled seven times is over the longest; more could leave the integer.
  return std::min(k_longest, k_first * (1 << std::min(attempt, 7U)));
}

Milliseconds retry_delay(unsigned attempt, Random& random) {
  const auto longest = static_cast<std::uint64_t>(longest_retry_delay(attempt).count());
  return Milliseconds(static_cast<Milliseconds::rep>(random.below(longest + 1)));
}

}  // namespace shoal::blob::s3
