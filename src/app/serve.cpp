#include "app/serve.h"

#include <fmt/format.h>

#include <cstdio>

#include "app/config/load.h"
#include "app/instance.h"
#include "base/log.h"
#include "base/text.h"

namespace shoal::app {
namespace {

Result<> apply_listen(Config& config, std::string_view listen) {
  const auto colon = listen.rfind(':');
  const std::string_view port_text =
      colon == std::string_view::npos ? listen : listen.substr(colon + 1);
  const auto port = parse_int(port_text);
  if (!port || *port < 0 || *port > 65535) {
    return fail(ErrorCode::invalid,
                fmt::format("--listen {}: write ADDRESS:PORT, for example 127.0.0.1:9000 or "
                            "[::]:9000.",
                            listen));
  }
  config.listen.port = *port;
  if (colon != std::string_view::npos) {
    std::string_view address = listen.substr(0, colon);
    if (address.starts_with('[') && address.ends_with(']'))
      address = address.substr(1, address.size() - 2);
    config.listen.hostname = address;
  }
  // Whoever writes the address is going to type it.
  if (!config.webserver.hostname_is_given && colon != std::string_view::npos &&
      config.listen.hostname == Config::Listen().hostname)
    config.webserver.hostname = config.listen.hostname;
  return {};
}

log::Level level_of(std::string_view name) {
  if (name == "debug") return log::Level::debug;
  if (name == "warn") return log::Level::warn;
  if (name == "error") return log::Level::error;
  return log::Level::info;
}

int complain(const Error& error) {
  fmt::print(stderr, "shoal: {}\n", error.message);
  return 1;
}

}  // namespace

int serve(const ServeOptions& options) {
  auto config = read_config(options.config_file);
  if (!config) return complain(config.error());
  if (options.data) config->storage.data = *options.data;
  if (options.listen) {
    if (const auto applied = apply_listen(*config, *options.listen); !applied)
      return complain(applied.error());
  }
  follow_listen(*config);
  log::configure(level_of(config->log.level),
                 config->log.format == "json" ? log::Format::json : log::Format::text);

  auto instance = Instance::create(*config);
  if (!instance) return complain(instance.error());
  if (const auto started = (*instance)->start(); !started) return complain(started.error());

  log::info("Shoal is listening", {{"address", config->listen.hostname},
                                   {"port", (*instance)->port()},
                                   {"url", (*instance)->address()}});
  if (const std::string& password = (*instance)->generated_root_password(); !password.empty()) {
    fmt::print(
        "\n  Administrator: root\n  Password:      {}\n\n  Shown this once. Sign in at {} and "
        "change it under Account.\n\n",
        password, (*instance)->address());
    std::fflush(stdout);
  }
  (*instance)->run_until_signal();
  return (*instance)->lost_its_place() ? 1 : 0;
}

int run_admin_command(const std::string& config_file, const std::optional<std::string>& data,
                      const std::function<int(const Config&)>& command) {
  auto config = read_config(config_file);
  if (!config) return complain(config.error());
  if (data) config->storage.data = *data;
  follow_listen(*config);
  log::configure(log::Level::warn, log::Format::text);
  return command(*config);
}

}  // namespace shoal::app
