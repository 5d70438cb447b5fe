#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/random.h"

namespace shoal {

/// A row's integer key, distinct per table: a VideoId does not pass for a UserId.
template <class Tag>
struct Id {
  std::int64_t value = 0;
  friend auto operator<=>(const Id&, const Id&) = default;
};

using ActorId = Id<struct ActorTag>;
using AccountId = Id<struct AccountTag>;
using UserId = Id<struct UserTag>;
using ChannelId = Id<struct ChannelTag>;
using VideoId = Id<struct VideoTag>;
using RenditionId = Id<struct RenditionTag>;
using FileId = Id<struct FileTag>;
using JobId = Id<struct JobTag>;
using UploadId = Id<struct UploadTag>;

/// RFC 9562 UUID; ours are version 4. Value, any thread.
class Uuid {
 public:
  static Uuid generate(Random& random);
  /// Accepts the 36-character form only, any case.
  static std::optional<Uuid> parse(std::string_view text);
  /// PeerTube's short form: the 128-bit number in Flickr's base 58, 22 characters, padded with '1'.
  static std::optional<Uuid> parse_short(std::string_view text);

  std::string text() const;
  std::string short_text() const;
  friend auto operator<=>(const Uuid&, const Uuid&) = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};
};

}  // namespace shoal

template <class Tag>
struct std::hash<shoal::Id<Tag>> {
  std::size_t operator()(shoal::Id<Tag> id) const noexcept {
    return std::hash<std::int64_t>{}(id.value);
  }
};
