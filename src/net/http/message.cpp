#include "net/http/message.h"

#include <algorithm>

#include "base/text.h"

namespace shoal::net {

namespace {

constexpr std::size_t k_usual_lines = 640;
constexpr std::size_t k_usual_fields = 16;
constexpr std::string_view k_colon = ": ";
constexpr std::string_view k_line_end = "\r\n";

bool ends_line(char c) {
  return (c == '\r') | (c == '\n') | (c == '\0');
}

/// Without an early way out, so that the compiler looks at many bytes at once.
bool has_line_end(std::string_view text) {
  bool found = false;
  for (const char c : text) found |= ends_line(c);
  return found;
}

}  // namespace

std::string_view to_string(Method method) {
  switch (method) {
    case Method::get:
      return "GET";
    case Method::head:
      return "HEAD";
    case Method::post:
      return "POST";
    case Method::put:
      return "PUT";
    case Method::patch:
      return "PATCH";
    case Method::del:
      return "DELETE";
    case Method::options:
      return "OPTIONS";
    case Method::other:
      break;
  }
  return "OTHER";
}

void Headers::add(std::string_view name, std::string_view value) {
  add_parsed(name, value);
  if (!has_line_end(value)) return;
  const auto end = lines_.end() - static_cast<std::ptrdiff_t>(k_line_end.size());
  std::replace_if(end - static_cast<std::ptrdiff_t>(value.size()), end, ends_line, ' ');
}

void Headers::add_parsed(std::string_view name, std::string_view value) {
  if (spans_.empty()) reserve_usual();
  spans_.push_back({static_cast<std::uint32_t>(lines_.size()),
                    static_cast<std::uint32_t>(name.size()),
                    static_cast<std::uint32_t>(value.size())});
  lines_.append(name).append(k_colon).append(value).append(k_line_end);
}

void Headers::add(const Headers& other) {
  if (spans_.empty()) reserve_usual();
  const auto begin = static_cast<std::uint32_t>(lines_.size());
  lines_.append(other.lines_);
  for (Span span : other.spans_) {
    span.begin += begin;
    spans_.push_back(span);
  }
}

/// Room for what most messages have.
void Headers::reserve_usual() {
  lines_.reserve(k_usual_lines);
  spans_.reserve(k_usual_fields);
}

void Headers::set(std::string_view name, std::string_view value) {
  remove(name);
  add(name, value);
}

void Headers::remove(std::string_view name) {
  std::uint32_t gone = 0;
  std::erase_if(spans_, [&](Span& span) {
    span.begin -= gone;
    if (!iequals(field(span).name, name)) return false;
    lines_.erase(span.begin, span.size());
    gone += static_cast<std::uint32_t>(span.size());
    return true;
  });
}

void Headers::clear() {
  lines_.clear();
  spans_.clear();
}

std::optional<std::string_view> Headers::find(std::string_view name) const {
  for (const Span& span : spans_)
    if (span.name_size == name.size() && iequals(field(span).name, name)) return field(span).value;
  return std::nullopt;
}

Headers::Field Headers::field(const Span& span) const {
  const std::string_view line = lines().substr(span.begin, span.size());
  return {line.substr(0, span.name_size),
          line.substr(span.name_size + k_colon.size(), span.value_size)};
}

std::size_t Headers::Span::size() const {
  return name_size + k_colon.size() + value_size + k_line_end.size();
}

namespace {

/// "a" of "a[]" and of "a[12]"; else the name itself.
std::string_view base_name(std::string_view name) {
  if (name.empty() || name.back() != ']') return name;
  const auto open = name.rfind('[');
  if (open == std::string_view::npos) return name;
  const auto index = name.substr(open + 1, name.size() - open - 2);
  const bool digits = std::ranges::all_of(index, [](char c) { return c >= '0' && c <= '9'; });
  return digits ? name.substr(0, open) : name;
}

}  // namespace

Result<Parameters> Parameters::parse(std::string_view text) {
  Parameters parameters;
  while (!text.empty()) {
    const auto pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    auto name = url_decode(pair.substr(0, equals), true);
    auto value = equals == std::string_view::npos ? std::optional<std::string>(std::in_place)
                                                  : url_decode(pair.substr(equals + 1), true);
    if (!name || !value || !is_valid_utf8(*name) || !is_valid_utf8(*value))
      return fail(ErrorCode::invalid,
                  "a query or form parameter is not valid percent-encoded UTF-8");
    parameters.add(*std::move(name), *std::move(value));
  }
  return parameters;
}

void Parameters::add(std::string name, std::string value) {
  items_.emplace_back(std::move(name), std::move(value));
}

std::optional<std::string_view> Parameters::find(std::string_view name) const {
  for (const auto& [key, value] : items_)
    if (key == name || base_name(key) == name) return value;
  return std::nullopt;
}

std::vector<std::string_view> Parameters::values(std::string_view name) const {
  std::vector<std::string_view> found;
  for (const auto& [key, value] : items_)
    if (key == name || base_name(key) == name) found.emplace_back(value);
  return found;
}

std::string_view Request::path_parameter(std::string_view name) const {
  for (const auto& [key, value] : path_parameters)
    if (key == name) return value;
  return {};
}

void Request::clear() {
  method = Method::get;
  target.clear();
  path.clear();
  query.clear();
  headers.clear();
  path_parameters.clear();
  route = {};
  client_address.clear();
  secure = false;
  id.clear();
  body.reset();
}

Response Response::text(int status, std::string body, std::string_view content_type) {
  Response response;
  response.status = status;
  response.headers.add("Content-Type", content_type);
  response.body = std::move(body);
  return response;
}

}  // namespace shoal::net
