#include "api/core/problem.h"

#include <fmt/format.h>

#include "api/core/json_writer.h"
#include "base/log.h"
#include "base/text.h"
#include "net/http/response_writer.h"

namespace shoal::api {
namespace {

// PeerTube's clients compare `type` and follow `docs`; both name PeerTube's reference.
constexpr std::string_view k_reference = "https://docs.joinpeertube.org/api-rest-reference.html";
constexpr std::size_t k_max_echo = 1000;

bool is_secret(std::string_view field) {
  return field.find("assword") != std::string_view::npos ||
         field.find("oken") != std::string_view::npos;
}

std::string public_detail(const Error& error) {
  switch (error.code) {
    case ErrorCode::internal:
    case ErrorCode::corrupt:
      return "Something went wrong on our side; it has been logged.";
    case ErrorCode::unavailable:
      return "Something this needs is not available at the moment; try again.";
    default:
      return error.message;
  }
}

void write_invalid_params(JsonWriter& json, const std::vector<InvalidParam>& params) {
  json.key("invalid-params").object([&] {
    for (const InvalidParam& param : params) {
      json.key(param.name).object([&] {
        json.field("type", "field");
        if (param.value && !is_secret(param.name)) {
          json.raw_field("value", boost::json::serialize(*param.value));
        }
        json.field("msg", param.message).field("path", param.name);
        json.field("location", param.location);
      });
    }
  });
}

/// As PeerTube words them: two of its titles are the names of RFC 7231.
std::string_view title_of(int status) {
  switch (status) {
    case 413:
      return "Payload Too Large";
    case 422:
      return "Unprocessable Entity";
    default:
      return net::reason_phrase(status);
  }
}

}  // namespace

Problem::Problem(Error error) : status(status_of(error.code)), detail(public_detail(error)) {
  if (status >= 500 && error.code != ErrorCode::busy) {
    log::error("request failed", {{"code", to_string(error.code)}, {"reason", error.message}});
  }
  if (status == 503) headers.emplace_back("Retry-After", "5");
}

Problem Problem::invalid_params(std::vector<InvalidParam> params) {
  std::string names;
  for (const InvalidParam& param : params) {
    if (!names.empty()) names += ", ";
    names += param.name;
  }
  Problem problem(400, "Incorrect request parameters: " + names);
  for (InvalidParam& param : params) {
    // What is echoed is bounded: an answer must not grow with what was sent.
    if (!param.value) continue;
    const std::string echo = boost::json::serialize(*param.value);
    if (echo.size() > k_max_echo || !is_valid_utf8(echo)) param.value.reset();
  }
  problem.invalid = std::move(params);
  return problem;
}

Problem Problem::invalid_param(std::string name, std::string message, std::string location) {
  std::vector<InvalidParam> params;
  params.push_back({std::move(name), std::move(message), std::move(location), std::nullopt});
  return invalid_params(std::move(params));
}

Problem Problem::with_code(std::string machine_code) && {
  code = std::move(machine_code);
  return std::move(*this);
}

Problem Problem::with_header(std::string name, std::string value) && {
  headers.emplace_back(std::move(name), std::move(value));
  return std::move(*this);
}

Problem Problem::with_extra(std::string_view name, boost::json::value value) && {
  extra[name] = std::move(value);
  return std::move(*this);
}

int status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid:
      return 400;
    case ErrorCode::unauthorized:
      return 401;
    case ErrorCode::not_found:
      return 404;
    case ErrorCode::forbidden:
      return 403;
    case ErrorCode::conflict:
      return 409;
    case ErrorCode::too_large:
      return 413;
    case ErrorCode::full:
      return 507;
    case ErrorCode::busy:
    case ErrorCode::unavailable:
      return 503;
    case ErrorCode::timeout:
      return 504;
    case ErrorCode::unsupported:
      return 501;
    case ErrorCode::corrupt:
    case ErrorCode::internal:
      return 500;
  }
  return 500;
}

net::Response to_response(const Problem& problem, std::string_view operation,
                          std::string_view target) {
  JsonWriter json(512);
  json.object([&] {
    if (problem.code.empty()) {
      json.field("type", "about:blank").field("title", title_of(problem.status));
    } else {
      json.field("type", fmt::format("{}#section/Errors/{}", k_reference, problem.code));
    }
    json.field("detail", problem.detail);
    const std::string_view instance = target.substr(0, k_max_echo);
    if (!problem.invalid.empty() && is_valid_utf8(instance)) json.field("instance", instance);
    json.field("status", problem.status);
    if (!problem.invalid.empty()) write_invalid_params(json, problem.invalid);
    if (!operation.empty()) {
      json.field("docs", fmt::format("{}#operation/{}", k_reference, operation));
    }
    if (!problem.code.empty()) json.field("code", problem.code);
    for (const auto& member : problem.extra) {
      json.raw_field(member.key(), boost::json::serialize(member.value()));
    }
    json.field("error", problem.detail);
  });
  net::Response response =
      net::Response::text(problem.status, json.take(), "application/problem+json; charset=utf-8");
  for (const auto& [name, value] : problem.headers) response.headers.set(name, value);
  return response;
}

}  // namespace shoal::api
