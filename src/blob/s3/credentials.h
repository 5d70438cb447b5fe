#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

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

}  // namespace shoal::blob::s3
