#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>

namespace shoal::tests {

/// A real PostgreSQL of this test binary: its own folder, a Unix socket only, no fsync. Started
/// when first asked for, on the main thread; it dies with the test binary, however that ends. As
/// root it runs as user postgres, because PostgreSQL refuses root. One thread.
class PostgresServer {
 public:
  static PostgresServer& instance();
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  std::string url(const std::string& database) const;
  /// Makes a database with today's schema, empty; returns its name.
  std::string create_database();
  void drop_database(const std::string& name);
  /// Every connection breaks; the data stay.
  void restart();
  void stop();
  void start();
  /// A hot standby of this one, in a folder of its own, that follows it from now on.
  std::unique_ptr<PostgresServer> make_standby() const;
  /// On the database "postgres".
  void execute(const std::string& sql) const;

 private:
  PostgresServer();
  explicit PostgresServer(const PostgresServer* primary);
  void make_folder();

  std::filesystem::path folder_;
  std::filesystem::path programs_;
  pid_t server_ = -1;
  int created_ = 0;
};

}  // namespace shoal::tests
