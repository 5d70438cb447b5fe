#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <string>
#include <string_view>

#include "app/admin_commands.h"
#include "app/config/load.h"
#include "app/serve.h"
#include "app/worker_command.h"
#include "base/text.h"

namespace {

constexpr int k_wrong_usage = 2;

/// The command that somebody who wrote `typed` may have meant, or "".
std::string nearest_command(const CLI::App& app, std::string_view typed) {
  std::string best;
  std::size_t distance = 3;  // more apart than this is another word
  for (const CLI::App* command : app.get_subcommands(nullptr)) {
    const std::size_t edits = shoal::edit_distance(typed, command->get_name());
    if (edits < distance) {
      distance = edits;
      best = command->get_name();
    }
  }
  return best;
}

/// What was typed wrong and where to read on. CLI11 alone says of an unknown command only that one
/// is missing.
std::string explain(const CLI::App* program, const CLI::Error& error) {
  const CLI::App* command = program;
  std::string path = program->get_name();
  while (!command->get_subcommands().empty()) {
    command = command->get_subcommands().front();
    path += " " + command->get_name();
  }
  std::string what = error.what();
  const auto extras = program->remaining(true);
  const bool wants_command = !command->get_subcommands(nullptr).empty();
  if (!extras.empty() && extras.front().starts_with('-')) {
    what = fmt::format("{} has no option {}", path, extras.front());
  } else if (wants_command && !extras.empty()) {
    what = fmt::format("there is no command '{} {}'", path, extras.front());
    if (const std::string meant = nearest_command(*command, extras.front()); !meant.empty())
      what += fmt::format("; did you mean '{} {}'?", path, meant);
  }
  return fmt::format("shoal: {}\nRead `{} --help`.\n", what, path);
}

}  // namespace

int main(int argc, char** argv) {
  // A peer that goes away is an error of the write, not the end of the program.
  std::signal(SIGPIPE, SIG_IGN);
  // Data and backups hold secrets and what people keep private: not for every user of the machine.
  ::umask(::umask(0) | S_IRWXO);

  CLI::App program("Shoal: a federated video platform that scales out", "shoal");
  program.set_version_flag("--version", SHOAL_VERSION);
  program.require_subcommand(1);
  program.fallthrough();
  program.failure_message(explain);
  program.footer(
      "Everywhere: --config FILE, --data DIR.\nExit status: 0 done, 1 it did not work, 2 wrong "
      "usage.");

  shoal::app::ServeOptions serve_options;
  std::string config_file;
  program
      .add_option("--config", config_file, "shoal.yaml; without it all keys have their defaults")
      ->check(CLI::ExistingFile);
  program.add_option("--data", serve_options.data,
                     "folder that holds everything the instance keeps");

  CLI::App* serve = program.add_subcommand("serve", "Run an instance");
  serve->add_option("--data", serve_options.data,
                    "folder that holds everything the instance keeps");
  serve->add_option("--listen", serve_options.listen, "ADDRESS:PORT");

  CLI::App* config = program.add_subcommand("config", "Look at the configuration");
  config->require_subcommand(1);
  std::string action;
  for (const auto& [name, text] :
       {std::pair{"check", "Check the file and the environment against the schema"},
        std::pair{"show", "Print every key with its value; secrets are hidden"},
        std::pair{"reference", "Print the reference of all keys in Markdown"}}) {
    CLI::App* command = config->add_subcommand(name, text);
    command->callback([&action, name] { action = name; });
  }

  shoal::app::WorkerCommand worker;
  worker.add_to(program);

  shoal::app::AdminCommands admin;
  admin.add_to(program);

  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return program.exit(error) == 0 ? 0 : k_wrong_usage;
  }
  if (serve->parsed()) {
    serve_options.config_file = config_file;
    return shoal::app::serve(serve_options);
  }
  if (worker.is_chosen()) return worker.run();
  if (admin.chosen)
    return shoal::app::run_admin_command(config_file, serve_options.data, admin.chosen);
  return shoal::app::run_config_command(action, config_file);
}
