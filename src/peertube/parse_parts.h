#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "peertube/json_fields.h"
#include "peertube/old_video.h"

/// Parts of several answers. Private to the room.
namespace shoal::peertube {

inline constexpr std::size_t k_description_bytes = 60'000;

/// An http or https URL of at most 2000 printable ASCII characters.
bool is_web_url(std::string_view text);
/// A path of the instance, or a whole URL; nothing else.
std::optional<std::string> read_path(const Fields& fields, std::string_view key);
/// The text of a title, cut to what a title may be here; "?" where there is none.
std::string read_name(const Fields& fields, std::string_view key);
/// Nothing without a channel and an account of valid names.
std::optional<OldChannel> read_channel(const Fields& channel, const boost::json::object* owner);

}  // namespace shoal::peertube
