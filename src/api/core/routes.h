#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/core/context.h"
#include "api/core/problem.h"
#include "api/core/rate_limit.h"
#include "api/core/reply.h"
#include "io/task.h"
#include "net/http/router.h"
#include "net/http/server.h"

namespace shoal::api {

/// One request on its way through a handler. Lives as long as the handler's coroutine.
struct Call {
  net::Request& request;
  Context& context;
  Caller caller;

  std::string_view parameter(std::string_view name) const { return request.path_parameter(name); }
  /// Only in routes that need a token.
  const catalog::TokenOwner& user() const { return *caller.user; }
};

/// A free function: what it needs is in the call. No captures, so nothing dangles.
using ApiHandler = io::Task<Reply> (*)(Call& call);

/// Who may ask. Anybody's token is checked where one is sent.
enum class Access { anyone, signed_in, moderator, administrator };

struct RouteOptions {
  /// operationId in docs/api/openapi.yaml; PeerTube's where it has one.
  std::string_view operation;
  Access access = Access::anyone;
  Limit limit = Limit::api;
};

/// Registers handlers, each wrapped in: rate limit, authentication, access, errors to problems.
/// Used once at start; what it registers must not outlive the context. The server measures.
class Routes {
 public:
  Routes(net::Router& router, Context& context) : router_(router), context_(context) {}

  void get(std::string_view pattern, RouteOptions options, ApiHandler handler);
  void post(std::string_view pattern, RouteOptions options, ApiHandler handler);
  void put(std::string_view pattern, RouteOptions options, ApiHandler handler);
  void del(std::string_view pattern, RouteOptions options, ApiHandler handler);
  void add(net::Method method, std::string_view pattern, RouteOptions options, ApiHandler handler);

  /// What was registered, for the check of openapi.yaml.
  struct Registered {
    net::Method method;
    std::string pattern;
    std::string operation;
  };
  const std::vector<Registered>& registered() const { return registered_; }

 private:
  net::Router& router_;
  Context& context_;
  std::vector<Registered> registered_;
};

/// The page that answers every GET nothing else does: the web client has routes of its own.
inline constexpr std::string_view k_any_page = "/*path";

/// The one handler that app gives to the server: finds the route, answers OPTIONS (CORS), unknown
/// routes (below /api: 400 with an empty body, as PeerTube) and unknown methods, and adds the
/// headers that every answer has. `router` outlives it.
net::RequestHandler make_handler(const net::Router& router);

}  // namespace shoal::api
