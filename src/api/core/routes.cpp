#include "api/core/routes.h"

#include <fmt/format.h>

namespace shoal::api {
namespace {

struct Route {
  Context& context;
  std::string operation;
  Access access;
  Limit limit;
  ApiHandler handler;
};

Answer<> check_access(const Route& route, const Caller& caller) {
  if (route.access == Access::anyone) return {};
  if (caller.is_anonymous()) return refuse(missing_token());
  const bool allowed = route.access == Access::signed_in ||
                       (route.access == Access::moderator && caller.is_moderator()) ||
                       caller.is_administrator();
  if (allowed) return {};
  return refuse(
      403,
      fmt::format("User {} does not have the right to do this: it needs {}.", caller.user->username,
                  route.access == Access::moderator ? "a moderator" : "an administrator"));
}

/// Over the limit a token that is not known here costs a look-up in the database, so that only a
/// few are tried.
bool may_identify(const Route& route, const net::Request& request,
                  const RateLimiter::Verdict& verdict) {
  Context& context = route.context;
  return verdict.allowed || context.callers.knows(request.headers) ||
         context.rate_limiter.count(Limit::late_token, request.client_address).allowed;
}

/// The caller, or what refuses it. Administrators pass a used-up window, as PeerTube's do.
io::Task<Answer<Caller>> admit(const Route& route, const net::Request& request,
                               const RateLimiter::Verdict& verdict) {
  Caller caller;
  if (request.headers.contains("Authorization")) {
    if (!may_identify(route, request, verdict)) co_return refuse(Problem(429, ""));
    auto identified = co_await route.context.callers.identify(request.headers);
    if (!verdict.allowed && (!identified || !identified->is_administrator())) {
      co_return refuse(Problem(429, ""));
    }
    CO_TRY(auto known, std::move(identified));
    caller = std::move(known);
  } else if (!verdict.allowed) {
    co_return refuse(Problem(429, ""));
  }
  CO_TRY_VOID(check_access(route, caller));
  co_return caller;
}

io::Task<Reply> serve(const Route& route, net::Request& request,
                      const RateLimiter::Verdict& verdict) {
  CO_TRY(auto caller, co_await admit(route, request, verdict));
  Call call{request, route.context, std::move(caller)};
  co_return co_await route.handler(call);
}

io::Task<net::Response> run_route(std::shared_ptr<const Route> route, net::Request& request) {
  Context& context = route->context;
  const auto verdict = context.rate_limiter.count(route->limit, request.client_address);
  Reply reply = co_await serve(*route, request, verdict);
  net::Response response;
  if (reply) {
    response = std::move(*reply);
  } else if (reply.error().status == 429 && reply.error().detail.empty()) {
    response = too_many_requests(verdict);
  } else {
    response = to_response(reply.error(), route->operation, request.target);
  }
  verdict.add_headers(response.headers);
  if (!response.headers.contains("Access-Control-Allow-Origin")) {
    response.headers.add("Access-Control-Allow-Origin", "*");
    response.headers.add("Access-Control-Expose-Headers", "Retry-After");
  }
  co_return response;
}

net::Response preflight(const net::Request& request) {
  net::Response response;
  response.status = 204;
  response.headers.add("Access-Control-Allow-Origin", "*");
  response.headers.add("Access-Control-Allow-Methods", "GET,HEAD,PUT,PATCH,POST,DELETE");
  response.headers.add("Access-Control-Max-Age", "86400");
  const auto wanted = request.headers.find("Access-Control-Request-Headers");
  response.headers.add("Access-Control-Allow-Headers",
                       wanted.value_or("Authorization, Content-Type, Range"));
  return response;
}

net::Response no_such_method(const std::vector<net::Method>& allowed) {
  std::string names;
  for (const net::Method method : allowed) {
    if (!names.empty()) names += ", ";
    names += net::to_string(method);
  }
  net::Response response = to_response(Problem(405, "Allowed here: " + names), {}, {});
  response.headers.set("Allow", names);
  return response;
}

net::Response no_such_route(const net::Request& request) {
  if (!request.path.starts_with("/api/")) return to_response(Problem(404, "Not found"), {}, {});
  return net::Response::text(400, "", k_json_type);
}

/// Below these a page of the web client would only hide a mistake.
bool is_machine_path(std::string_view path) {
  constexpr std::string_view k_prefixes[] = {"/api/",    "/static/",   "/lazy-static/",
                                             "/feeds/",  "/download/", "/services/",
                                             "/client/", "/nodeinfo/", "/.well-known/"};
  return std::ranges::any_of(k_prefixes,
                             [&](std::string_view prefix) { return path.starts_with(prefix); });
}

/// Whether the path leads nowhere but to the page for everything else.
bool is_only_any_page(const net::Router& router, net::Request& request) {
  if (!is_machine_path(request.path)) return false;
  const net::Method method = std::exchange(request.method, net::Method::get);
  const net::Router::Match match = router.match(request);
  request.method = method;
  return match.handler != nullptr && match.pattern == k_any_page;
}

io::Task<net::Response> answer(net::Response response) {
  co_return response;
}

io::Task<net::Response> dispatch(const net::Router& router, net::Request& request) {
  const net::Router::Match match = router.match(request);
  if (match.handler != nullptr && !(match.pattern == k_any_page && is_machine_path(request.path)))
    return (*match.handler)(request);
  if (request.method == net::Method::options) return answer(preflight(request));
  const bool other_methods =
      match.handler == nullptr && !match.allowed.empty() && !is_only_any_page(router, request);
  return answer(other_methods ? no_such_method(match.allowed) : no_such_route(request));
}

}  // namespace

void Routes::add(net::Method method, std::string_view pattern, RouteOptions options,
                 ApiHandler handler) {
  // PeerTube's reference, which `docs` leads to, has neither pages nor our own resources.
  const bool referenced = pattern.starts_with("/api/v1/") && !pattern.starts_with("/api/v1/admin/");
  auto route = std::make_shared<const Route>(
      Route{context_, referenced ? std::string(options.operation) : std::string(), options.access,
            options.limit, handler});
  router_.add(method, pattern, [route = std::move(route)](net::Request& request) {
    return run_route(route, request);
  });
  registered_.push_back({method, std::string(pattern), std::string(options.operation)});
}

void Routes::get(std::string_view pattern, RouteOptions options, ApiHandler handler) {
  add(net::Method::get, pattern, options, handler);
}
void Routes::post(std::string_view pattern, RouteOptions options, ApiHandler handler) {
  add(net::Method::post, pattern, options, handler);
}
void Routes::put(std::string_view pattern, RouteOptions options, ApiHandler handler) {
  add(net::Method::put, pattern, options, handler);
}
void Routes::del(std::string_view pattern, RouteOptions options, ApiHandler handler) {
  add(net::Method::del, pattern, options, handler);
}

net::RequestHandler make_handler(const net::Router& router) {
  return [&router](net::Request& request) { return dispatch(router, request); };
}

}  // namespace shoal::api
