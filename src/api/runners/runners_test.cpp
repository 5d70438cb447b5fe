// The runner protocol as PeerTube 6.3 answered it, where no job is done.
#include <gmock/gmock.h>

#include "tests/support/api_fixture.h"
#include "tests/support/recordings.h"

namespace shoal::api {
namespace {

using testing::IsEmpty;
using tests::ApiAnswer;
using tests::recording;
using tests::shape_differences;

class RunnersTest : public tests::ApiTest {
 protected:
  void expect_shape(const ApiAnswer& answer, std::string_view name,
                    const std::vector<std::string>& ignore = {}) {
    const auto recorded = recording(name);
    EXPECT_EQ(answer.status, recorded.status) << answer.text;
    if (recorded.body.is_null()) {
      EXPECT_EQ(answer.text, "");
      return;
    }
    EXPECT_THAT(shape_differences(recorded.body, answer.json(), ignore), IsEmpty()) << answer.text;
  }
  /// And the words that clients read.
  void expect_refusal(const ApiAnswer& answer, std::string_view name) {
    expect_shape(answer, name);
    const auto recorded = recording(name).body;
    for (const char* field : {"type", "detail", "status", "code", "error"}) {
      if (recorded.as_object().contains(field)) {
        EXPECT_EQ(answer.json().at(field), recorded.at(field)) << field;
      }
    }
  }
  std::string registration_token() {
    EXPECT_EQ(post("/api/v1/runners/registration-tokens/generate", {}, root_token()).status, 204);
    const auto list = get("/api/v1/runners/registration-tokens", root_token()).json();
    return std::string(list.at("data").at(0).at("registrationToken").as_string());
  }
  ApiAnswer enter(std::string_view token, std::string_view name) {
    return post("/api/v1/runners/register",
                {{"registrationToken", token}, {"name", name}, {"description", "first runner"}});
  }
  std::string runner_token() {
    return std::string(
        enter(registration_token(), "runner one").json().at("runnerToken").as_string());
  }
  ApiAnswer request_jobs(std::string_view token) {
    return post("/api/v1/runners/jobs/request", {{"runnerToken", token}});
  }
};
SHOAL_ON_BOTH_ENGINES(RunnersTest);

TEST_P(RunnersTest, registration_tokens_are_made_listed_and_deleted) {
  const std::string root = root_token();
  expect_shape(post("/api/v1/runners/registration-tokens/generate", {}, root),
               "283-runners-generate-registration-token");
  const ApiAnswer list = get("/api/v1/runners/registration-tokens?sort=-createdAt", root);
  expect_shape(list, "284-runners-list-registration-tokens");
  const boost::json::value token = list.json().at("data").at(0);
  EXPECT_TRUE(token.at("registrationToken").as_string().starts_with("ptrrt-"));
  const std::string path =
      fmt::format("/api/v1/runners/registration-tokens/{}", token.at("id").as_int64());
  EXPECT_EQ(del(path, root).status, 204);
  EXPECT_EQ(del(path, root).status, 404);
  EXPECT_EQ(get("/api/v1/runners/registration-tokens", root).json().at("total"), 0);
}

TEST_P(RunnersTest, a_runner_registers_as_recorded) {
  const std::string token = registration_token();
  expect_refusal(enter("ptrrt-00000000-0000-4000-8000-000000000000", "runner one"),
                 "285-runners-register-bad-token");
  const ApiAnswer entered = enter(token, "runner one");
  expect_shape(entered, "286-runners-register");
  EXPECT_TRUE(entered.json().at("runnerToken").as_string().starts_with("ptrt-"));
  expect_refusal(enter(token, "runner one"), "287-runners-register-same-name");
  const ApiAnswer list = get("/api/v1/runners?sort=-createdAt", root_token());
  expect_shape(list, "288-runners-list-admin");
  EXPECT_EQ(list.json().at("data").at(0).at("ip"), "192.0.2.1");
  EXPECT_EQ(enter(token, "").status, 400);
}

TEST_P(RunnersTest, only_a_registered_runner_gets_an_answer) {
  const std::string token = runner_token();
  expect_shape(request_jobs(token), "289-runners-jobs-request-none");
  expect_refusal(request_jobs("ptrt-00000000-0000-4000-8000-000000000000"),
                 "290-runners-jobs-request-bad-token");
  EXPECT_EQ(post("/api/v1/runners/jobs/request", boost::json::object()).status, 400);
  expect_shape(post("/api/v1/runners/unregister", {{"runnerToken", token}}),
               "314-runners-unregister");
  expect_refusal(request_jobs(token), "315-runners-jobs-request-after-unregister");
}

TEST_P(RunnersTest, what_a_worker_has_is_listed_as_it_said_last) {
  const std::string token = runner_token();
  const auto ask = [&](boost::json::array labels) {
    return post("/api/v1/runners/jobs/request", {{"runnerToken", token},
                                                 {"jobTypes", {"shoal-segment-transcoding"}},
                                                 {"labels", std::move(labels)}});
  };
  const auto listed = [&] {
    return boost::json::serialize(
        get("/api/v1/runners", root_token()).json().at("data").at(0).at("labels"));
  };
  EXPECT_EQ(listed(), "[]");
  EXPECT_EQ(ask({"region:eu", "gpu", "gpu"}).status, 200);
  EXPECT_EQ(listed(), R"(["gpu","region:eu"])");
  EXPECT_EQ(ask({"gpu"}).status, 200);
  EXPECT_EQ(listed(), R"(["gpu"])");
  const ApiAnswer refused = ask({"two words"});
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.text, testing::HasSubstr("'two words' is no label"));
  EXPECT_EQ(listed(), R"(["gpu"])");
}

TEST_P(RunnersTest, an_administrator_removes_a_runner_and_a_token_takes_its_runners_along) {
  const std::string one = runner_token();
  const std::string root = root_token();
  EXPECT_EQ(del("/api/v1/runners/1", root).status, 204);
  EXPECT_EQ(del("/api/v1/runners/1", root).status, 404);
  EXPECT_EQ(request_jobs(one).status, 404);
  const std::string two = runner_token();
  EXPECT_EQ(request_jobs(two).status, 200);
  for (const char* id : {"1", "2"})
    del(std::string("/api/v1/runners/registration-tokens/") + id, root);
  EXPECT_EQ(request_jobs(two).status, 404);
}

TEST_P(RunnersTest, what_administrators_may_nobody_else_may) {
  const std::string alice = make_user("alice");
  for (const char* path :
       {"/api/v1/runners", "/api/v1/runners/registration-tokens", "/api/v1/runners/jobs"}) {
    EXPECT_EQ(get(path).status, 401) << path;
    EXPECT_EQ(get(path, alice).status, 403) << path;
  }
  EXPECT_EQ(post("/api/v1/runners/registration-tokens/generate", {}, alice).status, 403);
  EXPECT_EQ(del("/api/v1/runners/1", alice).status, 403);
}

}  // namespace
}  // namespace shoal::api
