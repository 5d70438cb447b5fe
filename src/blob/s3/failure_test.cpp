#include "blob/s3/failure.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace shoal::blob::s3 {
namespace {

std::optional<ErrorBody> body_of(std::string code) {
  if (code.empty()) return std::nullopt;
  ErrorBody body;
  body.code = std::move(code);
  return body;
}

Error error_of(int status, std::optional<ErrorBody> body) {
  return to_error({.status = status,
                   .body = std::move(body),
                   .operation = "PutObject",
                   .store = "cloud",
                   .bucket = "videos",
                   .endpoint = "s3.example.org"});
}

bool says(const Error& error, std::string_view part) {
  return error.message.find(part) != std::string::npos;
}

struct Case {
  int status;
  const char* code;
  ErrorCode expected;
  bool retry;
};

TEST(S3Failure, each_refusal_says_what_the_caller_can_do) {
  using enum ErrorCode;
  for (const auto& [status, code, expected, retry] : {
           Case{404, "NoSuchKey", not_found, false},
           Case{404, "", not_found, false},
           Case{404, "NoSuchUpload", not_found, false},
           Case{404, "NoSuchBucket", unavailable, false},
           Case{412, "PreconditionFailed", conflict, false},
           Case{412, "", conflict, false},
           Case{409, "ConditionalRequestConflict", conflict, true},
           Case{409, "", conflict, false},
           Case{403, "InvalidAccessKeyId", unavailable, false},
           Case{403, "SignatureDoesNotMatch", unavailable, false},
           Case{403, "RequestTimeTooSkewed", unavailable, false},
           Case{403, "AccessDenied", unavailable, false},
           Case{403, "", unavailable, false},
           Case{401, "", unavailable, false},
           Case{400, "ExpiredToken", unavailable, false},
           Case{503, "SlowDown", busy, true},
           Case{503, "", busy, true},
           Case{429, "", busy, true},
           Case{500, "InternalError", unavailable, true},
           Case{200, "InternalError", unavailable, true},
           Case{200, "SomethingOfTheirOwn", unavailable, true},
           Case{500, "", unavailable, true},
           Case{502, "", unavailable, true},
           Case{504, "", unavailable, true},
           Case{599, "", unavailable, true},
           Case{301, "PermanentRedirect", unavailable, false},
           Case{307, "TemporaryRedirect", unavailable, false},
           Case{400, "AuthorizationHeaderMalformed", unavailable, false},
           Case{302, "", unavailable, false},
           Case{507, "", full, false},
           Case{507, "InsufficientStorage", full, false},
           Case{403, "QuotaExceeded", full, false},
           Case{400, "EntityTooLarge", too_large, false},
           Case{413, "", too_large, false},
           Case{400, "BadDigest", corrupt, true},
           Case{400, "XAmzContentSHA256Mismatch", corrupt, true},
           Case{400, "InvalidPart", corrupt, false},
           Case{400, "RequestTimeout", timeout, true},
           Case{408, "", timeout, true},
           Case{400, "IncompleteBody", unavailable, true},
           Case{501, "NotImplemented", unsupported, false},
           Case{400, "InvalidArgument", invalid, false},
           Case{416, "InvalidRange", invalid, false},
       }) {
    EXPECT_EQ(error_of(status, body_of(code)).code, expected) << status << " " << code;
    EXPECT_EQ(is_worth_retrying(status, body_of(code)), retry) << status << " " << code;
  }
}

TEST(S3Failure, a_sentence_names_store_request_and_what_the_server_says) {
  ErrorBody body;
  body.code = "NoSuchBucket";
  body.message = "The specified bucket does not exist";
  body.request_id = "4442587FB7D0A2F9";
  EXPECT_EQ(error_of(404, body).message,
            "the store cloud: the bucket videos does not exist at s3.example.org: create it or "
            "correct its name or the endpoint (PutObject, HTTP 404 NoSuchBucket: \"The specified "
            "bucket does not exist\", request 4442587FB7D0A2F9)");
}

TEST(S3Failure, wrong_keys_clock_and_permissions_say_what_to_change) {
  EXPECT_TRUE(says(error_of(403, body_of("InvalidAccessKeyId")), "access key id"));
  EXPECT_TRUE(says(error_of(403, body_of("SignatureDoesNotMatch")), "secret access key"));
  EXPECT_TRUE(says(error_of(403, body_of("AccessDenied")), "s3:PutObject"));
  ErrorBody skewed;
  skewed.code = "RequestTimeTooSkewed";
  EXPECT_TRUE(says(error_of(403, skewed), "server's: set it"));
  skewed.server_time = "2026-01-02T03:04:05Z";
  EXPECT_TRUE(says(error_of(403, skewed), "(2026-01-02T03:04:05Z there): set it"));
  EXPECT_TRUE(says(error_of(403, skewed), "timedatectl set-ntp true"));
}

TEST(S3Failure, a_wrong_region_is_answered_with_the_right_one) {
  ErrorBody body;
  body.code = "AuthorizationHeaderMalformed";
  EXPECT_TRUE(says(error_of(400, body), "to the bucket's"));
  body.endpoint = "videos.s3.eu-west-3.amazonaws.com";
  EXPECT_TRUE(says(error_of(400, body), "set the endpoint to videos.s3.eu-west-3"));
  body.region = "eu-west-3";
  EXPECT_TRUE(says(error_of(400, body), "set the region to eu-west-3"));
}

TEST(S3Failure, what_the_server_says_stays_one_line_of_bounded_length) {
  ErrorBody body;
  body.code = "A\r\nB{bucket}";
  body.message = "x";
  for (int i = 0; i < 1000; ++i) body.message += "é";
  const Error error = error_of(400, body);
  EXPECT_TRUE(says(error, "A  B{bucket}"));
  EXPECT_LT(error.message.size(), 500U);
  EXPECT_TRUE(says(error, "é\""));
}

TEST(S3Failure, the_longest_delay_doubles_up_to_20_seconds) {
  EXPECT_EQ(longest_retry_delay(0), Milliseconds(200));
  EXPECT_EQ(longest_retry_delay(1), Milliseconds(400));
  EXPECT_EQ(longest_retry_delay(6), Milliseconds(12'800));
  for (const unsigned attempt : {7U, 8U, 64U, 4'000'000'000U})
    EXPECT_EQ(longest_retry_delay(attempt), Milliseconds(20'000));
}

TEST(S3Failure, a_delay_is_anywhere_between_none_and_the_longest) {
  SeededRandom random(1);
  Milliseconds least = Milliseconds::max();
  Milliseconds most{0};
  for (int i = 0; i < 5000; ++i) {
    const Milliseconds delay = retry_delay(0, random);
    least = std::min(least, delay);
    most = std::max(most, delay);
  }
  EXPECT_EQ(least, Milliseconds(0));
  EXPECT_EQ(most, Milliseconds(200));
}

}  // namespace
}  // namespace shoal::blob::s3
