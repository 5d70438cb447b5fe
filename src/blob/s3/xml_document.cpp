#include "blob/s3/xml_document.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>

#include "base/text.h"

namespace shoal::blob::s3 {
namespace {

/// 10,000 entries of a dozen elements each; a tag of three bytes takes 64 of memory.
constexpr std::ptrdiff_t k_max_tags = 300'000;
constexpr std::size_t k_most_shown = 60;

std::string shown(std::string_view text) {
  std::string out(text.substr(0, k_most_shown));
  std::ranges::replace_if(out, [](char c) { return c < ' ' || c > '~'; }, '?');
  return out;
}

}  // namespace

std::string_view local_name(const pugi::xml_node& node) {
  const std::string_view name = node.name();
  return name.substr(name.rfind(':') + 1);
}

pugi::xml_node child(const pugi::xml_node& node, std::string_view name) {
  return node.find_child(
      [name](const pugi::xml_node& candidate) { return local_name(candidate) == name; });
}

std::string text_of(const pugi::xml_node& node) {
  std::string out;
  for (const pugi::xml_node& part : node.children()) {
    if (part.type() == pugi::node_pcdata || part.type() == pugi::node_cdata) out += part.value();
  }
  return out;
}

std::string text_at(const pugi::xml_node& node, std::string_view name) {
  return text_of(child(node, name));
}

Result<> load(pugi::xml_document& document, std::string_view body) {
  if (body.size() > k_max_body_bytes) {
    return fail(ErrorCode::corrupt,
                fmt::format("the answer has {} bytes of XML, at most {} are read", body.size(),
                            k_max_body_bytes));
  }
  // pugixml would end at a NUL and keep bytes that are no text.
  if (!is_valid_utf8(body)) return fail(ErrorCode::corrupt, "the answer is no UTF-8 text");
  if (std::ranges::count(body, '<') > k_max_tags)
    return fail(ErrorCode::corrupt, fmt::format("the answer has over {} tags", k_max_tags));
  const pugi::xml_parse_result parsed =
      document.load_buffer(body.data(), body.size(), pugi::parse_default, pugi::encoding_utf8);
  if (!parsed) {
    return fail(ErrorCode::corrupt, fmt::format("the answer is no XML: {} at byte {}",
                                                parsed.description(), parsed.offset));
  }
  const auto elements = document.children();
  const auto roots = std::count_if(elements.begin(), elements.end(), [](const pugi::xml_node& n) {
    return n.type() == pugi::node_element;
  });
  if (roots != 1) return fail(ErrorCode::corrupt, "the answer is XML of several roots");
  return {};
}

Result<pugi::xml_node> root_named(const pugi::xml_document& document, std::string_view name) {
  const pugi::xml_node node = document.document_element();
  if (local_name(node) == name) return node;
  std::string instead = shown(local_name(node));
  if (instead == "Error") instead += " " + shown(text_at(node, "Code"));
  return fail(ErrorCode::corrupt, fmt::format("the answer is {} instead of {}", instead, name));
}

std::unexpected<Error> wrong_element(const pugi::xml_node& parent, std::string_view name,
                                     std::string_view what) {
  const pugi::xml_node node = child(parent, name);
  const std::string value = node ? "'" + shown(text_of(node)) + "'" : std::string("missing");
  return fail(ErrorCode::corrupt, fmt::format("{} of the answer's {} is {}, not {}", name,
                                              shown(local_name(parent)), value, what));
}

Result<std::string> required_text(const pugi::xml_node& parent, std::string_view name) {
  std::string text = text_at(parent, name);
  if (text.empty()) return wrong_element(parent, name, "a text");
  return text;
}

Result<std::uint64_t> required_number(const pugi::xml_node& parent, std::string_view name,
                                      std::uint64_t most) {
  const std::string holder = text_at(parent, name);
  const std::string_view text = trim(holder);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value > most)
    return wrong_element(parent, name, fmt::format("a number up to {}", most));
  return value;
}

Result<bool> optional_flag(const pugi::xml_node& parent, std::string_view name) {
  const std::string holder = text_at(parent, name);
  const std::string_view text = trim(holder);
  if (!text.empty() && !iequals(text, "true") && !iequals(text, "false"))
    return wrong_element(parent, name, "true or false");
  return iequals(text, "true");
}

Result<std::optional<UtcTime>> optional_time(const pugi::xml_node& parent, std::string_view name) {
  const std::string holder = text_at(parent, name);
  const std::string_view text = trim(holder);
  if (text.empty()) return std::nullopt;
  const auto time = parse_iso8601(text);
  if (!time) return wrong_element(parent, name, "a time of ISO 8601");
  return time;
}

}  // namespace shoal::blob::s3
