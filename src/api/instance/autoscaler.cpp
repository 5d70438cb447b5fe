#include "api/core/reply.h"
#include "api/instance/routes.h"
#include "scaling/fleet/decision_rows.h"

namespace shoal::api {
namespace {

using scaling::DecisionRecord;

void write_decision(JsonWriter& json, const DecisionRecord& decision) {
  const auto number = [](std::uint32_t count) { return static_cast<std::int64_t>(count); };
  json.object([&] {
    json.field("since", decision.since).field("decidedAt", decision.decided_at);
    json.field("driver", decision.driver).field("dryRun", decision.is_dry_run);
    json.key("workers").object([&] {
      json.field("active", number(decision.workers)).field("busy", number(decision.busy));
      json.field("wanted", number(decision.wanted));
      json.field("started", number(decision.started)).field("drained", number(decision.drained));
    });
    json.key("queue").object([&] {
      json.field("jobs", decision.queued_jobs);
      json.field("mediaSeconds", decision.queued_media_seconds);
      json.field("workerSeconds", decision.queued_seconds);
      json.field("oldestWaitSeconds", decision.oldest_wait_seconds);
    });
    json.field("mediaSpeed", decision.media_speed);
    json.field("costPerHour", decision.cost_per_hour);
    json.key("reasons").array(decision.reasons,
                              [&](const std::string& reason) { json.value(reason); });
    json.field("error", decision.error);
  });
}

/// From the database, so that every node answers for the one that decides.
io::Task<Reply> get_autoscaler(Call& call) {
  using Decisions = std::vector<DecisionRecord>;
  CO_TRY(const Decisions decisions,
         co_await call.context.database.read([](db::Session& session) -> Result<Decisions> {
           return scaling::list_decisions(session, scaling::k_most_decisions);
         }));
  JsonWriter json(4096);
  json.object([&] {
    json.field("enabled", call.context.config.autoscaler_enabled);
    json.field("total", static_cast<std::int64_t>(decisions.size())).key("data");
    json.array(decisions, [&](const DecisionRecord& decision) { write_decision(json, decision); });
  });
  co_return json_response(json);
}

}  // namespace

void add_autoscaler_routes(Routes& routes) {
  routes.get("/api/v1/server/autoscaler",
             {.operation = "getAutoscaler", .access = Access::administrator}, get_autoscaler);
}

}  // namespace shoal::api
