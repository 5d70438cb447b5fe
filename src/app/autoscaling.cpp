#include "app/autoscaling.h"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "app/config/stores.h"
#include "base/log.h"
#include "processing/pipeline/graph.h"
#include "runners/registry.h"
#include "scaling/fleet/exec_driver.h"
#include "scaling/fleet/kubernetes_driver.h"
#include "scaling/fleet/process_driver.h"
#include "worker/worker_folder.h"

namespace shoal::app {
namespace {

/// Of this very program, also when its file was replaced meanwhile.
constexpr const char* k_this_program = "/proc/self/exe";

Seconds seconds_of(Milliseconds time) {
  return std::chrono::duration_cast<Seconds>(time);
}

double share_of(std::int64_t percent) {
  return static_cast<double>(percent) / 100;
}

std::string without_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

/// What load_config() lets through can be read.
double price_of(const std::string& text) {
  constexpr double k_millionths = 1e6;
  return static_cast<double>(parse_price(text).value_or(0)) / k_millionths;
}

/// A runner of that name, instead of one that may have had it before.
Result<std::string> register_anew(db::Session& session, Random& random, const std::string& name,
                                  UtcTime now) {
  if (const auto before = runners::find_named(session, name))
    TRY_VOID(runners::remove_runner(session, before->id));
  auto tokens = runners::list_registration_tokens(session, {.count = 1});
  if (tokens.items.empty()) {
    runners::create_registration_token(session, random, now);
    tokens = runners::list_registration_tokens(session, {.count = 1});
  }
  TRY(const runners::Registered made,
      runners::register_runner(session, random,
                               {.registration_token = tokens.items.front().token,
                                .name = name,
                                .description = "started by the autoscaler",
                                .ip = "127.0.0.1"},
                               now));
  return made.token;
}

}  // namespace

scaling::AutoscalerConfig autoscaler_config(const Config& config) {
  const Config::Autoscaler& a = config.autoscaler;
  return {
      .driver = a.driver,
      .job_kind = std::string(processing::k_encode),
      .fleet = {.minimum = static_cast<std::uint32_t>(a.min),
                .maximum = static_cast<std::uint32_t>(a.max),
                .tolerance = share_of(a.tolerance_percent),
                .up_window = seconds_of(a.up_window),
                .down_window = seconds_of(a.down_window),
                .reserve_share = share_of(a.reserve_percent),
                .reserve_nodes = static_cast<std::uint32_t>(a.reserve_workers),
                .cost_per_hour = price_of(a.cost_per_hour),
                .budget_per_hour = price_of(a.budget_per_hour)},
      .workers = {.target_wait = seconds_of(a.target_wait), .start_time = seconds_of(a.start_time)},
      .worker_concurrency = static_cast<double>(a.worker_concurrency),
      .interval = a.interval,
      .dry_run = a.dry_run};
}

std::string local_address(const Config& config, std::uint16_t port) {
  // Its certificate is for the name that viewers type.
  if (!config.tls.certificate_file.empty()) return config.webserver.origin();
  std::string host = config.listen.hostname;
  if (host == "0.0.0.0") host = "127.0.0.1";
  if (host == "::") host = "::1";
  if (host.contains(':')) host = "[" + host + "]";
  return fmt::format("http://{}:{}", host, port);
}

std::unique_ptr<Autoscaling> Autoscaling::create(const Config& config, Services services,
                                                 io::Executor executor) {
  if (!config.autoscaler.enabled) return nullptr;
  std::unique_ptr<Autoscaling> made(new Autoscaling(config.autoscaler, std::move(services)));
  made->autoscaler_ = std::make_unique<scaling::Autoscaler>(
      autoscaler_config(config),
      scaling::Autoscaler::Services{made->services_.database, made->services_.clock,
                                    made->services_.metrics, *made->driver_, made->services_.turn},
      std::move(executor));
  return made;
}

Autoscaling::Autoscaling(const Config::Autoscaler& settings, Services services)
    : services_(std::move(services)), driver_(make_driver(settings)) {}

std::unique_ptr<scaling::ScaleDriver> Autoscaling::make_driver(const Config::Autoscaler& settings) {
  if (settings.driver == "exec") {
    return std::make_unique<scaling::ExecDriver>(
        scaling::ExecDriverConfig{.script = settings.exec_script,
                                  .name_prefix = settings.exec_name_prefix,
                                  .time_limit = seconds_of(settings.exec_time_limit)},
        scripts_);
  }
  if (settings.driver == "kubernetes") {
    return std::make_unique<scaling::KubernetesDriver>(
        scaling::KubernetesDriverConfig{.api = without_slash(settings.kubernetes_api),
                                        .name_space = settings.kubernetes_namespace,
                                        .deployment = settings.kubernetes_deployment,
                                        .credentials = settings.kubernetes_credentials,
                                        .time_limit = settings.kubernetes_time_limit},
        services_.files, services_.bulk);
  }
  std::string server = settings.process_server.empty() ? services_.server : settings.process_server;
  server = without_slash(std::move(server));
  services_.server = server;
  std::vector<std::string> arguments{
      "worker",
      "--server",
      server,
      "--concurrency",
      std::to_string(settings.worker_concurrency),
      "--drain-timeout",
      std::to_string(seconds_of(settings.worker_drain_timeout).count())};
  // They run on this machine, and have what it has.
  for (const std::string& label : services_.labels) {
    arguments.emplace_back("--label");
    arguments.push_back(label);
  }
  return std::make_unique<scaling::ProcessDriver>(
      scaling::ProcessDriverConfig{
          .program = k_this_program,
          .arguments = std::move(arguments),
          .folder = (std::filesystem::path(services_.data_folder) / "workers").string(),
          .name_prefix = services_.node_name + "/worker-",
          .drain_limit = settings.worker_drain_timeout},
      scaling::ProcessDriver::Entry{
          .enroll = [this](
                        std::string name,
                        std::string folder) { return enroll(std::move(name), std::move(folder)); },
          .dismiss = [this](std::string name) { return dismiss(std::move(name)); }},
      services_.clock);
}

io::Task<Result<>> Autoscaling::enroll(std::string name, std::string folder) {
  CO_TRY(std::string token,
         co_await services_.database.write(
             [&random = services_.random, name, now = services_.clock.now()](db::Session& session) {
               return register_anew(session, random, name, now);
             }));
  co_return co_await services_.bulk.run(
      [&files = services_.files, folder, server = services_.server, token]() -> Result<> {
        TRY(worker::WorkerFolder home, worker::WorkerFolder::claim(folder, files));
        return home.keep_token(server, token);
      });
}

io::Task<> Autoscaling::dismiss(std::string name) {
  const auto done = co_await services_.database.write([name](db::Session& session) -> Result<> {
    const auto runner = runners::find_named(session, name);
    return runner ? runners::remove_runner(session, runner->id) : Result<>{};
  });
  if (!done)
    log::warn("a worker that is gone stays in the list",
              {{"worker", name}, {"reason", done.error().message}});
}

}  // namespace shoal::app
