#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.h"
#include "base/result.h"
#include "blob/s3/sigv4.h"

namespace shoal::blob::s3 {

/// The value of an environment variable; nothing where it is not set.
using EnvironmentLookup = std::function<std::optional<std::string>(std::string_view name)>;
/// The text of a file; not_found where there is none.
using FileLookup = std::function<Result<std::string>(const std::string& path)>;

/// One profile of a shared credentials file: "[name]" and lines of "key = value".
/// https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
/// Errors: not_found (no such profile, or it has no keys).
Result<Credentials> parse_credentials_file(std::string_view text, std::string_view profile);

/// As AWS' own clients look for keys: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and
/// AWS_SESSION_TOKEN, else the profile AWS_PROFILE ("default") of AWS_SHARED_CREDENTIALS_FILE
/// (~/.aws/credentials). Errors: not_found, and those of reading the file.
Result<Credentials> find_credentials(const EnvironmentLookup& environment, const FileLookup& files);

/// Keys of a role, lent for some hours.
struct LentCredentials {
  Credentials keys;
  UtcTime end;
};

/// A container's role, asked of its orchestrator (ECS, EKS).
struct ContainerRole {
  std::string url;
  std::string token;       ///< what Authorization says; empty: the file's, or nothing
  std::string token_file;  ///< read each time, because its content changes
};
/// A role for who has a token of another identity provider (OIDC), asked of AWS STS.
struct WebIdentity {
  std::string endpoint;  ///< of STS
  std::string role_arn;
  std::string session_name;
  std::string token_file;  ///< as above
};
/// The role of the EC2 instance we run on, asked of its metadata service (IMDSv2).
struct InstanceRole {
  std::string endpoint;
};
using RolePlace = std::variant<ContainerRole, WebIdentity, InstanceRole>;

/// Where the environment says that a role's keys are lent: AWS_WEB_IDENTITY_TOKEN_FILE with
/// AWS_ROLE_ARN, AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI, else the metadata service of
/// EC2, of which nobody knows whether it is there. Errors: not_found (AWS_EC2_METADATA_DISABLED),
/// invalid (an address to which no secret may be sent).
/// https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
Result<RolePlace> find_role(const EnvironmentLookup& environment);
/// "the metadata service of EC2 at …", for messages.
std::string describe(const RolePlace& place);

/// What a container's endpoint or the metadata service answers: JSON with AccessKeyId,
/// SecretAccessKey, Token and Expiration. Errors: corrupt, unavailable (it says why there are
/// none).
Result<LentCredentials> parse_lent_credentials(std::string_view json);
/// What STS answers to AssumeRoleWithWebIdentity. Errors: corrupt.
Result<LentCredentials> parse_assumed_role(std::string_view xml);
/// The code and message of an error of STS, bounded; empty where it is none.
std::string parse_sts_error(std::string_view xml);

}  // namespace shoal::blob::s3
