#include "app/admin_commands.h"

#include <CLI/CLI.hpp>

#include "app/room_configs.h"
#include "base/config/units.h"
#include "base/text.h"
#include "cli/backup.h"
#include "cli/doctor.h"
#include "cli/users.h"
#include "jobs/list.h"
#include "jobs/queue.h"

namespace shoal::app {
namespace {

int complain(const Error& error) {
  fmt::print(stderr, "shoal: {}\n", error.message);
  return 1;
}

/// Opens the configured database and does one thing with it.
int with_database(const Config& config, const std::function<Result<>(db::Database&)>& work) {
  Metrics metrics;
  auto database = db::Database::open(database_config(config, config.storage.data), metrics);
  if (!database) return complain(database.error());
  const auto done = work(**database);
  return done ? 0 : complain(done.error());
}

Result<> print_new_password(std::string_view login, const Result<std::string>& password) {
  TRY(const std::string text, password);
  fmt::print("user: {}\npassword: {}\n", login, text);
  return {};
}

catalog::Role role_of(std::string_view name) {
  if (name == "administrator") return catalog::Role::administrator;
  return name == "moderator" ? catalog::Role::moderator : catalog::Role::user;
}

int list_users(const Config& config) {
  return with_database(config, [](db::Database& database) -> Result<> {
    TRY(const auto users, cli::list_users(database));
    for (const catalog::User& user : users)
      fmt::print("{:<24} {:<14} {:<8} {}\n", user.username, catalog::label(user.role),
                 user.blocked ? "blocked" : "active", user.email);
    return {};
  });
}

int list_jobs(const Config& config, std::string_view state) {
  return with_database(config, [state](db::Database& database) -> Result<> {
    jobs::JobFilter filter;
    filter.count = 100;
    const auto wanted = state == "all" ? jobs::ListState::all : jobs::parse_list_state(state);
    if (!wanted) return fail(ErrorCode::invalid, fmt::format("there is no job state '{}'", state));
    filter.state = *wanted;
    TRY(const jobs::JobPage page,
        database.read_blocking([&](db::Session& session) -> Result<jobs::JobPage> {
          return jobs::list_jobs(session, filter);
        }));
    for (const jobs::ListedJob& job : page.jobs)
      fmt::print("{:>8} {:<18} {:<17} attempt {} {} {}\n", job.id.value, job.kind,
                 jobs::to_string(job.state), job.attempt, to_iso8601(job.created_at),
                 job.error.value_or(""));
    fmt::print("{} of {} jobs\n", page.jobs.size(), page.total);
    return {};
  });
}

int cancel_job(const Config& config, std::int64_t id) {
  return with_database(config, [id](db::Database& database) {
    return database.write_blocking(
        [id](db::Session& session) { return jobs::cancel(session, JobId{id}); });
  });
}

Result<> print_report(std::string_view what, const Result<cli::BackupReport>& report) {
  TRY(const cli::BackupReport done, report);
  fmt::print("{} {} files, {} bytes\n", what, done.files, done.bytes);
  return {};
}

int back_up(const Config& config, const std::string& target) {
  return with_database(config, [&](db::Database& database) {
    io::PosixFileSystem files;
    return print_report("backed up",
                        cli::back_up(database, files, config.storage.data, target, SystemClock()));
  });
}

int restore(const Config& config, const std::string& source) {
  io::PosixFileSystem files;
  const auto done = print_report("restored", cli::restore(files, source, config.storage.data));
  return done ? 0 : complain(done.error());
}

int examine(const Config& config) {
  bool healthy = true;
  const int status = with_database(config, [&](db::Database& database) -> Result<> {
    io::PosixFileSystem files;
    io::SandboxedRunner processes;
    for (const auto& finding : cli::examine(database, files, processes, config.storage.data)) {
      fmt::print("{} {}\n", finding.healthy ? "ok     " : "PROBLEM", finding.what);
      healthy = healthy && finding.healthy;
    }
    return {};
  });
  return status != 0 || !healthy ? 1 : 0;
}

void add_user_commands(CLI::App& program, AdminCommands& commands) {
  CLI::App* user = program.add_subcommand("user", "Accounts of people");
  user->require_subcommand(1)->fallthrough();
  const auto add = [&](const char* name, const char* text,
                       std::function<Result<>(db::Database&, const Config&)> work) {
    CLI::App* command = user->add_subcommand(name, text)->fallthrough();
    command->add_option("name", commands.login, "username or e-mail")->required();
    command->callback([&commands, work = std::move(work)] {
      commands.chosen = [work](const Config& config) {
        return with_database(config,
                             [&](db::Database& database) { return work(database, config); });
      };
    });
    return command;
  };
  user->add_subcommand("list", "All users")->fallthrough()->callback([&commands] {
    commands.chosen = list_users;
  });
  CLI::App* create =
      add("create", "Make a user with a random password, shown once",
          [&commands](db::Database& database, const Config& config) -> Result<> {
            SystemRandom random;
            TRY(const auto made,
                cli::create_user(database, {commands.login, commands.email, role_of(commands.role)},
                                 config.webserver.origin(), random, SystemClock()));
            return print_new_password(commands.login, made.password);
          });
  create->add_option("--email", commands.email)->required();
  create->add_option("--role", commands.role)
      ->check(CLI::IsMember({"user", "moderator", "administrator"}));
  add("reset-password", "Give a new random password and end all sessions",
      [&commands](db::Database& database, const Config&) {
        SystemRandom random;
        return print_new_password(
            commands.login, cli::reset_password(database, commands.login, random, SystemClock()));
      });
  add("block", "Refuse log-in and end all sessions",
      [&commands](db::Database& database, const Config&) {
        return cli::set_blocked(database, commands.login, true, SystemClock());
      });
  add("unblock", "Allow log-in again", [&commands](db::Database& database, const Config&) {
    return cli::set_blocked(database, commands.login, false, SystemClock());
  });
}

}  // namespace

void AdminCommands::add_to(CLI::App& program) {
  add_user_commands(program, *this);

  CLI::App* job = program.add_subcommand("job", "Background work");
  job->require_subcommand(1)->fallthrough();
  CLI::App* jobs = job->add_subcommand("list", "The newest jobs")->fallthrough();
  jobs->add_option("--state", state, "waiting, active, completed, failed, delayed, all");
  jobs->callback([this] { chosen = [this](const Config& c) { return list_jobs(c, state); }; });
  CLI::App* cancel =
      job->add_subcommand("cancel", "End a job and what waits for it")->fallthrough();
  cancel->add_option("id", id)->required();
  cancel->callback([this] { chosen = [this](const Config& c) { return cancel_job(c, id); }; });

  CLI::App* backup = program.add_subcommand("backup", "Copy the instance while it runs");
  backup->fallthrough()->add_option("--to", folder, "an empty or new folder")->required();
  backup->callback([this] { chosen = [this](const Config& c) { return back_up(c, folder); }; });
  CLI::App* back = program.add_subcommand("restore", "Make a data folder from a backup");
  back->fallthrough()->add_option("--from", folder, "a backup")->required();
  back->callback([this] { chosen = [this](const Config& c) { return restore(c, folder); }; });
  program.add_subcommand("doctor", "Look for what is wrong, without changing it")
      ->fallthrough()
      ->callback([this] { chosen = examine; });
}

}  // namespace shoal::app
