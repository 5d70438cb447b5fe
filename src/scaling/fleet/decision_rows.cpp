#include "scaling/fleet/decision_rows.h"

#include <boost/json.hpp>

#include "base/check.h"

namespace shoal::scaling {
namespace {

namespace json = boost::json;

std::string write_reasons(const std::vector<std::string>& reasons) {
  return json::serialize(json::value_from(reasons));
}

/// What keep_decision() wrote.
std::vector<std::string> read_reasons(const std::string& text) {
  boost::system::error_code error;
  const json::value value = json::parse(text, error);
  const json::array* const array = error ? nullptr : value.if_array();
  std::vector<std::string> reasons;
  if (array == nullptr) return reasons;
  reasons.reserve(array->size());
  for (const json::value& one : *array) {
    if (one.is_string()) reasons.emplace_back(one.get_string());
  }
  return reasons;
}

/// What is decided and done, without the figures that led to it.
bool is_same(const DecisionRecord& one, const DecisionRecord& other) {
  return one.driver == other.driver && one.is_dry_run == other.is_dry_run &&
         one.workers == other.workers && one.wanted == other.wanted &&
         one.started == other.started && one.drained == other.drained && one.error == other.error;
}

struct Row {
  std::int64_t id = 0;
  DecisionRecord decision;
};

std::vector<Row> read_rows(db::Session& session, std::int64_t count) {
  const db::Rows rows = session.query(
      "select id, since, decided_at, driver, dry_run, workers, busy, wanted, started, drained,"
      " queued_jobs, queued_media_seconds, queued_seconds, oldest_wait_seconds, media_speed,"
      " cost_per_hour, reasons, error from autoscaler_decision order by id desc limit :count",
      {count});
  std::vector<Row> decisions;
  decisions.reserve(rows.size());
  const auto number = [](const db::Row& row, std::size_t column) {
    return static_cast<std::uint32_t>(row.integer(column));
  };
  for (const db::Row& row : rows) {
    decisions.push_back({row.integer(0),
                         {.since = row.time(1),
                          .decided_at = row.time(2),
                          .driver = row.text(3),
                          .is_dry_run = row.boolean(4),
                          .workers = number(row, 5),
                          .busy = number(row, 6),
                          .wanted = number(row, 7),
                          .started = number(row, 8),
                          .drained = number(row, 9),
                          .queued_jobs = row.integer(10),
                          .queued_media_seconds = row.real(11),
                          .queued_seconds = row.real(12),
                          .oldest_wait_seconds = row.real(13),
                          .media_speed = row.real(14),
                          .cost_per_hour = row.real(15),
                          .reasons = read_reasons(row.text(16)),
                          .error = row.optional_text(17)}});
  }
  return decisions;
}

}  // namespace

bool keep_decision(db::Session& session, const DecisionRecord& decision) {
  const std::vector<Row> newest = read_rows(session, 1);
  const bool is_news = newest.empty() || !is_same(newest.front().decision, decision);
  const std::vector<db::Value> figures{decision.decided_at,
                                       static_cast<std::int64_t>(decision.busy),
                                       decision.queued_jobs,
                                       decision.queued_media_seconds,
                                       decision.queued_seconds,
                                       decision.oldest_wait_seconds,
                                       decision.media_speed,
                                       decision.cost_per_hour,
                                       write_reasons(decision.reasons)};
  std::vector<db::Value> arguments = figures;
  if (!is_news) {
    arguments.emplace_back(newest.front().id);
    session.execute(
        "update autoscaler_decision set decided_at = :at, busy = :busy, queued_jobs = :jobs,"
        " queued_media_seconds = :media, queued_seconds = :queued, oldest_wait_seconds = :wait,"
        " media_speed = :speed, cost_per_hour = :cost, reasons = :reasons where id = :id",
        arguments);
    return false;
  }
  arguments.insert(arguments.end(),
                   {decision.driver, decision.is_dry_run, decision.workers, decision.wanted,
                    decision.started, decision.drained, decision.error});
  const std::int64_t id = session.insert(
      "insert into autoscaler_decision (decided_at, since, busy, queued_jobs,"
      " queued_media_seconds, queued_seconds, oldest_wait_seconds, media_speed, cost_per_hour,"
      " reasons, driver, dry_run, workers, wanted, started, drained, error) values (:at, :at,"
      " :busy, :jobs, :media, :queued, :wait, :speed, :cost, :reasons, :driver, :dry, :workers,"
      " :wanted, :started, :drained, :error) returning id",
      arguments);
  session.execute(
      "delete from autoscaler_decision where id < :id and id not in (select id from"
      " autoscaler_decision order by id desc limit :most)",
      {id, k_most_decisions});
  return true;
}

std::vector<DecisionRecord> list_decisions(db::Session& session, std::int64_t count) {
  std::vector<DecisionRecord> decisions;
  std::vector<Row> rows = read_rows(session, count);
  decisions.reserve(rows.size());
  for (Row& row : rows) decisions.push_back(std::move(row.decision));
  return decisions;
}

void keep_load(db::Session& session, UtcTime now, double load) {
  const UtcTime begin = now - Rhythm::k_slot;
  const auto last = session.query_one("select max(begins_at) from autoscaler_load");
  // A clock that went back must not stop the sampling until it is there again.
  const bool is_over =
      last->is_null(0) || last->time(0) + Rhythm::k_slot <= begin || last->time(0) > now;
  if (!is_over) return;
  session.execute("delete from autoscaler_load where begins_at < :oldest or begins_at > :now",
                  {now - std::chrono::days(Rhythm::k_most_days + 1), now});
  session.execute(
      "insert into autoscaler_load (begins_at, load) values (:begin, :load)"
      " on conflict (begins_at) do nothing",
      {begin, load});
}

std::vector<LoadSample> list_load(db::Session& session) {
  const db::Rows rows = session.query("select begins_at, load from autoscaler_load");
  std::vector<LoadSample> samples;
  samples.reserve(rows.size());
  for (const db::Row& row : rows) samples.push_back({row.time(0), row.real(1)});
  return samples;
}

}  // namespace shoal::scaling
