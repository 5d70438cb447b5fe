#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/units.h"

namespace shoal::config {

/// "10GB", "512 KiB", "1048576": decimal digits and an optional unit, in any case. KB and KiB are
/// both 1024 bytes, as in PeerTube. Nothing for anything else, or for more than 2^63 - 1.
std::optional<ByteCount> parse_bytes(std::string_view text);
/// The largest unit that divides it: "10GB", "1500KB", "17B".
std::string format_bytes(ByteCount bytes);

/// "30 seconds", "5min", "1 day 2 hours", "500ms"; a bare number is milliseconds, as in PeerTube.
std::optional<Milliseconds> parse_duration(std::string_view text);
/// The largest unit that divides it: "5 minutes", "1500 milliseconds".
std::string format_duration(Milliseconds duration);

}  // namespace shoal::config
