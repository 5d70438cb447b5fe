#pragma once

#include <boost/json.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/core/context.h"
#include "api/core/routes.h"
#include "base/random.h"
#include "io/offload.h"
#include "io/runtime.h"
#include "net/http/router.h"
#include "tests/support/database_fixture.h"
#include "tests/support/manual_clock.h"

namespace shoal::tests {

/// An answer, with its body as text.
struct ApiAnswer {
  int status = 0;
  net::Headers headers;
  std::string text;

  /// The body as JSON; a failure of the test when it is none.
  boost::json::value json() const;
  std::string header(std::string_view name) const {
    return std::string(headers.find(name).value_or(""));
  }
};

/// What a request holds besides method and target.
struct ApiRequest {
  std::string token{};
  std::string body{};
  std::string content_type{};
  std::string client = "192.0.2.1";
  std::vector<std::pair<std::string, std::string>> headers{};
};

/// The whole API over a real database of its own, without sockets: requests go through the same
/// handler that the server calls. The administrator is root / rootpassword123. Rate limits are off
/// unless a test sets `limits` before its first request. One thread.
class ApiTest : public DatabaseTest {
 public:
  ~ApiTest() override;

 protected:
  ApiTest();

  ApiAnswer request(net::Method method, std::string_view target, ApiRequest options = {});
  ApiAnswer get(std::string_view target, std::string_view token = {});
  ApiAnswer del(std::string_view target, std::string_view token = {});
  ApiAnswer post(std::string_view target, const boost::json::value& body,
                 std::string_view token = {});
  ApiAnswer put(std::string_view target, const boost::json::value& body,
                std::string_view token = {});
  ApiAnswer post_form(std::string_view target, std::string form, std::string_view token = {});

  ApiAnswer try_login(std::string_view username, std::string_view password);
  /// The access token.
  std::string login(std::string_view username, std::string_view password);
  std::string root_token() { return login("root", "rootpassword123"); }
  /// A user made by root; the password is `password-<name>`. Returns its access token.
  std::string make_user(std::string_view name, int role = 2);

  /// The context, made at first use: change `config` before.
  api::Context& context();

  ManualClock& clock;
  SystemRandom random;
  Metrics metrics;
  io::Offload passwords{"passwords", 2, 16};
  api::ApiConfig config;
  net::Router router;
  std::vector<api::Routes::Registered> registered;

 private:
  /// The database's clock is the test's, too.
  explicit ApiTest(const std::shared_ptr<ManualClock>& shared);

  std::unique_ptr<api::Context> context_;
  net::RequestHandler handler_;
  io::Runtime runtime_{1};
};

}  // namespace shoal::tests
