#include "app/admin_commands.h"

#include <CLI/CLI.hpp>
#include <filesystem>

#include "app/admin_print.h"
#include "app/command_stores.h"
#include "app/data_directory.h"
#include "app/database_copy_command.h"
#include "app/room_configs.h"
#include "app/storage_commands.h"
#include "catalog/instance.h"
#include "cli/backup.h"
#include "cli/doctor.h"
#include "cli/users.h"
#include "io/runtime.h"
#include "jobs/list.h"
#include "processing/pipeline/retry.h"
#include "storage/store_registry.h"

namespace shoal::app {
namespace {

Result<> print_new_password(std::string_view login, const Result<std::string>& password) {
  TRY(const std::string text, password);
  fmt::print("user: {}\npassword: {}\n", login, text);
  return {};
}

catalog::Role role_of(std::string_view name) {
  if (name == "administrator") return catalog::Role::administrator;
  return name == "moderator" ? catalog::Role::moderator : catalog::Role::user;
}

/// The name that viewers type, from the configuration where it says one.
Result<std::string> origin_of(db::Database& database, const Config& config) {
  if (config.webserver.hostname_is_given) return config.webserver.origin();
  return cli::known_origin(database);
}

Result<> list_jobs(db::Database& database, const Config& config, const AdminCommands& asked) {
  jobs::JobFilter filter;
  filter.count = asked.count;
  const auto wanted = jobs::parse_list_state(asked.state);
  if (!wanted) return fail(ErrorCode::invalid, "there is no job state '" + asked.state + "'");
  filter.state = *wanted;
  TRY(const jobs::JobPage page,
      database.read_blocking([&](db::Session& session) -> Result<jobs::JobPage> {
        jobs::JobPage listed = jobs::list_jobs(session, filter);
        runners::explain_waits(session, job_needs(config), listed.jobs);
        return listed;
      }));
  print_jobs(page, asked.as_json);
  return {};
}

Result<> cancel_job(db::Database& database, std::int64_t id) {
  return database.write_blocking([id](db::Session& session) {
    return processing::cancel(session, JobId{id}, SystemClock().now());
  });
}

Result<> print_report(std::string_view what, const Result<cli::BackupReport>& report) {
  TRY(const cli::BackupReport done, report);
  fmt::print("{} {} files, {} bytes\n", what, done.files, done.bytes);
  return {};
}

int restore(const Config& config, const std::string& source) {
  io::PosixFileSystem files;
  const auto done = print_report("restored", cli::restore(files, source, config.storage.data));
  return done ? 0 : complain(done.error());
}

int examine(const Config& config, bool as_json, bool checksums) {
  bool healthy = true;
  const int status = with_database(config, [&](db::Database& database) -> Result<> {
    io::PosixFileSystem files;
    io::SandboxedRunner processes;
    const auto findings = cli::examine(database, files, processes, config.storage.data, checksums);
    print_findings(findings, as_json);
    for (const cli::Finding& finding : findings) healthy = healthy && finding.healthy;
    return {};
  });
  return status != 0 || !healthy ? 1 : 0;
}

/// A bucket may be accepted beside the server, which looks for it.
Result<> accept_other_store(db::Database& database, const Config& config, const std::string& name) {
  CommandStores stores(config, database);
  TRY(const auto store, stores.accept(name));
  fmt::print(
      "that is store {} from now on ({}, generation {}). See what it lacks with `shoal storage "
      "verify --store {} --quick`.\n",
      name, store.store_id, store.generation, name);
  return {};
}

/// The server must be stopped: it looks at its store when it starts.
Result<> accept_media_store(db::Database& database, const Config& config) {
  io::PosixFileSystem files;
  TRY(const DataDirectory directory, DataDirectory::claim(config.storage.data, files));
  SystemRandom random;
  const UtcTime now = SystemClock().now();
  TRY(const auto identity,
      database.write_blocking([&](db::Session& session) -> Result<catalog::InstanceIdentity> {
        return catalog::ensure_identity(session, random, now);
      }));
  TRY(const auto store,
      storage::accept_store(
          database, {std::string(storage::k_local_store), directory.media(), identity.client_id},
          files, random, now));
  fmt::print(
      "{} is the media store from now on ({}, generation {}). See what it lacks with `shoal "
      "doctor`.\n",
      directory.media().string(), store.store_id, store.generation);
  return {};
}

void add_json(CLI::App* command, AdminCommands& commands) {
  command->add_flag("--json", commands.as_json, "one line of JSON, for scripts");
}

/// Makes `command` do `work` with the database.
void call(CLI::App* command, AdminCommands& commands,
          std::function<Result<>(db::Database&, const Config&)> work) {
  command->callback([&commands, work = std::move(work)] {
    commands.chosen = [work](const Config& config) {
      return with_database(config, [&](db::Database& database) { return work(database, config); });
    };
  });
}

}  // namespace

int complain(const Error& error) {
  fmt::print(stderr, "shoal: {}\n", error.message);
  return 1;
}

int with_database(const Config& config, const std::function<Result<>(db::Database&)>& work) {
  const db::DatabaseConfig wanted = database_config(config, config.storage.data);
  std::error_code error;
  // A command looks at an instance; only `serve` and `restore` make one.
  if (wanted.engine == db::Engine::sqlite && !std::filesystem::exists(wanted.sqlite_path, error)) {
    return complain(
        {ErrorCode::not_found,
         fmt::format("there is no instance in {}: name its folder with --data, or its shoal.yaml "
                     "with --config",
                     config.storage.data)});
  }
  Metrics metrics;
  auto database = db::Database::open(wanted, metrics);
  if (!database) return complain(database.error());
  const auto done = work(**database);
  return done ? 0 : complain(done.error());
}

void AdminCommands::add_user_commands(CLI::App& program) {
  CLI::App* user = program.add_subcommand("user", "Accounts of people");
  user->require_subcommand(1);
  const auto add = [&](const char* name, const char* text, const char* who) {
    CLI::App* command = user->add_subcommand(name, text);
    command->add_option("name", login, who)->required();
    return command;
  };
  CLI::App* list = user->add_subcommand("list", "All users");
  add_json(list, *this);
  call(list, *this, [this](db::Database& database, const Config&) -> Result<> {
    TRY(const auto users, cli::list_users(database));
    print_users(users, as_json);
    return {};
  });
  CLI::App* create = add("create", "Make a user with a random password, shown once", "username");
  create->add_option("--email", email, "where the user is reached")->required();
  create->add_option("--role", role, "what the user may do; user by default")
      ->check(CLI::IsMember({"user", "moderator", "administrator"}));
  call(create, *this, [this](db::Database& database, const Config& config) -> Result<> {
    SystemRandom random;
    TRY(const std::string origin, origin_of(database, config));
    TRY(const auto made,
        cli::create_user(database, {login, email, role_of(role)}, origin, random, SystemClock()));
    return print_new_password(login, made.password);
  });
  constexpr const char* k_login = "username or e-mail";
  call(add("reset-password", "Give a new random password and end all sessions", k_login), *this,
       [this](db::Database& database, const Config&) {
         SystemRandom random;
         return print_new_password(login,
                                   cli::reset_password(database, login, random, SystemClock()));
       });
  call(add("block", "Refuse log-in and end all sessions", k_login), *this,
       [this](db::Database& database, const Config&) {
         return cli::set_blocked(database, login, true, SystemClock());
       });
  call(add("unblock", "Allow log-in again", k_login), *this,
       [this](db::Database& database, const Config&) {
         return cli::set_blocked(database, login, false, SystemClock());
       });
}

void AdminCommands::add_video_commands(CLI::App& program) {
  CLI::App* group = program.add_subcommand("video", "Videos of all users");
  group->require_subcommand(1);
  CLI::App* list = group->add_subcommand("list", "The newest videos, of every privacy and state");
  CLI::Option* failed =
      list->add_flag("--failed", videos.only_failed, "only those whose processing failed");
  list->add_option("--search", videos.search, "only those with these words")->excludes(failed);
  list->add_option("--start", videos.start, "how many to pass over")->check(CLI::NonNegativeNumber);
  list->add_option("--count", videos.count, "how many to show, 100 by default")
      ->check(CLI::Range(1, 10'000));
  add_json(list, *this);
  call(list, *this, [this](db::Database& database, const Config&) -> Result<> {
    TRY(const auto listing, cli::list_videos(database, videos, SystemClock().now()));
    print_videos(listing, as_json);
    return {};
  });
  const auto add = [&](const char* name, const char* text) {
    CLI::App* command = group->add_subcommand(name, text);
    command->add_option("video", video, "its number, UUID, or the last part of its address")
        ->required();
    return command;
  };
  CLI::App* show = add("show", "One video with its state, files and jobs");
  add_json(show, *this);
  call(show, *this, [this](db::Database& database, const Config& config) -> Result<> {
    TRY(const auto details, cli::show_video(database, video));
    TRY(const std::string origin, origin_of(database, config));
    print_video(details, origin, as_json);
    return {};
  });
  call(add("retry", "Process it again after its processing failed"), *this,
       [this](db::Database& database, const Config&) -> Result<> {
         TRY(const std::string name, cli::retry_video(database, video, SystemClock()));
         fmt::print("processed again: {}\n", printable(name));
         return {};
       });
  call(add("delete", "Delete it with its files, which stay in the trash for storage.trash_period"),
       *this, [this](db::Database& database, const Config& config) -> Result<> {
         TRY(const std::string name,
             cli::delete_video(database, video, SystemClock(), config.storage.trash_period));
         fmt::print("deleted: {}\n", printable(name));
         return {};
       });
}

void AdminCommands::add_job_commands(CLI::App& program) {
  CLI::App* group = program.add_subcommand("job", "Background work");
  group->require_subcommand(1);
  CLI::App* list = group->add_subcommand("list", "The newest jobs");
  list->add_option("--state", state,
                   "waiting, active, completed, failed, delayed, waiting-children or all");
  list->add_option("--count", count, "how many to show, 100 by default")
      ->check(CLI::Range(1, 10'000));
  add_json(list, *this);
  call(list, *this, [this](db::Database& database, const Config& config) {
    return list_jobs(database, config, *this);
  });
  CLI::App* cancel = group->add_subcommand("cancel", "End a job and what waits for it");
  cancel->add_option("id", id, "its number in `shoal job list`")->required();
  call(cancel, *this,
       [this](db::Database& database, const Config&) { return cancel_job(database, id); });
}

void AdminCommands::add_maintenance_commands(CLI::App& program) {
  CLI::App* backup = program.add_subcommand("backup", "Copy the instance while it runs");
  backup->add_option("--to", folder, "an empty or new folder")->required();
  call(backup, *this, [this](db::Database& database, const Config& config) {
    io::PosixFileSystem files;
    return print_report("backed up",
                        cli::back_up(database, files, config.storage.data, folder, SystemClock()));
  });
  CLI::App* back = program.add_subcommand("restore", "Make a data folder from a backup");
  back->add_option("--from", folder, "a backup")->required();
  back->callback([this] { chosen = [this](const Config& c) { return restore(c, folder); }; });
  CLI::App* group = program.add_subcommand("db", "The catalogue's database");
  group->require_subcommand(1);
  CLI::App* copy = group->add_subcommand(
      "copy", "Move the catalogue to PostgreSQL, with the server stopped; go on after a kill");
  copy->add_option("--to", url, "postgresql://USER:PASSWORD@HOST:PORT/NAME of an empty database")
      ->required();
  call(copy, *this, [this](db::Database& database, const Config& config) {
    return copy_to_postgresql(database, config, url);
  });
  CLI::App* media = program.add_subcommand("store", "Where the media are kept");
  media->require_subcommand(1);
  CLI::App* accept =
      media->add_subcommand("accept",
                            "Take a store's place as it is now for the store, after it was "
                            "replaced; the media folder with the server stopped");
  accept->add_option("store", login, "a store of the configuration; without it the media folder");
  call(accept, *this, [this](db::Database& database, const Config& config) {
    return login.empty() || login == storage::k_local_store
               ? accept_media_store(database, config)
               : accept_other_store(database, config, login);
  });
  CLI::App* doctor =
      program.add_subcommand("doctor", "Look for what is wrong, without changing it");
  doctor->add_flag("--checksums", checksums, "also read every file and compare its checksum");
  add_json(doctor, *this);
  doctor->callback([this] {
    chosen = [this](const Config& config) { return examine(config, as_json, checksums); };
  });
}

void AdminCommands::add_to(CLI::App& program) {
  add_user_commands(program);
  add_video_commands(program);
  add_job_commands(program);
  add_maintenance_commands(program);
  storage_.add_to(program, chosen);
  import_.add_to(program, chosen);
  nodes_.add_to(program, chosen);
  runners_.add_to(program, chosen);
  autoscaler_.add_to(program, chosen);
}

}  // namespace shoal::app
