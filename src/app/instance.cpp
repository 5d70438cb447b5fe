#include "app/instance.h"

#include <algorithm>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <thread>

#include "api/core/routes.h"
#include "app/data_directory.h"
#include "app/first_start.h"
#include "app/room_configs.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"
#include "io/file_system.h"
#include "io/offload.h"
#include "io/runtime.h"
#include "net/http/router.h"
#include "net/http/server.h"

namespace shoal::app {
namespace {

/// Two log-ins at once: 38 MiB and one core's worth of argon2 on a small box.
constexpr std::size_t k_password_threads = 2;
constexpr std::size_t k_password_queue = 64;

}  // namespace

/// In the order of their dependencies: what comes later uses what comes before and is gone first.
struct Instance::Parts {
  Parts(Config from, DataDirectory claimed)
      : config(std::move(from)), directory(std::move(claimed)) {}

  const Config config;
  DataDirectory directory;
  SystemClock clock;
  SystemRandom random;
  Metrics metrics;
  io::PosixFileSystem files;
  io::Runtime runtime{std::max(1U, std::thread::hardware_concurrency())};
  io::Offload passwords{"passwords", k_password_threads, k_password_queue};
  std::unique_ptr<db::Database> database;
  FirstStart first_start;
  std::unique_ptr<api::Context> api;
  net::Router router;
  std::unique_ptr<net::Server> server;
};

Instance::Instance(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Instance::~Instance() = default;

Result<std::unique_ptr<Instance>> Instance::create(const Config& config) {
  TRY(DataDirectory directory, DataDirectory::claim(config.storage.data));
  auto made = std::make_unique<Parts>(config, std::move(directory));
  Parts& parts = *made;
  TRY(parts.database, db::Database::open(database_config(config, parts.directory), parts.metrics));
  TRY(parts.first_start, ensure_first_start(*parts.database, parts.random, parts.clock,
                                            config.webserver.origin(), config.admin_email));
  parts.api = std::make_unique<api::Context>(
      api_config(config, parts.directory),
      api::Context::Services{*parts.database, parts.clock, parts.random, parts.metrics,
                             parts.passwords});
  parts.server =
      std::make_unique<net::Server>(parts.runtime, server_config(config),
                                    api::make_handler(parts.router), parts.metrics, parts.clock);
  return std::unique_ptr<Instance>(new Instance(std::move(made)));
}

Result<> Instance::start() {
  return parts_->server->start();
}

void Instance::run_until_signal() {
  Parts& parts = *parts_;
  // The signals are waited for on the runtime itself; the main thread sleeps until it is all over.
  parts.runtime.run_until_done([](Parts& all) -> io::Task<> {
    boost::asio::signal_set signals(all.runtime.executor(0), SIGTERM, SIGINT, SIGHUP);
    while (co_await signals.async_wait(boost::asio::use_awaitable) == SIGHUP) {
      const auto reloaded = all.server->reload_tls();
      if (!reloaded) log::error("certificates not reloaded", {{"error", reloaded.error().message}});
    }
    log::info("stopping: running requests may finish");
    co_await all.server->stop();
  }(parts));
}

std::string Instance::address() const {
  const Config& config = parts_->config;
  return config.webserver.origin();
}

std::uint16_t Instance::port() const {
  return parts_->server->port();
}

const std::string& Instance::generated_root_password() const {
  return parts_->first_start.generated_root_password;
}

}  // namespace shoal::app
