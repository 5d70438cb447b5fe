#include "scaling/nodes/membership.h"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include "base/log.h"
#include "scaling/nodes/node_rows.h"

namespace shoal::scaling {

Membership::Membership(db::Database& database, NodeKey key, io::Executor executor)
    : database_(database), key_(std::move(key)), tasks_(std::move(executor), "membership") {}

Result<std::unique_ptr<Membership>> Membership::join(db::Database& database,
                                                     const NodeProfile& profile,
                                                     io::Executor executor) {
  TRY(NodeKey key, database.write_blocking(
                       [&](db::Session& session) { return scaling::join(session, profile); }));
  return std::unique_ptr<Membership>(new Membership(database, std::move(key), std::move(executor)));
}

void Membership::start(Hooks hooks) {
  tasks_.spawn(keep(std::move(hooks)));
}

io::Task<> Membership::stop() {
  co_await tasks_.stop();
  const auto left = co_await database_.write_urgent([key = key_](db::Session& session) -> Result<> {
    leave(session, key);
    return {};
  });
  if (!left) log::warn("the node list still has this node", {{"reason", left.error().message}});
}

io::Task<> Membership::keep(Hooks hooks) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
  for (;;) {
    timer.expires_after(k_beat_every);
    co_await timer.async_wait(io::use_awaitable);
    const auto standing =
        co_await database_.write_urgent([key = key_, load = hooks.load()](db::Session& session) {
          return beat(session, key, load);
        });
    if (standing) {
      hooks.on_beat(*standing);
    } else if (standing.error().code == ErrorCode::conflict) {
      log::error("this one stops", {{"reason", standing.error().message}});
      hooks.on_lost();
      co_return;
    } else {
      // The database is away. What is playing keeps playing.
      log::warn("no heartbeat of this node", {{"reason", standing.error().message}});
    }
  }
}

}  // namespace shoal::scaling
