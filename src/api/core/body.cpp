#include "api/core/body.h"

#include <boost/json/parse.hpp>

#include "base/text.h"

namespace shoal::api {
namespace {

namespace json = boost::json;

constexpr std::size_t k_max_depth = 32;

Problem unreadable(const Error& error) {
  if (error.code == ErrorCode::too_large) return {413, "request entity too large"};
  return Problem(error);
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

}  // namespace

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

io::Task<Answer<Body>> read_body(net::Request& request, BodyLimits limits) {
  const std::string type = media_type(request);
  if (type == "multipart/form-data")
    co_return refuse(415, "The Content-Type should be application/json or a form.");
  CO_TRY(auto text, co_await read_text(request, limits.text));
  if (type == "application/x-www-form-urlencoded") {
    auto parameters = net::Parameters::parse(text);
    if (!parameters) co_return refuse(400, "The form has a broken escape.");
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

io::Task<Answer<Fields>> read_fields(net::Request& request) {
  CO_TRY(auto body, co_await read_body(request, BodyLimits{.max_files = 0}));
  co_return std::move(body.fields);
}

}  // namespace shoal::api
