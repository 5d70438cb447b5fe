#include "blob/s3/credentials.h"

#include <gtest/gtest.h>

#include <map>

namespace shoal::blob::s3 {
namespace {

constexpr std::string_view k_file =
    "# keys\n"
    "[default]\r\n"
    "aws_access_key_id = AKDEFAULT\r\n"
    "aws_secret_access_key=se/cret+1=\r\n"
    "[ archive ]\n"
    "AWS_ACCESS_KEY_ID=AKARCHIVE\n"
    "; session\n"
    "aws_secret_access_key = two\n"
    "aws_session_token = token\n"
    "[half]\n"
    "aws_access_key_id = AKHALF\n";

struct Machine {
  std::map<std::string, std::string, std::less<>> environment;
  std::map<std::string, std::string, std::less<>> files;
  Result<Credentials> find() const {
    return find_credentials(
        [this](std::string_view name) -> std::optional<std::string> {
          const auto found = environment.find(name);
          return found == environment.end() ? std::nullopt : std::optional(found->second);
        },
        [this](const std::string& path) -> Result<std::string> {
          const auto found = files.find(path);
          if (found == files.end()) return fail(ErrorCode::not_found, "no file " + path);
          return found->second;
        });
  }
};

TEST(Credentials, the_environment_comes_before_the_file) {
  Machine machine{.environment = {{"HOME", "/nowhere"}, {"AWS_ACCESS_KEY_ID", "AKENV"}},
                  .files = {{"/nowhere/.aws/credentials", std::string(k_file)}}};
  EXPECT_EQ(machine.find()->access_key_id, "AKDEFAULT") << "half a pair is none";
  machine.environment["AWS_SECRET_ACCESS_KEY"] = "secret";
  EXPECT_EQ(machine.find()->access_key_id, "AKENV");
}

TEST(Credentials, a_profile_and_a_file_are_chosen_by_the_environment) {
  Machine machine{.environment = {{"AWS_SHARED_CREDENTIALS_FILE", "/keys"}},
                  .files = {{"/keys", std::string(k_file)}}};
  EXPECT_EQ(machine.find()->secret_access_key, "se/cret+1=");
  machine.environment["AWS_PROFILE"] = "archive";
  const auto archive = machine.find();
  ASSERT_TRUE(archive);
  EXPECT_EQ(archive->access_key_id, "AKARCHIVE");
  EXPECT_EQ(archive->session_token, "token");
  for (const auto* none : {"half", "nobody"}) {
    machine.environment["AWS_PROFILE"] = none;
    EXPECT_EQ(machine.find().error().code, ErrorCode::not_found);
  }
}

TEST(Credentials, without_anything_there_are_none) {
  EXPECT_EQ(Machine().find().error().code, ErrorCode::not_found);
  const Machine homeless{.environment = {{"HOME", "/nowhere"}}, .files = {}};
  EXPECT_EQ(homeless.find().error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace shoal::blob::s3
