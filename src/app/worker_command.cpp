#include "app/worker_command.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <csignal>
#include <filesystem>

#include "app/admin_commands.h"
#include "base/log.h"
#include "base/machine_labels.h"
#include "base/random.h"
#include "io/process.h"
#include "io/runtime.h"
#include "io/task_group.h"
#include "worker/worker.h"
#include "worker/worker_folder.h"

namespace shoal::app {
namespace {

constexpr std::size_t k_disk_threads = 4;
constexpr std::size_t k_disk_queue = 256;
constexpr std::size_t k_most_jobs = 128;
constexpr std::int64_t k_longest_drain_s = 24L * 3600;

/// This machine's, and something that makes it the only one.
std::string default_name(Random& random) {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) return "worker-" + random.hex(4);
  return std::string(host.data()) + "-" + random.hex(4);
}

Result<std::string> checked_server(std::string server) {
  while (server.ends_with('/')) server.pop_back();
  const bool is_http = server.starts_with("http://") || server.starts_with("https://");
  if (is_http && server.find('/', server.find("//") + 2) == std::string::npos) return server;
  return fail(ErrorCode::invalid,
              "--server " + server + ": write its address, for example https://videos.example.org");
}

/// CLI11 wants a function of a string that it may change.
std::string check_option_label(std::string& label) {
  const std::string wrong = check_machine_label(label);
  return wrong.empty() ? "" : fmt::format("'{}' {}", label, wrong);
}

/// What a worker has, in the order of their dependencies.
struct Parts {
  Parts(std::string address, std::size_t concurrency)
      : server(std::move(address)), link(server, files, disk) {
    steps.limits.encoder_threads =
        static_cast<int>(std::max<std::size_t>(1, io::usable_cores() / concurrency));
  }

  const std::string server;
  SystemRandom random;
  io::PosixFileSystem files;
  io::SandboxedRunner processes;
  io::Runtime runtime{1};
  io::Offload disk{"disk", k_disk_threads, k_disk_queue};
  processing::Steps steps{processes, files, disk, {}};
  worker::ServerLink link;
};

/// The token of this worker, which registers where it has none yet.
io::Task<Result<std::string>> find_token(Parts& parts, worker::WorkerFolder& folder,
                                         std::string registration_token, std::string name) {
  CO_TRY(auto known, folder.find_token(parts.server));
  if (known) co_return *std::move(known);
  if (registration_token.empty())
    co_return fail(ErrorCode::invalid, "a worker that is not registered yet needs --token");
  if (name.empty()) name = default_name(parts.random);
  CO_TRY(std::string token, co_await parts.link.enter(std::move(registration_token), name));
  CO_TRY_VOID(folder.keep_token(parts.server, token));
  log::info("registered", {{"server", parts.server}, {"name", name}});
  co_return token;
}

/// SIGTERM asks for a drain where it may last; SIGINT, a second signal or its end for a stop.
io::Task<> stop_at_signal(boost::asio::signal_set& signals, worker::Worker& worker,
                          Seconds drain_timeout) {
  const int first = co_await signals.async_wait(io::use_awaitable);
  if (first == SIGTERM && drain_timeout > Seconds{0}) {
    log::info("draining: running jobs are finished, no others begun",
              {{"seconds", drain_timeout.count()}});
    worker.drain();
    boost::asio::steady_timer limit(co_await boost::asio::this_coro::executor, drain_timeout);
    limit.async_wait([&signals](const boost::system::error_code& ended) {
      if (!ended) signals.cancel();
    });
    boost::system::error_code over;
    co_await signals.async_wait(boost::asio::redirect_error(io::use_awaitable, over));
    const auto state = co_await boost::asio::this_coro::cancellation_state;
    if (state.cancelled() != boost::asio::cancellation_type::none) co_return;  // all is done
  }
  log::info("stopping: running jobs go back to the server");
  worker.stop();
}

io::Task<Result<>> work(Parts& parts, worker::WorkerFolder& folder, worker::WorkerConfig config,
                        std::string registration_token, std::string name, Seconds drain_timeout) {
  CO_TRY(std::string token,
         co_await find_token(parts, folder, std::move(registration_token), std::move(name)));
  const io::Executor executor = parts.runtime.executor(0);
  boost::asio::signal_set signals(executor, SIGTERM, SIGINT);
  worker::Worker worker(std::move(config), std::move(token), parts.link, parts.steps, parts.random,
                        executor);
  io::TaskGroup group(executor, "signals");
  group.spawn(stop_at_signal(signals, worker, drain_timeout));
  auto ended = co_await worker.run();
  co_await group.stop();
  if (!ended && ended.error().code == ErrorCode::unauthorized) {
    co_return fail(ErrorCode::unauthorized,
                   fmt::format("{} does not know this worker any more; remove {} to register again",
                               parts.server, folder.membership_file().string()));
  }
  co_return ended;
}

}  // namespace

void WorkerCommand::add_to(CLI::App& program) {
  command_ = program.add_subcommand("worker", "Do transcoding jobs of a server elsewhere");
  command_->add_option("--server", server_, "address of the server: https://videos.example.org")
      ->required();
  command_->add_option("--token", token_, "registration token, for the first start")
      ->envname("SHOAL_WORKER_TOKEN");
  command_->add_option("--name", name_, "what administrators see; this machine's by itself");
  command_
      ->add_option("--label", labels_,
                   "what this machine has that some kinds of jobs need: gpu, region:eu; several")
      ->check(CLI::Validator(check_option_label, "LABEL"));
  command_->add_option("--concurrency", concurrency_, "jobs at once")
      ->check(CLI::Range(std::size_t{1}, k_most_jobs))
      ->capture_default_str();
  command_
      ->add_option("--drain-timeout", drain_timeout_s_,
                   "seconds that running jobs have to end after SIGTERM; 0: they go back at once")
      ->check(CLI::Range(std::int64_t{0}, k_longest_drain_s))
      ->capture_default_str();
  command_->add_option("--data", folder_, "folder of this worker")->capture_default_str();
}

bool WorkerCommand::is_chosen() const {
  return command_ != nullptr && command_->parsed();
}

int WorkerCommand::run() const {
  log::configure(log::Level::info, log::Format::text);
  auto server = checked_server(server_);
  if (!server) return complain(server.error());
  Parts parts(*std::move(server), concurrency_);
  auto folder = worker::WorkerFolder::claim(std::filesystem::absolute(folder_), parts.files);
  if (!folder) return complain(folder.error());
  Result<> ended;
  parts.runtime.run_until_done([](Parts& all, worker::WorkerFolder& home, std::size_t concurrency,
                                  MachineLabels labels, std::string token, std::string name,
                                  Seconds drain_timeout, Result<>& out) -> io::Task<> {
    worker::WorkerConfig config;
    config.folder = home.root();
    config.concurrency = concurrency;
    config.labels = std::move(labels);
    out = co_await work(all, home, std::move(config), std::move(token), std::move(name),
                        drain_timeout);
  }(parts, *folder, concurrency_, ordered(labels_), token_, name_, Seconds{drain_timeout_s_},
                                                                        ended));
  return ended ? 0 : complain(ended.error());
}

}  // namespace shoal::app
