#include "api/core/reply.h"
#include "api/instance/counts.h"
#include "api/instance/instance_metrics.h"
#include "api/instance/routes.h"
#include "api/storage/services.h"

namespace shoal::api {
namespace {

constexpr std::string_view k_text = "text/plain; charset=utf-8";
/// So long a store may keep a server that has just started from being ready. One that is away must
/// not keep it longer: what is elsewhere, and what is cached, is played without it.
constexpr Seconds k_first_look{5};

/// A store whose first look is not over, in the first seconds: uploads would be refused.
const std::string* find_unknown_store(const std::vector<StoreStatus>& stores) {
  for (const StoreStatus& store : stores)
    if (!store.is_online && !store.since) return &store.name;
  return nullptr;
}

/// The process runs and answers. Never looks at anything else: a restart would not mend it.
io::Task<Reply> get_health(Call&) {
  co_return net::Response::text(200, "ok\n", k_text);
}

/// Whether requests can be served now; a load balancer asks.
io::Task<Reply> get_ready(Call& call) {
  constexpr std::string_view k_ready = "ready\n";
  const auto answer = [&](const std::string& text) {
    return net::Response::text(text == k_ready ? 200 : 503, text, k_text);
  };
  if (call.context.is_draining) co_return answer("this node is being drained\n");
  const StorageServices* storage = call.context.storage_services;
  if (storage != nullptr && call.context.clock.now() < call.context.started_at + k_first_look) {
    const std::vector<StoreStatus> stores = storage->statuses();
    if (const std::string* unknown = find_unknown_store(stores))
      co_return answer("the store " + *unknown + " was not looked at yet\n");
  }
  // Nobody limits this route: however many ask, the database is asked once a second.
  auto slot = co_await call.context.responses.open("readyz");
  if (slot.text) co_return answer(*slot.text);
  const auto answered = co_await call.context.database.read([](db::Session& session) -> Result<> {
    session.query_one("select 1");
    return {};
  });
  co_return answer(*slot.keep(std::string(answered ? k_ready : "the database does not answer\n"),
                              Milliseconds{1000}));
}

bool is_loopback(std::string_view address) {
  return address.starts_with("127.") || address == "::1" || address.starts_with("::ffff:127.");
}

/// For this machine's Prometheus, or another's with an administrator's token.
io::Task<Reply> get_metrics(Call& call) {
  Context& context = call.context;
  if (!context.config.metrics_enabled) co_return refuse(404, "Metrics are switched off.");
  if (!call.caller.is_administrator() && !is_loopback(call.request.client_address)) {
    if (call.caller.is_anonymous()) co_return refuse(missing_token());
    co_return refuse(403, "Metrics are for this machine and for administrators.");
  }
  co_await refresh_metrics(context);
  co_return net::Response::text(200, context.metrics.render(), "text/plain; version=0.0.4");
}

}  // namespace

void add_health_routes(Routes& routes) {
  routes.get("/healthz", {.operation = "getHealth", .limit = Limit::none}, get_health);
  routes.get("/readyz", {.operation = "getReadiness", .limit = Limit::none}, get_ready);
  routes.get("/metrics", {.operation = "getMetrics", .limit = Limit::none}, get_metrics);
}

}  // namespace shoal::api
