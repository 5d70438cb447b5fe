#pragma once

#include <cstdint>
#include <optional>
#include <pugixml.hpp>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

/// What xml.cpp reads with: elements by their local names, since servers differ in namespaces and
/// prefixes. For this folder only.
namespace shoal::blob::s3 {

inline constexpr std::size_t k_max_body_bytes = std::size_t{4} << 20;

/// The name without its prefix: "s3:Key" is "Key".
std::string_view local_name(const pugi::xml_node& node);
/// The first child of that local name, else a null node.
pugi::xml_node child(const pugi::xml_node& node, std::string_view name);
/// All text and CDATA right under `node`; empty for a null node.
std::string text_of(const pugi::xml_node& node);
std::string text_at(const pugi::xml_node& node, std::string_view name);

/// A body of at most 4 MiB and 300,000 tags, of UTF-8 without NUL, with one root. Errors: corrupt.
/// Document types are passed over: no entity of their own is ever expanded.
Result<> load(pugi::xml_document& document, std::string_view body);
/// The root of a loaded document, which is called `name`. Errors: corrupt, naming what is there
/// instead; of an Error also its code.
Result<pugi::xml_node> root_named(const pugi::xml_document& document, std::string_view name);

/// "Size of the answer's Contents is 'x', not `what`": corrupt.
std::unexpected<Error> wrong_element(const pugi::xml_node& parent, std::string_view name,
                                     std::string_view what);
/// A text that must be there and not empty. Errors: corrupt.
Result<std::string> required_text(const pugi::xml_node& parent, std::string_view name);
/// A decimal number in [0, most] that must be there. Errors: corrupt.
Result<std::uint64_t> required_number(const pugi::xml_node& parent, std::string_view name,
                                      std::uint64_t most);
/// "true" or "false"; false where it is missing. Errors: corrupt.
Result<bool> optional_flag(const pugi::xml_node& parent, std::string_view name);
/// ISO 8601; nothing where it is missing or empty. Errors: corrupt.
Result<std::optional<UtcTime>> optional_time(const pugi::xml_node& parent, std::string_view name);

}  // namespace shoal::blob::s3
