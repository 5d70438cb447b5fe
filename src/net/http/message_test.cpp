#include "net/http/message.h"

#include <gtest/gtest.h>

#include "net/http/response_writer.h"

namespace shoal::net {
namespace {

TEST(Headers, compare_names_without_case_and_keep_order) {
  Headers headers;
  headers.add("Vary", "a");
  headers.add("ETag", "\"x\"");
  headers.add("vary", "b");
  EXPECT_EQ(headers.find("VARY"), "a");
  EXPECT_EQ(headers.fields().size(), 3U);
  headers.set("Vary", "c");
  EXPECT_EQ(headers.find("vary"), "c");
  EXPECT_EQ(headers.fields().size(), 2U);
  headers.remove("etag");
  EXPECT_FALSE(headers.contains("ETag"));
}

TEST(Headers, lie_as_they_are_sent) {
  Headers common;
  common.add("A", "1");
  common.add("Gone", "x");
  common.add("B", "");
  Headers headers;
  headers.add("First", "0");
  headers.add(common);
  headers.remove("gone");
  headers.add("Last", "2");
  EXPECT_EQ(headers.lines(), "First: 0\r\nA: 1\r\nB: \r\nLast: 2\r\n");
  EXPECT_EQ(headers.find("b"), "");
  EXPECT_EQ(headers.find("last"), "2");
  EXPECT_EQ(common.lines(), "A: 1\r\nGone: x\r\nB: \r\n");
}

TEST(Headers, keep_a_value_on_its_line) {
  using namespace std::string_view_literals;
  Headers headers;
  headers.add("Location", "/a\r\nSet-Cookie: b\0c"sv);
  headers.set("After", "d");
  EXPECT_EQ(headers.lines(), "Location: /a  Set-Cookie: b c\r\nAfter: d\r\n");
}

TEST(Parameters, answer_to_every_spelling_of_an_array) {
  const auto parameters = Parameters::parse("a=1&b%5B%5D=2&b[]=3&c[0]=4&c[1]=5&d[x]=6&e=%2B+%20");
  ASSERT_TRUE(parameters);
  EXPECT_EQ(parameters->values("b").size(), 2U);
  EXPECT_EQ(parameters->values("c").back(), "5");
  EXPECT_TRUE(parameters->values("d").empty());
  EXPECT_EQ(parameters->find("e"), "+  ");
  EXPECT_FALSE(parameters->find("f"));
}

TEST(Parameters, refuse_broken_escapes_and_utf8) {
  for (const auto* bad : {"a=%", "a=%zz", "%ff=1", "a=%00"}) EXPECT_FALSE(Parameters::parse(bad));
  EXPECT_EQ(Parameters::parse("&&a&")->items().size(), 1U);
}

TEST(ResponseHead, has_one_framing_whatever_the_handler_says) {
  Response response = Response::text(200, "x", "text/plain");
  response.headers.add("content-length", "999");
  response.headers.add("Transfer-Encoding", "chunked");
  response.headers.add("Connection", "upgrade");
  std::string head;
  append_head(head, response, {.date = "now", .request_id = "id", .content_length = 1});
  EXPECT_EQ(head,
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: now\r\nContent-Length: 1\r\n"
            "X-Request-Id: id\r\nX-Content-Type-Options: nosniff\r\n\r\n");
}

TEST(ResponseHead, of_another_protocol_has_no_framing) {
  Response response;
  response.status = 101;
  response.headers.set("Upgrade", "websocket");
  std::string head;
  append_head(
      head, response,
      {.date = "now", .request_id = "id", .content_length = {}, .close = true, .upgrade = true});
  EXPECT_EQ(head,
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nDate: now\r\n"
            "Connection: Upgrade\r\nX-Request-Id: id\r\nX-Content-Type-Options: nosniff\r\n\r\n");
}

}  // namespace
}  // namespace shoal::net
