#include "api/core/body.h"

#include <boost/json/parse.hpp>

#include "api/core/routes.h"
#include "base/text.h"
#include "net/http/multipart.h"

namespace shoal::api {
namespace {

namespace json = boost::json;

constexpr std::size_t k_max_depth = 32;

Problem unreadable(const Error& error) {
  if (error.code == ErrorCode::too_large) return {413, "request entity too large"};
  if (error.code == ErrorCode::timeout) return {408, "The body took too long."};
  return Problem(error);
}

/// A body that must have arrived by a deadline: a client that sends a little now and then would
/// otherwise hold its memory for as long as it likes.
class TimedBody final : public net::BodySource {
 public:
  TimedBody(std::shared_ptr<net::BodySource> body, const Clock& clock, SteadyTime deadline)
      : body_(std::move(body)), clock_(clock), deadline_(deadline) {}

  io::Task<Result<std::size_t>> read(std::span<std::byte> out) override {
    CO_TRY(const auto got, co_await body_->read(out));
    if (got > 0 && clock_.steady_now() > deadline_)
      co_return fail(ErrorCode::timeout, "the client sends too slowly");
    co_return got;
  }
  std::optional<std::uint64_t> length() const override { return body_->length(); }

 private:
  std::shared_ptr<net::BodySource> body_;
  const Clock& clock_;
  SteadyTime deadline_;
};

Seconds time_for(const BodyLimits& limits) {
  constexpr Seconds k_least{30};
  constexpr std::uint64_t k_bytes_per_second = std::uint64_t{64} << 10;
  const std::uint64_t most = limits.text.value + limits.file.value * limits.max_files;
  return k_least + Seconds{static_cast<std::int64_t>(most / k_bytes_per_second)};
}

/// The media type without parameters, in lower case.
std::string media_type(const net::Request& request) {
  const std::string_view header = request.headers.find("Content-Type").value_or("");
  return to_lower_ascii(trim(header.substr(0, header.find(';'))));
}

Answer<Fields> fields_of_json(std::string_view text) {
  if (trim(text).empty()) return Fields(json::object(), "body");
  TRY(auto value, parse_json(text));
  if (!value.is_object()) return refuse(400, "The body should be a JSON object.");
  return Fields(std::move(value.as_object()), "body");
}

io::Task<Answer<std::string>> read_text(net::Request& request, ByteCount limit) {
  auto text = co_await net::read_body(request, limit.value);
  if (!text) co_return refuse(unreadable(text.error()));
  co_return std::move(*text);
}

io::Task<Answer<std::string>> read_file(net::MultipartReader& reader, ByteCount limit) {
  std::string bytes;
  std::string buffer(64 * 1024, '\0');
  while (true) {
    const auto got = co_await reader.read(std::as_writable_bytes(std::span(buffer)));
    if (!got) co_return refuse(unreadable(got.error()));
    if (*got == 0) co_return bytes;
    if (bytes.size() + *got > limit.value)
      co_return refuse(413, "A file of the form is too large.");
    bytes.append(buffer, 0, *got);
  }
}

/// The fields of a form, and its small files in memory.
io::Task<Answer<Body>> read_multipart(net::Request& request, BodyLimits limits) {
  auto opened = net::MultipartReader::open(request);
  if (!opened) co_return refuse(unreadable(opened.error()));
  net::MultipartReader reader = *std::move(opened);
  net::Parameters parameters;
  std::vector<FormFile> files;
  FormText form_text(limits.text);
  while (true) {
    const auto part = co_await reader.next();
    if (!part) co_return refuse(unreadable(part.error()));
    if (!*part) break;
    const net::FormPart& head = **part;
    if (head.is_file) {
      if (files.size() >= limits.max_files) co_return refuse(400, "The form has too many files.");
      CO_TRY(auto bytes, co_await read_file(reader, limits.file));
      files.push_back({head.name, head.filename, head.content_type, std::move(bytes)});
      continue;
    }
    auto text = co_await form_text.read(reader, head);
    if (!text) co_return refuse(unreadable(text.error()));
    parameters.add(head.name, *std::move(text));
  }
  co_return Body{Fields::from(parameters, "body"), std::move(files)};
}

}  // namespace

io::Task<Result<std::string>> FormText::read(net::MultipartReader& reader,
                                             const net::FormPart& part) {
  if (part.name.size() > left_)
    co_return fail(ErrorCode::too_large, "the text fields of this form are too long");
  left_ -= part.name.size();
  CO_TRY(auto text, co_await reader.read_text(ByteCount{left_}));
  left_ -= text.size();
  co_return text;
}

Answer<json::value> parse_json(std::string_view text) {
  json::parse_options options;
  options.max_depth = k_max_depth;
  boost::system::error_code error;
  json::value value = json::parse(text, error, {}, options);
  if (!error) return value;
  const bool incomplete = error == json::error::incomplete;
  const std::string detail =
      incomplete ? "Unexpected end of JSON input"
                 : "The body is not well-formed JSON (at most 32 levels): " + error.message();
  return refuse(Problem(400, detail).with_code("SyntaxError"));
}

const FormFile* Body::file(std::string_view field) const {
  const auto found =
      std::ranges::find_if(files, [&](const FormFile& file) { return file.field == field; });
  return found == files.end() ? nullptr : &*found;
}

io::Task<Answer<Body>> read_body(Call& call, BodyLimits limits) {
  net::Request& request = call.request;
  const Clock& clock = call.context.clock;
  request.body =
      std::make_shared<TimedBody>(request.body, clock, clock.steady_now() + time_for(limits));
  const std::string type = media_type(request);
  if (type == "multipart/form-data") co_return co_await read_multipart(request, limits);
  CO_TRY(auto text, co_await read_text(request, limits.text));
  if (type == "application/x-www-form-urlencoded") {
    auto parameters = net::Parameters::parse(text);
    if (!parameters) co_return refuse(400, "The form has a broken escape or is not UTF-8.");
    co_return Body{Fields::from(*parameters, "body"), {}};
  }
  if (type.empty() || type == "application/json" || type.ends_with("+json")) {
    if (type.empty() && !text.empty()) {
      co_return refuse(415, "The Content-Type should be application/json or a form.");
    }
    CO_TRY(auto fields, fields_of_json(text));
    co_return Body{std::move(fields), {}};
  }
  // A body that is not there has no type that could be wrong.
  if (text.empty()) co_return Body{Fields(json::object(), "body"), {}};
  co_return refuse(415, "The Content-Type should be application/json or a form.");
}

io::Task<Answer<Fields>> read_fields(Call& call, BodyLimits limits) {
  CO_TRY(auto body, co_await read_body(call, limits));
  co_return std::move(body.fields);
}

}  // namespace shoal::api
