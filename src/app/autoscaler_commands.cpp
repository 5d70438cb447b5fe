#include "app/autoscaler_commands.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "app/admin_commands.h"
#include "base/text.h"
#include "scaling/fleet/decision_rows.h"

namespace shoal::app {
namespace {

namespace json = boost::json;
using scaling::DecisionRecord;
using Decisions = std::vector<DecisionRecord>;

json::object to_json(const DecisionRecord& decision) {
  return {{"since", to_iso8601(decision.since)},
          {"decidedAt", to_iso8601(decision.decided_at)},
          {"driver", decision.driver},
          {"dryRun", decision.is_dry_run},
          {"workers",
           {{"active", decision.workers},
            {"busy", decision.busy},
            {"wanted", decision.wanted},
            {"started", decision.started},
            {"drained", decision.drained}}},
          {"queue",
           {{"jobs", decision.queued_jobs},
            {"mediaSeconds", decision.queued_media_seconds},
            {"workerSeconds", decision.queued_seconds},
            {"oldestWaitSeconds", decision.oldest_wait_seconds}}},
          {"mediaSpeed", decision.media_speed},
          {"costPerHour", decision.cost_per_hour},
          {"reasons", json::value_from(decision.reasons)},
          {"error", decision.error ? json::value(*decision.error) : json::value(nullptr)}};
}

void print_now(const DecisionRecord& now, bool is_enabled) {
  fmt::print("autoscaler   {}{}, driver {}\n", is_enabled ? "on" : "off (autoscaler.enabled)",
             now.is_dry_run ? ", dry run" : "", now.driver);
  fmt::print("workers      {} ({} busy), {} wanted\n", now.workers, now.busy, now.wanted);
  fmt::print(
      "queue        {} jobs, {:.0f} s of media, {:.0f} s for one worker; oldest wait {:.0f} s\n",
      now.queued_jobs, now.queued_media_seconds, now.queued_seconds, now.oldest_wait_seconds);
  if (now.media_speed > 0)
    fmt::print("speed        {:.2f} s of media a second and busy worker\n", now.media_speed);
  if (now.cost_per_hour > 0) fmt::print("cost         {:.2f} an hour\n", now.cost_per_hour);
  fmt::print("last look    {}\n\n", to_iso8601(now.decided_at));
}

void print_decision(const DecisionRecord& decision) {
  fmt::print("{}  {} -> {} workers{}\n", to_iso8601(decision.since), decision.workers,
             decision.wanted, decision.is_dry_run ? " (dry run)" : "");
  if (decision.error) fmt::print("    failed: {}\n", *decision.error);
  for (const std::string& reason : decision.reasons) fmt::print("    {}\n", reason);
}

Result<> print_status(db::Database& database, bool is_enabled, std::int64_t count, bool as_json) {
  TRY(const Decisions decisions,
      database.read_blocking([count](db::Session& session) -> Result<Decisions> {
        return scaling::list_decisions(session, count);
      }));
  if (as_json) {
    json::array data;
    data.reserve(decisions.size());
    for (const DecisionRecord& one : decisions) data.push_back(to_json(one));
    fmt::print("{}\n", json::serialize(json::object{
                           {"enabled", is_enabled}, {"total", decisions.size()}, {"data", data}}));
    return {};
  }
  if (decisions.empty()) {
    fmt::print("autoscaler   {}; nothing was decided yet\n",
               is_enabled ? "on" : "off (autoscaler.enabled)");
    return {};
  }
  print_now(decisions.front(), is_enabled);
  for (const DecisionRecord& one : decisions) print_decision(one);
  return {};
}

}  // namespace

void AutoscalerCommands::add_to(CLI::App& program, Chosen& chosen) {
  CLI::App* group =
      program.add_subcommand("autoscaler", "How workers grow and shrink with the load");
  group->require_subcommand(1);
  CLI::App* status = group->add_subcommand("status", "What is, and what was decided and why");
  status->add_option("--count", count_, "decisions, the newest first")
      ->check(CLI::Range(std::int64_t{1}, scaling::k_most_decisions))
      ->capture_default_str();
  status->add_flag("--json", as_json_, "one line of JSON, for scripts");
  status->callback([this, &chosen] {
    chosen = [this](const Config& config) {
      return with_database(config, [&](db::Database& database) {
        return print_status(database, config.autoscaler.enabled, count_, as_json_);
      });
    };
  });
}

}  // namespace shoal::app
