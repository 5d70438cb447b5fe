#include "db/connection_pool.h"

namespace shoal::db {

ConnectionPool::ConnectionPool(std::size_t limit, Connect connect)
    : limit_(limit), connect_(std::move(connect)) {}

ConnectionPool::Loan ConnectionPool::take(Milliseconds timeout) {
  std::unique_lock lock(mutex_);
  if (!freed_.wait_for(lock, timeout, [this] { return lent_ < limit_; })) {
    throw DatabaseError(ErrorCode::busy, "all database connections are in use; try again");
  }
  ++lent_;
  if (!idle_.empty()) {
    auto connection = std::move(idle_.back());
    idle_.pop_back();
    return Loan(*this, std::move(connection));
  }
  lock.unlock();
  try {
    return Loan(*this, connect_());
  } catch (...) {
    put_back(nullptr);
    throw;
  }
}

void ConnectionPool::drop_idle() {
  std::vector<std::unique_ptr<Connection>> dropped;
  const std::scoped_lock lock(mutex_);
  dropped.swap(idle_);
}

void ConnectionPool::put_back(std::unique_ptr<Connection> connection) {
  {
    const std::scoped_lock lock(mutex_);
    --lent_;
    if (connection && connection->is_open()) idle_.push_back(std::move(connection));
  }
  freed_.notify_one();
}

}  // namespace shoal::db
