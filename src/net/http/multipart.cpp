#include "net/http/multipart.h"

#include <algorithm>
#include <cstring>

#include "base/text.h"

namespace shoal::net {

namespace {

constexpr std::size_t k_buffer = 64 * 1024;

/// Cuts `name=value` or `name="quoted \" value"` off the front of `text`, and the ';' before it.
/// False at the end or where it is malformed.
bool take_parameter(std::string_view& text, std::string& name, std::string& value) {
  text = trim(text);
  if (!text.starts_with(';')) return false;
  text = trim(text.substr(1));
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) return false;
  name = to_lower_ascii(trim(text.substr(0, equals)));
  text.remove_prefix(equals + 1);
  value.clear();
  if (!text.starts_with('"')) {
    const auto end = std::min(text.find(';'), text.size());
    value = trim(text.substr(0, end));
    text.remove_prefix(end);
    return !value.empty();
  }
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return true;
    }
    // Only quotes and backslashes are escaped: old browsers send Windows paths as they are.
    if (text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == '"' || text[i + 1] == '\\')) ++i;
    value.push_back(text[i]);
  }
  return false;
}

std::string last_component(std::string_view path) {
  return std::string(path.substr(path.find_last_of("/\\") + 1));
}

/// UTF-8''na%C3%AFve (RFC 8187).
std::optional<std::string> decode_extended(std::string_view value) {
  const auto first = value.find('\'');
  const auto second = value.find('\'', first + 1);
  if (first == std::string_view::npos || second == std::string_view::npos) return std::nullopt;
  if (!iequals(value.substr(0, first), "utf-8")) return std::nullopt;
  return url_decode(value.substr(second + 1));
}

Result<> parse_disposition(std::string_view value, FormPart& part) {
  const auto kind = trim(value.substr(0, value.find(';')));
  if (!iequals(kind, "form-data"))
    return fail(ErrorCode::invalid, "a part of the form is not form-data");
  auto rest = value.substr(std::min(value.find(';'), value.size()));
  std::string key;
  std::string text;
  bool named = false;
  bool extended = false;
  while (take_parameter(rest, key, text)) {
    if (key == "name") {
      part.name = text;
      named = true;
    } else if (key == "filename" && !extended) {
      part.filename = last_component(text);
      part.is_file = true;
    } else if (key == "filename*") {
      const auto decoded = decode_extended(text);
      if (!decoded) return fail(ErrorCode::invalid, "a file name of the form is malformed");
      part.filename = last_component(*decoded);
      part.is_file = extended = true;
    }
  }
  if (!trim(rest).empty() || !named)
    return fail(ErrorCode::invalid, "a part of the form has no valid name");
  if (!is_valid_utf8(part.name) || !is_valid_utf8(part.filename))
    return fail(ErrorCode::invalid, "a name in the form is not UTF-8");
  return {};
}

}  // namespace

Result<std::string> form_boundary(std::string_view content_type) {
  const auto type = trim(content_type.substr(0, content_type.find(';')));
  if (!iequals(type, "multipart/form-data"))
    return fail(ErrorCode::unsupported, "the Content-Type is not multipart/form-data");
  auto rest = content_type.substr(std::min(content_type.find(';'), content_type.size()));
  std::string name;
  std::string value;
  while (take_parameter(rest, name, value)) {
    if (name != "boundary") continue;
    const bool possible = value.size() <= 70 && !value.ends_with(' ') &&
                          std::ranges::all_of(value, [](char c) { return c >= 0x20 && c < 0x7f; });
    if (possible && !value.empty()) return value;
    break;
  }
  return fail(ErrorCode::invalid, "the Content-Type has no valid boundary");
}

Result<FormPart> parse_part_head(std::string_view block) {
  FormPart part;
  bool disposed = false;
  while (!block.empty() && block != "\r\n") {
    const auto end = block.find("\r\n");
    const auto colon = block.find(':');
    if (end == std::string_view::npos || colon == std::string_view::npos || colon > end ||
        block.front() == ' ' || block.front() == '\t')
      return fail(ErrorCode::invalid, "a part of the form has a malformed header");
    const auto name = block.substr(0, colon);
    const auto value = trim(block.substr(colon + 1, end - colon - 1));
    block.remove_prefix(end + 2);
    if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos)
      return fail(ErrorCode::invalid, "a part of the form has a malformed header");
    if (iequals(name, "Content-Disposition")) {
      if (disposed) return fail(ErrorCode::invalid, "a part of the form is named twice");
      TRY_VOID(parse_disposition(value, part));
      disposed = true;
    } else if (iequals(name, "Content-Type")) {
      part.content_type = value;
    }
  }
  if (!disposed) return fail(ErrorCode::invalid, "a part of the form has no name");
  return part;
}

MultipartParser::MultipartParser(std::string_view boundary, MultipartLimits limits)
    : delimiter_("\r\n--" + std::string(boundary)), limits_(limits) {}

MultipartParser::Step MultipartParser::bad(std::string reason) {
  reason_ = std::move(reason);
  state_ = State::ended;
  return {Event::bad, 0, {}};
}

MultipartParser::Step MultipartParser::step(std::string_view input) {
  switch (state_) {
    case State::start: {
      // The first delimiter needs no line break before it.
      const auto first = std::string_view(delimiter_).substr(2);
      if (input.size() < first.size() && first.starts_with(input)) return {};
      const bool at_once = input.starts_with(first);
      state_ = at_once ? State::after_delimiter : State::preamble;
      auto next = step(at_once ? input.substr(first.size()) : input);
      if (at_once) next.consumed += first.size();
      return next;
    }
    case State::preamble:
      return in_preamble(input);
    case State::after_delimiter:
      return after_delimiter(input);
    case State::head:
      return in_head(input);
    case State::data:
      return in_data(input);
    case State::ended:
      break;
  }
  return {reason_.empty() ? Event::end : Event::bad, 0, {}};
}

MultipartParser::Step MultipartParser::in_preamble(std::string_view input) {
  const auto found = input.find(delimiter_);
  if (found == std::string_view::npos) return {Event::more, input.size() - held_back(input), {}};
  state_ = State::after_delimiter;
  return {Event::more, found + delimiter_.size(), {}};
}

MultipartParser::Step MultipartParser::after_delimiter(std::string_view input) {
  if (input.starts_with("--")) {
    state_ = State::ended;
    return {Event::end, 2, {}};
  }
  // RFC 2046 allows blanks between a delimiter and its line break.
  const auto blanks = std::min(input.find_first_not_of(" \t"), input.size());
  const auto line = input.substr(blanks);
  if (blanks > limits_.header_bytes) return bad("a delimiter of the form is malformed");
  if (line.empty() || line == "\r" || input == "-") return {};
  if (!line.starts_with("\r\n")) return bad("a delimiter of the form is malformed");
  if (++parts_ > limits_.max_parts) return bad("the form has too many parts");
  state_ = State::head;
  return {Event::more, blanks + 2, {}};
}

MultipartParser::Step MultipartParser::in_head(std::string_view input) {
  // An empty block ends at once; else the empty line is the second of two line breaks.
  const auto found = input.starts_with("\r\n") ? 0 : input.find("\r\n\r\n");
  if (found == std::string_view::npos || found > limits_.header_bytes) {
    if (input.size() > limits_.header_bytes) return bad("a header in the form is too large");
    return {};
  }
  const auto size = found == 0 && input.starts_with("\r\n") ? 2 : found + 4;
  auto part = parse_part_head(input.substr(0, size));
  if (!part) return bad(std::move(part.error().message));
  part_ = *std::move(part);
  state_ = State::data;
  return {Event::part, size, {}};
}

MultipartParser::Step MultipartParser::in_data(std::string_view input) {
  const auto found = input.find(delimiter_);
  if (found == 0) {
    state_ = State::after_delimiter;
    return {Event::part_end, delimiter_.size(), {}};
  }
  const auto ready = found == std::string_view::npos ? input.size() - held_back(input) : found;
  if (ready == 0) return {};
  return {Event::data, ready, input.substr(0, ready)};
}

std::size_t MultipartParser::held_back(std::string_view input) const {
  const auto most = std::min(input.size(), delimiter_.size() - 1);
  for (auto size = most; size > 0; --size)
    if (delimiter_.starts_with(input.substr(input.size() - size))) return size;
  return 0;
}

MultipartReader::MultipartReader(std::shared_ptr<BodySource> body, std::string_view boundary,
                                 MultipartLimits limits)
    : body_(std::move(body)),
      parser_(std::make_unique<MultipartParser>(boundary, limits)),
      buffer_(std::max(k_buffer, 2 * parser_->window())) {}

Result<MultipartReader> MultipartReader::open(Request& request, MultipartLimits limits) {
  const auto type = request.headers.find("Content-Type");
  TRY(const auto boundary, form_boundary(type.value_or("")));
  return MultipartReader(request.body, boundary, limits);
}

io::Task<Result<MultipartParser::Step>> MultipartReader::advance() {
  for (;;) {
    const auto step = parser_->step({buffer_.data() + begin_, end_ - begin_});
    begin_ += step.consumed;
    if (step.event == MultipartParser::Event::bad)
      co_return fail(ErrorCode::invalid, parser_->reason());
    if (step.event != MultipartParser::Event::more) co_return step;
    if (step.consumed > 0) continue;
    if (begin_ > 0) {
      std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    const auto room = std::as_writable_bytes(std::span(buffer_)).subspan(end_);
    CO_TRY(const auto got, co_await body_->read(room));
    if (got == 0) co_return fail(ErrorCode::invalid, "the form ends before its last delimiter");
    end_ += got;
  }
}

io::Task<Result<std::optional<FormPart>>> MultipartReader::next() {
  data_ = {};
  while (!ended_) {
    CO_TRY(const auto step, co_await advance());
    in_part_ = step.event == MultipartParser::Event::part;
    if (in_part_) co_return parser_->part();
    ended_ = step.event == MultipartParser::Event::end;
  }
  co_return std::nullopt;
}

io::Task<Result<std::size_t>> MultipartReader::read(std::span<std::byte> out) {
  if (out.empty()) co_return 0;
  while (data_.empty()) {
    if (!in_part_) co_return 0;
    CO_TRY(const auto step, co_await advance());
    in_part_ = step.event == MultipartParser::Event::data;
    data_ = step.data;
  }
  const auto count = std::min(out.size(), data_.size());
  std::memcpy(out.data(), data_.data(), count);
  data_.remove_prefix(count);
  co_return count;
}

io::Task<Result<std::string>> MultipartReader::read_text(ByteCount limit) {
  std::string text;
  for (;;) {
    std::array<std::byte, 4096> piece;
    CO_TRY(const auto got, co_await read(piece));
    if (got == 0) break;
    if (text.size() + got > limit.value)
      co_return fail(ErrorCode::too_large, "a field of the form is larger than accepted");
    text.append(reinterpret_cast<const char*>(piece.data()), got);
  }
  if (!is_valid_utf8(text)) co_return fail(ErrorCode::invalid, "a field of the form is not UTF-8");
  co_return text;
}

}  // namespace shoal::net
