#include "tests/support/api_fixture.h"

#include <algorithm>
#include <cstring>

#include "api/api.h"
#include "base/text.h"
#include "catalog/instance.h"
#include "catalog/password.h"
#include "net/http/path.h"

namespace shoal::tests {
namespace {

/// A body that is in memory already.
class TextBody final : public net::BodySource {
 public:
  explicit TextBody(std::string text) : text_(std::move(text)) {}
  io::Task<Result<std::size_t>> read(std::span<std::byte> out) override {
    const std::size_t count = std::min(out.size(), text_.size() - at_);
    std::memcpy(out.data(), text_.data() + at_, count);
    at_ += count;
    co_return count;
  }
  std::optional<std::uint64_t> length() const override { return text_.size(); }

 private:
  std::string text_;
  std::size_t at_ = 0;
};

std::string body_text(net::Response& response) {
  if (auto* text = std::get_if<std::string>(&response.body)) return std::move(*text);
  if (auto* shared = std::get_if<std::shared_ptr<const std::string>>(&response.body)) {
    return **shared;
  }
  if (auto* file = std::get_if<net::FileBody>(&response.body)) {
    std::string bytes(file->length, '\0');
    const auto got = file->file->read_at(file->offset, std::as_writable_bytes(std::span(bytes)));
    bytes.resize(got.value_or(0));
    return bytes;
  }
  return {};
}

io::Task<> answer_into(const net::RequestHandler& handler, net::Request& request,
                       net::Response& out) {
  out = co_await handler(request);
}

}  // namespace

boost::json::value ApiAnswer::json() const {
  boost::system::error_code error;
  boost::json::value value = boost::json::parse(text, error);
  EXPECT_FALSE(error) << "no JSON: " << text;
  return value;
}

ApiTest::ApiTest() : ApiTest(std::make_shared<ManualClock>()) {}

ApiTest::ApiTest(const std::shared_ptr<ManualClock>& shared)
    : DatabaseTest(shared), clock(*shared) {
  config.origin = "http://localhost:9010";
  config.host = "localhost:9010";
  config.rate_limits = {};
  for (api::RateLimit* limit :
       {&config.rate_limits.api, &config.rate_limits.login, &config.rate_limits.signup,
        &config.rate_limits.feeds, &config.rate_limits.client, &config.rate_limits.well_known}) {
    limit->max = 0;
  }
  const auto hash = catalog::hash_password("rootpassword123", random);
  auto identity =
      database->write_blocking([&](db::Session& session) -> Result<catalog::InstanceIdentity> {
        TRY_VOID(catalog::create_root(session, hash.value(), "admin@example.com", config.origin,
                                      clock.now()));
        return catalog::ensure_identity(session, random, clock.now());
      });
  SHOAL_CHECK(identity.has_value());
  config.identity = *identity;
}

ApiTest::~ApiTest() = default;

api::Context& ApiTest::context() {
  if (!context_) {
    context_ = std::make_unique<api::Context>(
        config, api::Context::Services{*database, clock, random, metrics, passwords});
    registered = api::add_all_routes(router, *context_);
    handler_ = api::make_handler(router);
  }
  return *context_;
}

ApiAnswer ApiTest::request(net::Method method, std::string_view target, ApiRequest options) {
  context();
  net::Request request;
  request.method = method;
  request.target = std::string(target);
  const auto parts = net::split_target(request.target);
  const auto path = parts ? net::decode_path(parts->path) : Result<std::string>(fail({}, ""));
  const auto query =
      parts ? net::Parameters::parse(parts->query) : Result<net::Parameters>(fail({}, ""));
  if (!path || !query) {
    ADD_FAILURE() << "the server would refuse " << target;
    return {};
  }
  request.path = *path;
  request.query = *query;
  request.client_address = options.client;
  request.id = "test";
  request.headers.add("Host", "localhost:9010");
  if (!options.token.empty()) request.headers.add("Authorization", "Bearer " + options.token);
  if (!options.content_type.empty()) request.headers.add("Content-Type", options.content_type);
  for (const auto& [name, value] : options.headers) request.headers.set(name, value);
  request.body = std::make_shared<TextBody>(std::move(options.body));
  net::Response response;
  runtime_.run_until_done(answer_into(handler_, request, response));
  ApiAnswer answer{response.status, response.headers, {}};
  answer.text = body_text(response);
  return answer;
}

ApiAnswer ApiTest::get(std::string_view target, std::string_view token) {
  return request(net::Method::get, target, {.token = std::string(token)});
}

ApiAnswer ApiTest::del(std::string_view target, std::string_view token) {
  return request(net::Method::del, target, {.token = std::string(token)});
}

ApiAnswer ApiTest::post(std::string_view target, const boost::json::value& body,
                        std::string_view token) {
  return request(net::Method::post, target,
                 {.token = std::string(token),
                  .body = boost::json::serialize(body),
                  .content_type = "application/json"});
}

ApiAnswer ApiTest::put(std::string_view target, const boost::json::value& body,
                       std::string_view token) {
  return request(net::Method::put, target,
                 {.token = std::string(token),
                  .body = boost::json::serialize(body),
                  .content_type = "application/json"});
}

ApiAnswer ApiTest::post_form(std::string_view target, std::string form, std::string_view token) {
  return request(net::Method::post, target,
                 {.token = std::string(token),
                  .body = std::move(form),
                  .content_type = "application/x-www-form-urlencoded"});
}

ApiAnswer ApiTest::try_login(std::string_view username, std::string_view password) {
  return post_form("/api/v1/users/token",
                   "client_id=" + config.identity.client_id +
                       "&client_secret=" + config.identity.client_secret +
                       "&response_type=code&grant_type=password&username=" + url_encode(username) +
                       "&password=" + url_encode(password));
}

std::string ApiTest::login(std::string_view username, std::string_view password) {
  const ApiAnswer answer = try_login(username, password);
  EXPECT_EQ(answer.status, 200) << answer.text;
  if (answer.status != 200) return {};
  return std::string(answer.json().at("access_token").as_string());
}

std::string ApiTest::make_user(std::string_view name, int role) {
  const std::string password = "password-" + std::string(name);
  const ApiAnswer answer = post("/api/v1/users",
                                {{"username", name},
                                 {"password", password},
                                 {"email", std::string(name) + "@example.com"},
                                 {"role", role}},
                                root_token());
  EXPECT_EQ(answer.status, 200) << answer.text;
  return login(name, password);
}

}  // namespace shoal::tests
