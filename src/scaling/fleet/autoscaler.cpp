#include "scaling/fleet/autoscaler.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include "base/log.h"
#include "scaling/fleet/fleet.h"
#include "scaling/rhythm.h"

namespace shoal::scaling {
namespace {

double seconds_of_work(double media_seconds, double worker_seconds) {
  return media_seconds * worker_seconds;
}

Arrivals in_work(Arrivals arrivals, double worker_seconds) {
  arrivals.work_seconds = seconds_of_work(arrivals.work_seconds, worker_seconds);
  return arrivals;
}

double media_rate(const Arrivals& arrivals) {
  return arrivals.work_seconds / static_cast<double>(arrivals.time.count());
}

}  // namespace

Autoscaler::Autoscaler(AutoscalerConfig config, const Services& services, io::Executor executor)
    : config_(std::move(config)),
      services_(services),
      wanted_(services.metrics.gauge("shoal_autoscaler_wanted_workers",
                                     "Workers that the autoscaler wants")),
      workers_(services.metrics.gauge("shoal_autoscaler_workers",
                                      "Workers that take work, or are about to")),
      busy_(services.metrics.gauge("shoal_autoscaler_busy_workers", "Workers that have work")),
      queued_jobs_(
          services.metrics.gauge("shoal_autoscaler_queued_jobs", "Jobs that wait for workers")),
      queued_media_(services.metrics.gauge("shoal_autoscaler_queued_media_seconds",
                                           "Seconds of media that wait for workers")),
      queued_seconds_(services.metrics.gauge(
          "shoal_autoscaler_queued_seconds",
          "What one worker takes for all that waits for workers, estimated")),
      oldest_wait_(services.metrics.gauge("shoal_autoscaler_oldest_wait_seconds",
                                          "How long the oldest job waits for a worker")),
      media_speed_(services.metrics.gauge(
          "shoal_autoscaler_media_speed",
          "Seconds of media that a busy worker makes in a second; 0 while it is not known")),
      failures_(services.metrics.counter("shoal_autoscaler_failures_total",
                                         "Times that the driver did not do or say what it should")),
      tasks_(std::move(executor), "autoscaler") {}

void Autoscaler::start() {
  tasks_.spawn(repeat());
}

io::Task<> Autoscaler::stop() {
  co_await tasks_.stop();
  co_await services_.driver.stop();
}

io::Task<> Autoscaler::repeat() {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
  for (;;) {
    const auto done = co_await step();
    if (!done) log::warn("the autoscaler rests", {{"reason", done.error().message}});
    timer.expires_after(config_.interval);
    co_await timer.async_wait(io::use_awaitable);
  }
}

io::Task<> Autoscaler::rest() {
  if (std::exchange(has_turn_, false)) {
    recent_.clear();
    show({});
  }
  co_await services_.driver.stand_down();
}

io::Task<Result<Autoscaler::Measures>> Autoscaler::measure() {
  co_return co_await services_.database.read(
      [kind = config_.job_kind](db::Session& session) -> Result<Measures> {
        return Measures{read_backlog(session, kind), list_load(session)};
      });
}

Need Autoscaler::need_for(const Measures& measures, std::span<const FleetNode> nodes,
                          UtcTime now) const {
  const Backlog& backlog = measures.backlog;
  const bool is_measured = backlog.seconds_per_media_second > 0;
  const double cost =
      is_measured ? backlog.seconds_per_media_second / config_.worker_concurrency : 1;
  WorkerLoad load{.queued_seconds = seconds_of_work(backlog.media_seconds, cost),
                  .latest = in_work(backlog.latest, cost),
                  .before = in_work(backlog.before, cost),
                  .lately = in_work(backlog.lately, cost),
                  .helped = seconds_of_work(backlog.node_media_speed, cost),
                  // The estimate is what was measured, so the two agree.
                  .throughput = is_measured ? 1.0 : 0.0};
  const auto forecast = Rhythm::learn(measures.history, now)
                            .forecast(measures.history, now, now + config_.workers.start_time);
  if (forecast) load.expected = seconds_of_work(*forecast, cost);
  return needed_workers(load, nodes, now, config_.workers);
}

io::Task<Result<DecisionRecord>> Autoscaler::act(const Measures& measures, UtcTime now) {
  const Backlog& backlog = measures.backlog;
  DecisionRecord record{.decided_at = now,
                        .driver = config_.driver,
                        .is_dry_run = config_.dry_run,
                        .workers = last_count_,
                        .wanted = last_count_,
                        .queued_jobs = backlog.jobs,
                        .queued_media_seconds = backlog.media_seconds,
                        .oldest_wait_seconds = static_cast<double>(backlog.oldest_wait.count())};
  if (backlog.seconds_per_media_second > 0)
    record.media_speed = config_.worker_concurrency / backlog.seconds_per_media_second;
  record.queued_seconds = backlog.media_seconds / (record.media_speed > 0 ? record.media_speed : 1);

  auto inventory = co_await services_.driver.look();
  if (!inventory) {
    record.error = inventory.error().message;
    record.reasons.emplace_back("the driver does not say what there is: nothing is changed");
    co_return record;
  }
  last_count_ = inventory->count;
  const auto nodes = assemble_fleet(*inventory, backlog.workers, grown_at_);
  const Decision decision = decide({.now = now, .nodes = nodes, .recent = recent_},
                                   need_for(measures, nodes, now), config_.fleet);
  recent_ = decision.recent;
  record.workers = static_cast<std::uint32_t>(nodes.size());
  record.busy =
      static_cast<std::uint32_t>(std::ranges::count(nodes, FleetState::busy, &FleetNode::state));
  record.wanted = decision.wanted;
  record.started = decision.start;
  record.drained = static_cast<std::uint32_t>(decision.drain.size());
  record.cost_per_hour = decision.cost_per_hour;
  record.reasons = decision.reasons;
  if (config_.dry_run) {
    record.reasons.emplace_back("nothing is done: this is a dry run");
    co_return record;
  }
  if (decision.start == 0 && decision.drain.empty()) co_return record;
  if (!services_.turn()) co_return fail(ErrorCode::conflict, "it is another node's turn");
  const auto done =
      co_await services_.driver.apply({.wanted = decision.wanted,
                                       .start = decision.start,
                                       .drain = decision.drain,
                                       .busy = busy_workers(*inventory, backlog.workers)});
  if (!done) record.error = done.error().message;
  if (done && decision.start > 0) grown_at_ = now;
  co_return record;
}

io::Task<Result<>> Autoscaler::step() {
  const auto fence = services_.turn();
  if (!fence) {
    co_await rest();
    co_return Result<>{};
  }
  has_turn_ = true;
  CO_TRY(const Measures measures, co_await measure());
  CO_TRY(const DecisionRecord record, co_await act(measures, services_.clock.now()));
  show(record);
  if (record.error) failures_.add();
  const double load = media_rate(measures.backlog.lately);
  CO_TRY(const bool is_news,
         co_await services_.database.write(
             [record, fence = *fence, load](db::Session& session) -> Result<bool> {
               TRY_VOID(fence(session));
               keep_load(session, record.decided_at, load);
               return keep_decision(session, record);
             }));
  if (!is_news) co_return Result<>{};
  if (record.error) {
    log::error("the autoscaler's driver failed",
               {{"driver", record.driver}, {"reason", *record.error}});
  } else if (record.started > 0 || record.drained > 0) {
    log::info(record.is_dry_run ? "the autoscaler would act" : "the autoscaler acts",
              {{"workers", record.workers},
               {"wanted", record.wanted},
               {"reason", fmt::format("{}", fmt::join(record.reasons, "; "))}});
  }
  co_return Result<>{};
}

void Autoscaler::show(const DecisionRecord& decision) const {
  wanted_.set(decision.wanted);
  workers_.set(decision.workers);
  busy_.set(decision.busy);
  queued_jobs_.set(static_cast<double>(decision.queued_jobs));
  queued_media_.set(decision.queued_media_seconds);
  queued_seconds_.set(decision.queued_seconds);
  oldest_wait_.set(decision.oldest_wait_seconds);
  media_speed_.set(decision.media_speed);
}

}  // namespace shoal::scaling
