#include "tests/support/postgres.h"

#include <fcntl.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <thread>
#include <vector>

#include "base/check.h"
#include "base/metrics.h"
#include "db/database.h"

namespace shoal::tests {

namespace fs = std::filesystem;

namespace {

fs::path find_programs() {
  for (const char* folder : {"/usr/lib/postgresql/15/bin", "/usr/lib/postgresql/16/bin"}) {
    if (fs::exists(fs::path(folder) / "initdb")) return folder;
  }
  return "/usr/bin";
}

/// Starts a program as user postgres (when we are root); it is told to end when we end.
pid_t spawn(const std::vector<std::string>& command, const fs::path& folder) {
  const passwd* user = geteuid() == 0 ? getpwnam("postgres") : nullptr;
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const std::string log = (folder / "log").string();
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child != 0) return child;
  if (user != nullptr &&
      (setgroups(0, nullptr) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0)) {
    _exit(126);
  }
  // After setuid, which clears it.
  prctl(PR_SET_PDEATHSIG, SIGQUIT);
  if (getppid() != parent || chdir(folder.c_str()) != 0) _exit(126);
  const int output = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  execv(arguments[0], arguments.data());
  _exit(127);
}

int wait_for(pid_t child) {
  int status = 0;
  SHOAL_CHECK(waitpid(child, &status, 0) == child);
  return status;
}

}  // namespace

PostgresServer& PostgresServer::instance() {
  static PostgresServer server;
  return server;
}

void PostgresServer::make_folder() {
  std::string pattern = (fs::temp_directory_path() / "shoal-pg-XXXXXX").string();
  SHOAL_CHECK(mkdtemp(pattern.data()) != nullptr);
  folder_ = pattern;
  if (const passwd* user = geteuid() == 0 ? getpwnam("postgres") : nullptr) {
    SHOAL_CHECK(chown(folder_.c_str(), user->pw_uid, user->pw_gid) == 0);
  }
}

PostgresServer::PostgresServer(const PostgresServer* primary) : programs_(primary->programs_) {
  make_folder();
  const int status = wait_for(
      spawn({(programs_ / "pg_basebackup").string(), "-h", primary->folder_.string(), "-U",
             "postgres", "-D", (folder_ / "data").string(), "-R", "--checkpoint=fast", "--no-sync"},
            folder_));
  SHOAL_CHECK(status == 0);
  start();
}

std::unique_ptr<PostgresServer> PostgresServer::make_standby() const {
  return std::unique_ptr<PostgresServer>(new PostgresServer(this));
}

PostgresServer::PostgresServer() : programs_(find_programs()) {
  make_folder();
  const int status =
      wait_for(spawn({(programs_ / "initdb").string(), "-D", (folder_ / "data").string(), "-U",
                      "postgres", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"},
                     folder_));
  SHOAL_CHECK(status == 0);
  start();
  execute("create database shoal_template");
  Metrics metrics;
  db::DatabaseConfig config;
  config.engine = db::Engine::postgresql;
  config.postgresql_url = url("shoal_template");
  SHOAL_CHECK(db::Database::open(config, metrics).has_value());
}

PostgresServer::~PostgresServer() {
  stop();
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

void PostgresServer::start() {
  server_ = spawn({(programs_ / "postgres").string(), "-D", (folder_ / "data").string(), "-F", "-k",
                   folder_.string(), "-c", "listen_addresses=", "-c", "full_page_writes=off", "-c",
                   "synchronous_commit=off", "-c", "shared_buffers=16MB", "-c",
                   "max_connections=100", "-c", "autovacuum=off"},
                  folder_);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (PQping(url("postgres").c_str()) != PQPING_OK) {
    SHOAL_CHECK(std::chrono::steady_clock::now() < deadline);
    SHOAL_CHECK(waitpid(server_, nullptr, WNOHANG) == 0);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

void PostgresServer::stop() {
  if (server_ <= 0) return;
  kill(server_, SIGQUIT);  // immediate; the data are not needed after this, or survive it
  wait_for(server_);
  server_ = -1;
}

void PostgresServer::restart() {
  kill(server_, SIGINT);
  wait_for(server_);
  start();
}

std::string PostgresServer::url(const std::string& database) const {
  return "host=" + folder_.string() + " user=postgres dbname=" + database;
}

std::string PostgresServer::create_database() {
  std::string name = "test_" + std::to_string(++created_);
  execute("create database " + name + " template shoal_template");
  return name;
}

void PostgresServer::drop_database(const std::string& name) {
  execute("drop database if exists " + name + " with (force)");
}

void PostgresServer::execute(const std::string& sql) const {
  PGconn* connection = PQconnectdb(url("postgres").c_str());
  PGresult* result = PQexec(connection, sql.c_str());
  const auto status = PQresultStatus(result);
  const bool done = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
  if (!done) fprintf(stderr, "%s: %s\n", sql.c_str(), PQerrorMessage(connection));
  PQclear(result);
  PQfinish(connection);
  SHOAL_CHECK(done);
}

}  // namespace shoal::tests
