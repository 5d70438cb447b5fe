#pragma once

#include <cerrno>
#include <filesystem>
#include <string_view>

#include "base/result.h"

namespace shoal::io {

/// What a failed system call means to the caller: not_found, conflict (it exists), too_large (a
/// file size limit), busy (out of descriptors), invalid, else unavailable (a full disk too).
ErrorCode classify_errno(int error);

/// "cannot open /a/b: No such file or directory", classified.
std::unexpected<Error> fail_errno(std::string_view what, const std::filesystem::path& path,
                                  int error = errno);

}  // namespace shoal::io
