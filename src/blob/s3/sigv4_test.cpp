#include "blob/s3/sigv4.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/text.h"

namespace shoal::blob::s3 {
namespace {

// The examples of "Authenticating Requests: Using the Authorization Header" and "... Using Query
// Parameters" in the Amazon S3 API reference: one account, bucket and moment for all.
const Credentials k_account = {"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                               ""};
const UtcTime k_time = *parse_iso8601("2013-05-24T00:00:00Z");

Unsigned example(std::string method, std::string path) {
  return {.method = std::move(method),
          .host = "examplebucket.s3.amazonaws.com",
          .path = std::move(path),
          .query = {},
          .headers = {},
          .payload_sha256 = std::string(k_empty_sha256)};
}

std::string field(const NameValues& fields, std::string_view name) {
  for (const auto& [key, value] : fields) {
    if (key == name) return value;
  }
  return "(none)";
}

std::string authorization(const Unsigned& request) {
  return field(Signer(k_account, "us-east-1").sign_headers(request, k_time), "Authorization");
}

std::string expected(std::string_view signed_headers, std::string_view signature) {
  return "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
         "SignedHeaders=" +
         std::string(signed_headers) + ", Signature=" + std::string(signature);
}

TEST(SigV4, get_object_with_a_range_is_signed_as_published) {
  Unsigned request = example("GET", "/test.txt");
  request.headers = {{"Range", "bytes=0-9"}};
  EXPECT_EQ(authorization(request),
            expected("host;range;x-amz-content-sha256;x-amz-date",
                     "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"));
}

TEST(SigV4, put_object_is_signed_as_published) {
  Unsigned request = example("PUT", "/test%24file.text");
  request.headers = {{"x-amz-storage-class", "REDUCED_REDUNDANCY"},
                     {"Date", "Fri, 24 May 2013 00:00:00 GMT"}};
  request.payload_sha256 = to_hex(Sha256::of("Welcome to Amazon S3."));
  EXPECT_EQ(authorization(request),
            expected("date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
                     "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"));
}

TEST(SigV4, a_query_without_value_is_signed_as_published) {
  Unsigned request = example("GET", "/");
  request.query = {{"lifecycle", ""}};
  EXPECT_EQ(authorization(request),
            expected("host;x-amz-content-sha256;x-amz-date",
                     "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"));
}

TEST(SigV4, list_objects_is_signed_as_published_in_any_order_of_the_query) {
  Unsigned request = example("GET", "/");
  const std::string wanted =
      expected("host;x-amz-content-sha256;x-amz-date",
               "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
  request.query = {{"max-keys", "2"}, {"prefix", "J"}};
  EXPECT_EQ(authorization(request), wanted);
  std::ranges::reverse(request.query);
  EXPECT_EQ(authorization(request), wanted);
}

TEST(SigV4, a_presigned_get_is_signed_as_published) {
  const auto query = Signer(k_account, "us-east-1")
                         .presign(example("GET", "/test.txt"), k_time, std::chrono::days(1));
  ASSERT_TRUE(query);
  EXPECT_EQ(*query,
            "X-Amz-Algorithm=AWS4-HMAC-SHA256"
            "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
            "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
            "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

TEST(SigV4, the_added_fields_are_time_payload_and_authorization) {
  const Unsigned request = example("GET", "/test.txt");
  const NameValues fields = Signer(k_account, "us-east-1").sign_headers(request, k_time);
  EXPECT_EQ(fields.size(), 3U);
  EXPECT_EQ(field(fields, "x-amz-date"), "20130524T000000Z");
  EXPECT_EQ(field(fields, "x-amz-content-sha256"), k_empty_sha256);
}

TEST(SigV4, a_session_token_is_sent_and_signed) {
  Credentials session = k_account;
  session.session_token = "a/token==";
  const Signer signer(session, "us-east-1");
  const Unsigned request = example("GET", "/test.txt");
  const NameValues fields = signer.sign_headers(request, k_time);
  EXPECT_EQ(field(fields, "x-amz-security-token"), "a/token==");
  EXPECT_NE(field(fields, "Authorization").find("x-amz-date;x-amz-security-token,"),
            std::string::npos);
  const auto query = signer.presign(request, k_time, Seconds(60));
  ASSERT_TRUE(query);
  EXPECT_NE(query->find("&X-Amz-Security-Token=a%2Ftoken%3D%3D&X-Amz-SignedHeaders=host"),
            std::string::npos);
}

TEST(SigV4, a_presigned_url_keeps_the_query_of_the_request_and_signs_it) {
  Unsigned request = example("GET", "/test.txt");
  const Signer signer(k_account, "us-east-1");
  const auto plain = signer.presign(request, k_time, Seconds(60));
  request.query = {{"response-content-disposition", "attachment; filename=\"a b.mp4\""}};
  const auto named = signer.presign(request, k_time, Seconds(60));
  ASSERT_TRUE(plain && named);
  EXPECT_NE(named->find("&response-content-disposition=attachment%3B%20filename%3D%22a%20b.mp4%22"),
            std::string::npos);
  EXPECT_NE(plain->substr(plain->size() - 64), named->substr(named->size() - 64));
}

TEST(SigV4, a_presigned_url_lasts_between_a_second_and_seven_days) {
  const Signer signer(k_account, "us-east-1");
  const Unsigned request = example("GET", "/test.txt");
  EXPECT_TRUE(signer.presign(request, k_time, Seconds(1)));
  EXPECT_TRUE(signer.presign(request, k_time, Seconds(604800)));
  for (const Seconds bad : {Seconds(0), Seconds(-1), Seconds(604801)}) {
    const auto query = signer.presign(request, k_time, bad);
    ASSERT_FALSE(query);
    EXPECT_EQ(query.error().code, ErrorCode::invalid);
  }
}

TEST(SigV4, spaces_within_a_signed_value_count_once_and_around_it_not) {
  Unsigned request = example("GET", "/test.txt");
  request.headers = {{"x-amz-meta-a", "  one   two "}};
  const std::string loose = authorization(request);
  request.headers = {{"X-Amz-Meta-A", "one two"}};
  EXPECT_EQ(loose, authorization(request));
}

TEST(SigV4, values_of_one_name_are_signed_as_one_field) {
  Unsigned request = example("GET", "/test.txt");
  request.headers = {{"x-amz-meta-a", "1"}, {"X-Amz-Meta-A", "2"}};
  const std::string two = authorization(request);
  request.headers = {{"x-amz-meta-a", "1,2"}};
  EXPECT_EQ(two, authorization(request));
}

TEST(SigV4, a_kept_key_does_not_outlive_its_day) {
  const Signer reused(k_account, "us-east-1");
  const Unsigned request = example("GET", "/test.txt");
  const auto sign = [&](const Signer& signer, UtcTime now) {
    return field(signer.sign_headers(request, now), "Authorization");
  };
  const std::string first = sign(reused, k_time);
  const UtcTime next_day = k_time + std::chrono::days(1);
  EXPECT_EQ(sign(reused, next_day), sign(Signer(k_account, "us-east-1"), next_day));
  EXPECT_EQ(sign(reused, k_time), first);
}

TEST(SigV4, a_query_is_encoded_then_sorted) {
  EXPECT_EQ(canonical_query({}), "");
  EXPECT_EQ(canonical_query({{"b", "2"}, {"a", "x y/~"}, {"a", "+"}, {"uploads", ""}}),
            "a=%2B&a=x%20y%2F~&b=2&uploads=");
}

}  // namespace
}  // namespace shoal::blob::s3
