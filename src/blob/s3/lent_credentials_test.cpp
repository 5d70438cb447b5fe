#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "base/text.h"
#include "blob/s3/credentials.h"

namespace shoal::blob::s3 {
namespace {

using testing::HasSubstr;
using Variables = std::map<std::string, std::string, std::less<>>;

Result<RolePlace> role_in(const Variables& variables) {
  return find_role([&variables](std::string_view name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  });
}

/// The container's URL, else empty.
std::string url_in(const Variables& variables) {
  const auto role = role_in(variables);
  const auto* container = role ? std::get_if<ContainerRole>(&*role) : nullptr;
  return container == nullptr ? "" : container->url;
}

constexpr const char* k_full = "AWS_CONTAINER_CREDENTIALS_FULL_URI";

TEST(RolePlace, a_relative_address_is_of_the_container_agent) {
  EXPECT_EQ(url_in({{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/1"},
                    {k_full, "https://elsewhere.example"}}),
            "http://169.254.170.2/v2/credentials/1");
}

TEST(RolePlace, keys_are_taken_over_tls_or_from_this_machine_or_its_orchestrator) {
  for (const auto* url :
       {"https://keys.example/a", "http://127.0.0.1/a", "http://127.1.2.3:80/a", "http://[::1]:9/a",
        "http://localhost:51679/a", "http://169.254.170.2/a",
        "http://169.254.170.23/v1/credentials", "http://[fd00:ec2::23]/v1/credentials"})
    EXPECT_EQ(url_in({{k_full, url}}), url);
  for (const auto* url :
       {"http://keys.example/a", "http://127.0.0.1@keys.example/a", "http://127.0.0.1.keys.example",
        "http://127.0.0.1:80@keys.example", "http://keys.example\\@127.0.0.1/",
        "http://169.254.169.254/a", "http://[fd00:ec2::24]/a", "http://127.0.0.1 keys.example/",
        "ftp://127.0.0.1/a", "http://[::1", "http://", "//127.0.0.1/"}) {
    const auto refused = role_in({{k_full, url}});
    ASSERT_FALSE(refused) << url;
    EXPECT_EQ(refused.error().code, ErrorCode::invalid);
    EXPECT_THAT(refused.error().message, HasSubstr(k_full));
  }
}

TEST(RolePlace, a_web_identity_asks_the_sts_of_its_region) {
  Variables variables{{"AWS_WEB_IDENTITY_TOKEN_FILE", "/t"}, {k_full, "https://k.example"}};
  EXPECT_EQ(url_in(variables), "https://k.example") << "a token alone names no role";
  variables["AWS_ROLE_ARN"] = "arn:aws:iam::1:role/shoal";
  const auto endpoint = [&] { return std::get<WebIdentity>(*role_in(variables)).endpoint; };
  EXPECT_EQ(endpoint(), "https://sts.amazonaws.com");
  variables["AWS_REGION"] = "eu-west-3";
  EXPECT_EQ(endpoint(), "https://sts.eu-west-3.amazonaws.com");
  variables["AWS_REGION"] = "cn-north-1";
  EXPECT_EQ(endpoint(), "https://sts.cn-north-1.amazonaws.com.cn");
  variables["AWS_ENDPOINT_URL_STS"] = "http://127.0.0.1:1";
  EXPECT_EQ(endpoint(), "http://127.0.0.1:1");
  variables["AWS_ENDPOINT_URL_STS"] = "http://sts.example";
  EXPECT_EQ(role_in(variables).error().code, ErrorCode::invalid);
}

TEST(RolePlace, the_machine_is_asked_last_and_may_be_left_alone) {
  const auto endpoint = [](const Variables& in) {
    return std::get<InstanceRole>(*role_in(in)).endpoint;
  };
  EXPECT_EQ(endpoint({}), "http://169.254.169.254");
  EXPECT_EQ(endpoint({{"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6"}}),
            "http://[fd00:ec2::254]");
  EXPECT_EQ(endpoint({{"AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1338/"}}),
            "http://127.0.0.1:1338");
  const auto off = role_in({{"AWS_EC2_METADATA_DISABLED", "TRUE"}});
  EXPECT_EQ(off.error().code, ErrorCode::not_found);
  EXPECT_EQ(url_in({{"AWS_EC2_METADATA_DISABLED", "true"}, {k_full, "https://k.example"}}),
            "https://k.example");
}

TEST(LentCredentials, of_a_container_and_of_an_instance) {
  const auto lent = parse_lent_credentials(
      R"({"Code":"Success","LastUpdated":"2026-01-01T00:00:00Z","Type":"AWS-HMAC",
          "AccessKeyId":"ASIA1","SecretAccessKey":"s/+=","Token":"t==",
          "Expiration":"2026-01-01T06:00:00Z"})");
  ASSERT_TRUE(lent);
  EXPECT_EQ(lent->keys.access_key_id, "ASIA1");
  EXPECT_EQ(lent->keys.secret_access_key, "s/+=");
  EXPECT_EQ(lent->keys.session_token, "t==");
  EXPECT_EQ(to_iso8601(lent->end), "2026-01-01T06:00:00.000Z");
  const auto none = parse_lent_credentials(
      R"({"Code":"AssumeRoleUnauthorizedAccess","Message":"EC2 cannot\nassume it"})");
  EXPECT_EQ(none.error().code, ErrorCode::unavailable);
  EXPECT_THAT(none.error().message, HasSubstr("AssumeRoleUnauthorizedAccess EC2 cannot?assume it"));
}

TEST(LentCredentials, that_are_not_whole_are_none) {
  for (
      const auto* text :
      {"", "null", "[]", "{}", "<html>", R"({"AccessKeyId":"a","SecretAccessKey":"b","Token":"c"})",
       R"({"AccessKeyId":"a","SecretAccessKey":"b","Token":"c","Expiration":"soon"})",
       R"({"AccessKeyId":"a","SecretAccessKey":"b","Expiration":"2026-01-01T06:00:00Z"})",
       R"({"AccessKeyId":"a\r\nX: y","SecretAccessKey":"b","Token":"c","Expiration":"2026-01-01T06:00:00Z"})",
       R"({"AccessKeyId":1,"SecretAccessKey":"b","Token":"c","Expiration":"2026-01-01T06:00:00Z"})"}) {
    const auto lent = parse_lent_credentials(text);
    ASSERT_FALSE(lent) << text;
    EXPECT_EQ(lent.error().code, ErrorCode::corrupt) << text;
  }
}

TEST(LentCredentials, of_an_assumed_role) {
  const auto lent = parse_assumed_role(
      R"(<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
           <AssumeRoleWithWebIdentityResult><Credentials><SessionToken>t</SessionToken>
           <SecretAccessKey>s</SecretAccessKey><Expiration>2026-01-01T06:00:00Z</Expiration>
           <AccessKeyId>ASIA2</AccessKeyId></Credentials></AssumeRoleWithWebIdentityResult>
         </AssumeRoleWithWebIdentityResponse>)");
  ASSERT_TRUE(lent);
  EXPECT_EQ(lent->keys.access_key_id, "ASIA2");
  EXPECT_FALSE(parse_assumed_role("<AssumeRoleWithWebIdentityResponse/>"));
  EXPECT_EQ(parse_sts_error("<ErrorResponse><Error><Code>ExpiredTokenException</Code>"
                            "<Message>old</Message></Error></ErrorResponse>"),
            "ExpiredTokenException: old");
  EXPECT_EQ(parse_sts_error("{}"), "");
}

}  // namespace
}  // namespace shoal::blob::s3
