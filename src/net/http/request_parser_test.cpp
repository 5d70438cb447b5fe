#include "net/http/request_parser.h"

#include <gtest/gtest.h>

#include "net/http/path.h"

namespace shoal::net {
namespace {

struct Parsed {
  int refused = 0;
  Request request;
  Framing framing;
  std::string rest;
};

/// Feeds `text` in pieces; 0 as `refused` when the head is complete, -1 when it is not.
Parsed parse(std::string_view text, std::size_t piece = 1 << 20, ParserLimits limits = {}) {
  Parsed parsed;
  RequestParser parser(limits);
  parser.reset(parsed.request);
  std::string buffer;
  parsed.refused = -1;
  while (!text.empty() && parsed.refused == -1) {
    buffer += text.substr(0, piece);
    text.remove_prefix(std::min(piece, text.size()));
    for (;;) {
      const auto step = parser.parse_head(buffer);
      buffer.erase(0, step.consumed);
      if (step.progress == RequestParser::Progress::complete) parsed.refused = 0;
      if (step.progress == RequestParser::Progress::refused)
        parsed.refused = parser.refusal().status;
      if (parsed.refused != -1 || step.consumed == 0 || buffer.empty()) break;
    }
  }
  parsed.framing = parser.framing();
  parsed.rest = buffer;
  return parsed;
}

Parsed head(std::string_view fields, std::string_view line = "GET / HTTP/1.1") {
  return parse(fmt::format("{}\r\nHost: a\r\n{}\r\n", line, fields));
}

TEST(RequestParser, reads_a_request_however_it_arrives) {
  constexpr std::string_view text =
      "POST /api/v1/a%20b?x=1&x=2 HTTP/1.1\r\nHost: example.org:9000\r\nX-Thing:  some value \r\n"
      "Content-Length: 3\r\n\r\nabc";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    const auto got = parse(text, piece);
    ASSERT_EQ(got.refused, 0) << piece;
    EXPECT_EQ(got.request.method, Method::post);
    EXPECT_EQ(got.request.path, "/api/v1/a b");
    EXPECT_EQ(got.request.query.values("x").size(), 2U);
    EXPECT_EQ(got.request.headers.find("x-thing"), "some value");
    EXPECT_EQ(got.framing.content_length, 3U);
    EXPECT_TRUE(got.framing.keep_alive);
  }
}

TEST(RequestParser, refuses_what_request_smuggling_is_made_of) {
  EXPECT_EQ(head("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n").refused, 400);
  EXPECT_EQ(head("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n").refused, 400);
  EXPECT_EQ(head("Content-Length: 5\r\nContent-Length: 5\r\n").refused, 400);
  EXPECT_EQ(head("Content-Length: 5, 5\r\n").refused, 400);
  for (const auto* length : {"+5", "-5", "5x", "0x5", "", "99999999999999999999"})
    EXPECT_EQ(head(fmt::format("Content-Length: {}\r\n", length)).refused, 400) << length;
  EXPECT_EQ(head("Transfer-Encoding: gzip, chunked\r\n").refused, 501);
  EXPECT_EQ(head("Transfer-Encoding: xchunked\r\n").refused, 501);
  EXPECT_NE(head("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n").refused, 0);
  EXPECT_EQ(head("Transfer-Encoding : chunked\r\n").refused, 400);
  EXPECT_EQ(head("X: a\r\n folded\r\n").refused, 400);
  EXPECT_EQ(head("X: a\r\n\tfolded\r\n").refused, 400);
  EXPECT_EQ(head("Transfer-Encoding: chunked\r\n", "POST / HTTP/1.0").refused, 400);
  EXPECT_NE(parse("GET / HTTP/1.1\nHost: a\n\n").refused, 0);
  using namespace std::string_view_literals;
  EXPECT_EQ(parse("GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n"sv).refused, 400);
}

TEST(RequestParser, needs_exactly_one_host) {
  EXPECT_EQ(parse("GET / HTTP/1.1\r\n\r\n").refused, 400);
  EXPECT_EQ(head("Host: b\r\n").refused, 400);
  EXPECT_EQ(parse("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n").refused, 400);
  EXPECT_EQ(parse("GET / HTTP/1.0\r\n\r\n").refused, 0);
  EXPECT_EQ(parse("GET / HTTP/1.1\r\nHost: [::1]:9000\r\n\r\n").refused, 0);
  const auto absolute = parse("GET http://b/x?y=1 HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(absolute.refused, 0);
  EXPECT_EQ(absolute.request.headers.find("Host"), "b");
  EXPECT_EQ(absolute.request.path, "/x");
}

TEST(RequestParser, bounds_everything) {
  EXPECT_EQ(head("X: " + std::string(20'000, 'x') + "\r\n").refused, 431);
  EXPECT_EQ(parse("GET /" + std::string(20'000, 'x')).refused, 431);
  std::string fields;
  for (int i = 0; i < 101; ++i) fields += "X: y\r\n";
  EXPECT_EQ(head(fields).refused, 431);
  EXPECT_EQ(parse("GET / HTTP/2.0\r\nHost: a\r\n\r\n").refused, 505);
  EXPECT_EQ(head("Expect: a miracle\r\n").refused, 417);
}

TEST(RequestParser, ignores_an_empty_line_before_the_request) {
  EXPECT_EQ(parse("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 1).refused, 0);
}

TEST(RequestParser, keeps_what_follows_the_head) {
  const auto got = parse("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /next");
  EXPECT_EQ(got.rest, "GET /next");
}

TEST(RequestParser, decodes_chunks_however_they_arrive) {
  constexpr std::string_view body = "3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nT: u\r\n\r\nrest";
  for (std::size_t piece = 1; piece <= body.size(); ++piece) {
    for (const std::size_t room : {1U, 4U, 100U}) {
      Request request;
      RequestParser parser({});
      parser.reset(request);
      parser.parse_head("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
      std::string buffer;
      std::string text;
      auto input = body;
      bool complete = false;
      while (!complete && (!input.empty() || !buffer.empty())) {
        buffer += input.substr(0, piece);
        input.remove_prefix(std::min(piece, input.size()));
        std::vector<std::byte> out(room);
        const auto step = parser.parse_chunks(buffer, out);
        ASSERT_NE(step.progress, RequestParser::Progress::refused);
        complete = step.progress == RequestParser::Progress::complete;
        text.append(reinterpret_cast<const char*>(out.data()), step.produced);
        buffer.erase(0, step.consumed);
      }
      EXPECT_EQ(text, "abc0123456789");
      EXPECT_TRUE("rest" == buffer + std::string(input)) << buffer << input;
    }
  }
}

TEST(RequestParser, refuses_malformed_chunks) {
  for (const std::string_view body : {"x\r\n", "3\r\nabcd\r\n0\r\n\r\n", "-1\r\n",
                                      "3\nabc\r\n0\r\n\r\n", "FFFFFFFFFFFFFFFFF\r\n"}) {
    Request request;
    RequestParser parser({});
    parser.reset(request);
    parser.parse_head("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    std::array<std::byte, 100> out;
    EXPECT_EQ(parser.parse_chunks(body, out).progress, RequestParser::Progress::refused) << body;
  }
}

TEST(Path, is_safe_after_decoding) {
  EXPECT_EQ(decode_path("/a%20b/%E8%A7%86"), "/a b/视");
  EXPECT_EQ(decode_path("/"), "/");
  EXPECT_EQ(decode_path("/a/"), "/a/");
  EXPECT_EQ(decode_path("/a..b/.c/..."), "/a..b/.c/...");
  for (const auto* bad :
       {"", "a", "/..", "/../a", "/a/..", "/a/../b", "/./a", "/%2e%2e/a", "//a", "/a//b", "/a%2fb",
        "/a%5cb", "/a%00", "/%0a", "/%", "/%zz", "/%ff", "/%2E/", "/a\\b"})
    EXPECT_FALSE(decode_path(bad)) << bad;
}

TEST(Target, is_split_in_all_its_forms) {
  EXPECT_EQ(split_target("/a?b=c?d")->query, "b=c?d");
  EXPECT_EQ(split_target("HTTP://h:1/a")->authority, "h:1");
  EXPECT_EQ(split_target("http://h?x")->path, "/");
  EXPECT_EQ(split_target("*")->path, "/");
  for (const auto* bad : {"", "a", "ftp://h/a", "http://", "host:443"})
    EXPECT_FALSE(split_target(bad)) << bad;
}

}  // namespace
}  // namespace shoal::net
