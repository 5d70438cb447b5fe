#include "app/config/autoscaler_schema.h"

#include <fmt/format.h>

#include "app/config/stores.h"
#include "app/config/text_checks.h"
#include "app/config/url_checks.h"

namespace shoal::app {
namespace {

constexpr std::int64_t k_second = 1'000;
constexpr std::int64_t k_minute = 60 * k_second;
constexpr std::int64_t k_hour = 60 * k_minute;
constexpr std::int64_t k_day = 24 * k_hour;
constexpr std::int64_t k_most_workers = 10'000;

void describe_policy(config::Schema& s, Config::Autoscaler& a) {
  s.add("autoscaler.enabled", a.enabled,
        "Whether workers are started and stopped with the load of transcoding.");
  s.add("autoscaler.dry_run", a.dry_run, "Only say what would be done, and why.");
  s.add("autoscaler.driver", a.driver,
        "How: process runs `shoal worker`s on this machine, exec calls a script of yours, "
        "kubernetes scales a Deployment.")
      .one_of({"process", "exec", "kubernetes"});
  s.add("autoscaler.min", a.min, "Fewest workers.").range(0, k_most_workers);
  s.add("autoscaler.max", a.max, "Most workers.").range(1, k_most_workers);
  s.add("autoscaler.interval", a.interval, "Time between two decisions.").range(k_second, k_hour);
  s.add("autoscaler.target_wait", a.target_wait,
        "How long a piece of work may wait before a worker takes it.")
      .range(k_second, k_day);
  s.add("autoscaler.start_time", a.start_time,
        "What a new worker takes until it works, its machine included.")
      .range(k_second, k_hour);
  s.add("autoscaler.tolerance", a.tolerance_percent,
        "Percent of the workers by which the need may differ without any change.")
      .range(0, 100);
  s.add("autoscaler.up_window", a.up_window,
        "How long more workers must have been wanted before they are started.")
      .range(0, k_day);
  s.add("autoscaler.down_window", a.down_window,
        "How long fewer workers must have been wanted before any is stopped.")
      .range(0, k_day);
  s.add("autoscaler.reserve.percent", a.reserve_percent,
        "Workers beyond the need, for a burst: percent of it.")
      .range(0, 1000);
  s.add("autoscaler.reserve.workers", a.reserve_workers, "The same as a number, added to that.")
      .range(0, k_most_workers);
  s.add("autoscaler.cost_per_hour", a.cost_per_hour, "What a worker costs, in your currency.")
      .checked_by(check_price);
  s.add("autoscaler.budget_per_hour", a.budget_per_hour,
        "What all workers may cost at once; 0: not bounded.")
      .checked_by(check_price);
}

void describe_drivers(config::Schema& s, Config::Autoscaler& a) {
  s.add("autoscaler.worker.concurrency", a.worker_concurrency,
        "Jobs that one worker does at once (its --concurrency).")
      .range(1, 128);
  s.add("autoscaler.worker.drain_timeout", a.worker_drain_timeout,
        "process: how long a worker that is stopped may go on with what it has begun.")
      .range(k_second, k_day);
  s.add("autoscaler.process.server", a.process_server,
        "process: where the workers reach the server; empty: where it listens, or webserver with "
        "tls.")
      .checked_by(check_plain_url);
  s.add("autoscaler.exec.script", a.exec_script,
        "exec: the script, called as `SCRIPT count` and `SCRIPT scale N`.")
      .checked_by(check_absolute_path);
  s.add("autoscaler.exec.name_prefix", a.exec_name_prefix,
        "exec: how the names of its workers begin; empty: every worker is one of them.")
      .checked_by(check_label);
  s.add("autoscaler.exec.time_limit", a.exec_time_limit, "exec: the longest that a call may take.")
      .range(k_second, k_hour);
  s.add("autoscaler.kubernetes.api", a.kubernetes_api, "kubernetes: its API.")
      .checked_by(check_plain_url);
  s.add("autoscaler.kubernetes.namespace", a.kubernetes_namespace,
        "kubernetes: of the Deployment; empty: this pod's.")
      .checked_by(check_label);
  s.add("autoscaler.kubernetes.deployment", a.kubernetes_deployment,
        "kubernetes: the workers' Deployment.")
      .checked_by(check_label);
  s.add("autoscaler.kubernetes.credentials", a.kubernetes_credentials,
        "kubernetes: folder of the service account: token, ca.crt, namespace.")
      .checked_by(check_absolute_path);
  s.add("autoscaler.kubernetes.time_limit", a.kubernetes_time_limit,
        "kubernetes: the longest that a request may take.")
      .range(k_second, k_hour);
}

}  // namespace

void describe_autoscaler(config::Schema& s, Config::Autoscaler& a) {
  describe_policy(s, a);
  describe_drivers(s, a);
}

void check_autoscaler(const Config::Autoscaler& a, Complaints& complaints) {
  if (a.min > a.max) {
    complaints.add("autoscaler.min", fmt::format("is {}, above autoscaler.max, which is {}; give "
                                                 "at most that",
                                                 a.min, a.max));
  }
  const auto cost = parse_price(a.cost_per_hour);
  const auto budget = parse_price(a.budget_per_hour);
  if (cost && budget && *budget > 0 && *cost == 0)
    complaints.add("autoscaler.budget_per_hour",
                   "bounds nothing while autoscaler.cost_per_hour is 0; say what a worker costs");
  if (!a.enabled) return;
  if (a.driver == "exec" && a.exec_script.empty())
    complaints.add("autoscaler.exec.script", "is empty; the driver exec needs the script's path");
  if (a.driver == "kubernetes" && a.kubernetes_deployment.empty())
    complaints.add("autoscaler.kubernetes.deployment",
                   "is empty; the driver kubernetes needs the name of the workers' Deployment");
  if (a.driver == "kubernetes" && a.kubernetes_api.empty())
    complaints.add("autoscaler.kubernetes.api", "is empty; leave the key out for the default");
}

}  // namespace shoal::app
