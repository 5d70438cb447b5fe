#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/ids.h"

namespace shoal::delivery {

/// The `videoFileToken` of private media: who holds it may fetch this video's files until it
/// expires or the video's privacy epoch is raised. Checked without the database. Any thread.
///
/// Format: base64url of 8 bytes expiry (ms, big endian), 8 bytes epoch (big endian), 32 bytes
/// HMAC-SHA-256 over "media-token\0", the video's UUID text, expiry and epoch.
class MediaTokens {
 public:
  /// `secret` is at least 32 random bytes that all nodes of the instance share.
  MediaTokens(std::string secret, const Clock& clock);

  std::string sign(const Uuid& video, std::int64_t privacy_epoch, UtcTime expires) const;
  /// When the token expires; nothing for a forged, foreign, expired or revoked one, and never
  /// which.
  std::optional<UtcTime> verify(std::string_view token, const Uuid& video,
                                std::int64_t privacy_epoch) const;

 private:
  std::string signature(const Uuid& video, std::string_view head) const;

  std::string secret_;
  const Clock& clock_;
};

}  // namespace shoal::delivery
