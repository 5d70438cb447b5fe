#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/clock.h"
#include "db/connection.h"

namespace shoal::db {

/// At most `limit` connections, made when first needed and kept. Any thread.
class ConnectionPool {
 public:
  using Connect = std::function<std::unique_ptr<Connection>()>;
  ConnectionPool(std::size_t limit, Connect connect);

  /// Gives its connection back when it goes, unless the server is gone. One thread.
  class Loan {
   public:
    Loan(ConnectionPool& pool, std::unique_ptr<Connection> connection)
        : pool_(&pool), connection_(std::move(connection)) {}
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;
    ~Loan() { pool_->put_back(std::move(connection_)); }
    Connection& operator*() const { return *connection_; }
    Connection* operator->() const { return connection_.get(); }

   private:
    ConnectionPool* pool_;
    std::unique_ptr<Connection> connection_;
  };

  /// Waits for a free one. Throws DatabaseError: busy after `timeout`, or why it cannot connect.
  Loan take(Milliseconds timeout);
  /// Closes the idle ones: after one connection was lost, the others are most likely dead too.
  void drop_idle();

 private:
  void put_back(std::unique_ptr<Connection> connection);

  std::size_t limit_;
  Connect connect_;
  std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<std::unique_ptr<Connection>> idle_;
  std::size_t lent_ = 0;
};

}  // namespace shoal::db
