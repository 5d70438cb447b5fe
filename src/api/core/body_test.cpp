#include "api/core/body.h"

#include <optional>

#include "api/core/routes.h"
#include "tests/support/api_fixture.h"

namespace shoal::api {
namespace {

/// One byte at a time, with a pause before each.
class SlowBody final : public net::BodySource {
 public:
  SlowBody(tests::ManualClock& clock, std::string text, Milliseconds pause)
      : clock_(clock), text_(std::move(text)), pause_(pause) {}
  io::Task<Result<std::size_t>> read(std::span<std::byte> out) override {
    clock_.advance(pause_);
    if (at_ == text_.size() || out.empty()) co_return 0;
    out.front() = static_cast<std::byte>(text_[at_++]);
    co_return 1;
  }
  std::optional<std::uint64_t> length() const override { return text_.size(); }

 private:
  tests::ManualClock& clock_;
  std::string text_;
  Milliseconds pause_;
  std::size_t at_ = 0;
};

class BodyTest : public tests::ApiTest {
 protected:
  int status_of_slow(Milliseconds pause) {
    net::Request request;
    request.headers.add("Content-Type", "application/json");
    request.body = std::make_shared<SlowBody>(clock, R"({"name":"a"})", pause);
    Call call{request, context(), {}};
    std::optional<Answer<Fields>> answer;
    io::Runtime runtime{1};
    runtime.run_until_done([](Call& of, std::optional<Answer<Fields>>& out) -> io::Task<> {
      out = co_await read_fields(of, BodyLimits::of_anybody());
    }(call, answer));
    return answer->has_value() ? 200 : answer->error().status;
  }
};
SHOAL_ON_BOTH_ENGINES(BodyTest);

TEST_P(BodyTest, must_arrive_within_its_time_however_small_its_pieces) {
  EXPECT_EQ(status_of_slow(Milliseconds{100}), 200);
  EXPECT_EQ(status_of_slow(Milliseconds{10'000}), 408);
}

TEST_P(BodyTest, of_anybody_is_small) {
  const std::string large = R"({"x":")" + std::string(20 << 10, 'x') + "\"}";
  for (const char* path : {"/api/v1/users/token", "/api/v1/metrics/playback",
                           "/api/v1/videos/00000000-0000-4000-8000-000000000000/views"}) {
    const auto answer =
        request(net::Method::post, path, {.body = large, .content_type = "application/json"});
    EXPECT_EQ(answer.status, 413) << path;
  }
  EXPECT_EQ(put("/api/v1/users/me", {{"displayName", "Root"}, {"x", std::string(20 << 10, 'x')}},
                root_token())
                .status,
            204)
      << "who is signed in may send more";
}

}  // namespace
}  // namespace shoal::api
