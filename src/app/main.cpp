#include <CLI/CLI.hpp>
#include <csignal>

#include "app/admin_commands.h"
#include "app/config/load.h"
#include "app/serve.h"

int main(int argc, char** argv) {
  // A peer that goes away is an error of the write, not the end of the program.
  std::signal(SIGPIPE, SIG_IGN);

  CLI::App program("Shoal: a federated video platform that scales out", "shoal");
  program.set_version_flag("--version", SHOAL_VERSION);
  program.require_subcommand(1);

  shoal::app::ServeOptions serve_options;
  std::string config_file;
  program
      .add_option("--config", config_file, "shoal.yaml; without it all keys have their defaults")
      ->check(CLI::ExistingFile);
  program.add_option("--data", serve_options.data,
                     "folder that holds everything the instance keeps");

  CLI::App* serve = program.add_subcommand("serve", "Run an instance");
  serve->fallthrough();
  serve->add_option("--data", serve_options.data,
                    "folder that holds everything the instance keeps");
  serve->add_option("--listen", serve_options.listen, "ADDRESS:PORT");

  CLI::App* config = program.add_subcommand("config", "Look at the configuration");
  config->fallthrough();
  config->require_subcommand(1);
  std::string action;
  for (const auto& [name, text] :
       {std::pair{"check", "Check the file and the environment against the schema"},
        std::pair{"show", "Print every key with its value; secrets are hidden"},
        std::pair{"reference", "Print the reference of all keys in Markdown"}}) {
    CLI::App* command = config->add_subcommand(name, text);
    command->fallthrough();
    command->callback([&action, name] { action = name; });
  }

  shoal::app::AdminCommands admin;
  admin.add_to(program);

  CLI11_PARSE(program, argc, argv);
  if (serve->parsed()) {
    serve_options.config_file = config_file;
    return shoal::app::serve(serve_options);
  }
  if (admin.chosen)
    return shoal::app::run_admin_command(config_file, serve_options.data, admin.chosen);
  return shoal::app::run_config_command(action, config_file);
}
