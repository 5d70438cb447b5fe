#include "net/http/response_writer.h"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <charconv>

#include "base/text.h"

namespace shoal::net {

std::string_view reason_phrase(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 426:
      return "Upgrade Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    case 507:
      return "Insufficient Storage";
    default:
      return "Unknown";
  }
}

namespace {

void append_number(std::string& out, std::uint64_t number) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof(digits), number).ptr;
  out.append(digits, end);
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

/// The server's own fields, by length first: this runs for every field of every answer.
bool is_framing(std::string_view name, const HeadAdditions& additions) {
  switch (name.size()) {
    case 10:
      return iequals(name, "Connection") || iequals(name, "Keep-Alive");
    case 12:
      return iequals(name, "X-Request-Id");
    case 14:
      return !additions.keep_content_length && iequals(name, "Content-Length");
    case 17:
      return iequals(name, "Transfer-Encoding");
    default:
      return false;
  }
}

}  // namespace

void append_head(std::string& out, const Response& response, const HeadAdditions& additions) {
  out.append("HTTP/1.1 ");
  append_number(out, static_cast<std::uint64_t>(response.status));
  out.push_back(' ');
  out.append(reason_phrase(response.status)).append("\r\n");
  const auto fields = response.headers.fields();
  const auto ours = [&](const Headers::Field& field) { return is_framing(field.name, additions); };
  if (std::ranges::none_of(fields, ours)) {
    out.append(response.headers.lines());
  } else {
    for (const auto& field : fields)
      if (!ours(field)) append_field(out, field.name, field.value);
  }
  if (!response.headers.contains("Date")) append_field(out, "Date", additions.date);
  if (additions.content_length) {
    out.append("Content-Length: ");
    append_number(out, *additions.content_length);
    out.append("\r\n");
  }
  if (additions.chunked) out.append("Transfer-Encoding: chunked\r\n");
  if (additions.upgrade) {
    out.append("Connection: Upgrade\r\n");
  } else if (additions.close) {
    out.append("Connection: close\r\n");
  } else if (additions.keep_alive) {
    out.append("Connection: keep-alive\r\n");
  }
  append_field(out, "X-Request-Id", additions.request_id);
  // What we send is of the type that we name: nothing that was uploaded runs as a script.
  out.append("X-Content-Type-Options: nosniff\r\n\r\n");
}

Response problem(int status, std::string_view detail) {
  const boost::json::value body = {{"type", "about:blank"},
                                   {"title", boost::json::string_view(reason_phrase(status))},
                                   {"detail", boost::json::string_view(detail)},
                                   {"status", status}};
  return Response::text(status, boost::json::serialize(body), "application/problem+json");
}

}  // namespace shoal::net
