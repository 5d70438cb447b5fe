#include "net/http/router.h"

#include <gtest/gtest.h>

namespace shoal::net {
namespace {

io::Task<Response> nothing(Request&) {
  co_return Response();
}

Router make_router() {
  Router router;
  router.add(Method::get, "/videos/:id", nothing);
  router.add(Method::put, "/videos/:id", nothing);
  router.add(Method::post, "/videos/upload", nothing);
  router.add(Method::get, "/videos/:id/comments/:comment", nothing);
  router.add(Method::get, "/videos/live", nothing);
  router.add(Method::get, "/static/*path", nothing);
  router.add(Method::get, "/", nothing);
  return router;
}

std::string pattern(const Router& router, Method method, std::string path) {
  Request request;
  request.method = method;
  request.path = std::move(path);
  return std::string(router.match(request).pattern);
}

TEST(Router, literals_beat_names_and_names_beat_rests) {
  const auto router = make_router();
  EXPECT_EQ(pattern(router, Method::get, "/videos/live"), "/videos/live");
  EXPECT_EQ(pattern(router, Method::get, "/videos/7"), "/videos/:id");
  EXPECT_EQ(pattern(router, Method::get, "/videos/live/comments/1"),
            "/videos/:id/comments/:comment");
  EXPECT_EQ(pattern(router, Method::get, "/"), "/");
  EXPECT_EQ(pattern(router, Method::get, "/nothing"), "");
  EXPECT_EQ(pattern(router, Method::get, "/videos"), "");
}

TEST(Router, a_literal_of_another_method_does_not_hide_a_name) {
  const auto router = make_router();
  EXPECT_EQ(pattern(router, Method::post, "/videos/upload"), "/videos/upload");
  EXPECT_EQ(pattern(router, Method::get, "/videos/upload"), "/videos/:id");
}

TEST(Router, head_falls_back_to_get_and_a_slash_at_the_end_does_not_matter) {
  const auto router = make_router();
  EXPECT_EQ(pattern(router, Method::head, "/videos/7"), "/videos/:id");
  EXPECT_EQ(pattern(router, Method::get, "/videos/7/"), "/videos/:id");
}

TEST(Router, fills_the_parameters) {
  const auto router = make_router();
  Request request;
  request.path = "/videos/7/comments/a b";
  const auto match = router.match(request);
  ASSERT_NE(match.handler, nullptr);
  EXPECT_EQ(request.path_parameter("id"), "7");
  EXPECT_EQ(request.path_parameter("comment"), "a b");
  EXPECT_EQ(request.route, "/videos/:id/comments/:comment");
  request.path = "/static/a/b.mp4";
  EXPECT_EQ(router.match(request).pattern, "/static/*path");
  EXPECT_EQ(request.path_parameter("path"), "a/b.mp4");
}

TEST(Router, tells_the_methods_of_a_path) {
  const auto router = make_router();
  Request request;
  request.method = Method::del;
  request.path = "/videos/7";
  const auto match = router.match(request);
  EXPECT_EQ(match.handler, nullptr);
  EXPECT_EQ(match.allowed, (std::vector{Method::get, Method::put}));
}

TEST(RouterDeathTest, two_owners_of_a_route_are_a_defect) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  auto router = make_router();
  EXPECT_DEATH(router.add(Method::get, "/videos/:id", nothing), "taken");
  EXPECT_DEATH(router.add(Method::del, "/videos/:uuid", nothing), "names");
}

}  // namespace
}  // namespace shoal::net
