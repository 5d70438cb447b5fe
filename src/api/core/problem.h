#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/http/message.h"

namespace shoal::api {

/// A field that was refused, in the words of express-validator, which PeerTube's clients read.
struct InvalidParam {
  std::string name;
  std::string message = "Invalid value";
  std::string location = "body";  ///< body, query, params, headers
  std::optional<boost::json::value> value;
};

/// An answer that is an error: RFC 7807 as PeerTube 6.3 writes it. An ErrorCode becomes one by
/// itself, so `CO_TRY(auto row, co_await database.read(…))` works in a handler. Value.
struct Problem {
  Problem(int http_status, std::string text) : status(http_status), detail(std::move(text)) {}
  /// From a feature's error. What `internal`, `corrupt` and `unavailable` say stays in the log.
  Problem(Error error);  // NOLINT(google-explicit-constructor): what makes TRY work

  /// 400 that names each refused field.
  static Problem invalid_params(std::vector<InvalidParam> params);
  static Problem invalid_param(std::string name, std::string message,
                               std::string location = "body");
  static Problem not_found(std::string text) { return {404, std::move(text)}; }
  static Problem forbidden(std::string text) { return {403, std::move(text)}; }
  static Problem conflict(std::string text) { return {409, std::move(text)}; }
  static Problem bad_request(std::string text) { return {400, std::move(text)}; }

  /// PeerTube's machine-readable code (`quota_reached`, `invalid_grant`): it becomes part of
  /// `type`.
  Problem with_code(std::string machine_code) &&;
  Problem with_header(std::string name, std::string value) &&;
  /// One more member of the JSON object.
  Problem with_extra(std::string_view name, boost::json::value value) &&;

  int status;
  std::string detail;
  std::string code;
  std::vector<InvalidParam> invalid;
  std::vector<std::pair<std::string, std::string>> headers;
  boost::json::object extra;
};

/// The HTTP status of each ErrorCode: the one table.
int status_of(ErrorCode code);

/// `operation` is the route's operationId, named in `docs`; `target` the request's, in `instance`.
net::Response to_response(const Problem& problem, std::string_view operation,
                          std::string_view target);

/// What a handler, or a step of one, returns. Transaction functions may return it too.
template <class T = void>
using Answer = std::expected<T, Problem>;
using Reply = Answer<net::Response>;

/// `co_return refuse(403, "…")`
inline std::unexpected<Problem> refuse(int status, std::string detail) {
  return std::unexpected<Problem>(Problem(status, std::move(detail)));
}
inline std::unexpected<Problem> refuse(Problem problem) {
  return std::unexpected<Problem>(std::move(problem));
}

}  // namespace shoal::api
