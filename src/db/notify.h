#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "io/task.h"

namespace shoal::db {

/// Wakes waiting services when a transaction that called Session::notify committed: in this process
/// at once; on other nodes through PostgreSQL's LISTEN. A hint: a wake-up may be lost or come for
/// nothing, so a waiter polls the truth now and then. Any thread. Outlives its waiters.
class Notifier {
 public:
  Notifier();
  ~Notifier();
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  /// How often the channel was signalled: read it before looking at the truth, wait with it after.
  std::uint64_t count(std::string_view channel) const;
  /// Until the channel was signalled more often than `seen`, at most `timeout`. True when it was.
  io::Task<bool> wait(std::string channel, std::uint64_t seen, Milliseconds timeout);
  void signal(std::string_view channel);
  /// After a connection to the server was lost: anything may have been signalled meanwhile.
  void signal_all();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Listens on a PostgreSQL connection of its own, on its own thread, and passes everything on to
/// `notifier`; reconnects with backoff. PostgreSQL tells a session only of channels it listens to,
/// so all of Shoal's notifications use one (k_listen_channel) with the name as payload.
class PostgresqlListener {
 public:
  PostgresqlListener(std::string url, Notifier& notifier);
  /// Stops the thread.
  ~PostgresqlListener();
  PostgresqlListener(const PostgresqlListener&) = delete;
  PostgresqlListener& operator=(const PostgresqlListener&) = delete;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

inline constexpr const char* k_listen_channel = "shoal";

}  // namespace shoal::db
