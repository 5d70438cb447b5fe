#include "app/sole_server.h"

#include <fmt/format.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include "base/log.h"

namespace shoal::app {
namespace {

constexpr std::string_view k_name = "server";

struct Claim {
  std::optional<db::Lease> lease;
  std::string other;  ///< who has it
  Milliseconds left{0};
};

std::string refusal(const Claim& claim) {
  const auto seconds = std::chrono::ceil<Seconds>(claim.left).count();
  return fmt::format(
      "another Shoal works with this database (its media store is {}), and several on one database "
      "are not supported yet. Stop the other one, or give this one a database of its own. If the "
      "other one was killed or its machine is gone, this one may start in {} s.",
      claim.other, seconds);
}

Result<> release(db::Session& session, const db::Lease& lease) {
  db::release_lease(session, lease);
  return {};
}

}  // namespace

SoleServer::SoleServer(db::Database& database, db::Lease lease, io::Executor executor)
    : database_(database), lease_(std::move(lease)), tasks_(std::move(executor), "sole server") {}

Result<std::unique_ptr<SoleServer>> SoleServer::claim(db::Database& database, std::string store_id,
                                                      io::Executor executor) {
  TRY(const Claim claim, database.write_blocking([&](db::Session& session) -> Result<Claim> {
    Claim made{.lease = db::take_over_lease(session, k_name, store_id, k_duration), .other = {}};
    if (made.lease) return made;
    const auto row =
        session.query_one("select owner, expires_at from lease where name = :name", {k_name});
    made.other = row->text(0);
    made.left = row->time(1) - session.now();
    return made;
  }));
  if (!claim.lease) return fail(ErrorCode::conflict, refusal(claim));
  return std::unique_ptr<SoleServer>(new SoleServer(database, *claim.lease, std::move(executor)));
}

void SoleServer::start(std::function<void()> on_lost) {
  tasks_.spawn(keep(std::move(on_lost)));
}

io::Task<> SoleServer::stop() {
  co_await tasks_.stop();
  const auto released = co_await database_.write(
      [lease = lease_](db::Session& session) { return release(session, lease); });
  if (!released)
    log::warn("the database was not given back", {{"reason", released.error().message}});
}

void SoleServer::give_back() {
  const auto released =
      database_.write_blocking([this](db::Session& session) { return release(session, lease_); });
  if (!released)
    log::warn("the database was not given back", {{"reason", released.error().message}});
}

Result<> SoleServer::renew() {
  return database_.write_blocking(
      [this](db::Session& session) { return db::renew_lease(session, lease_, k_duration); });
}

io::Task<> SoleServer::keep(std::function<void()> on_lost) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
  for (;;) {
    timer.expires_after(k_duration / 3);
    co_await timer.async_wait(io::use_awaitable);
    const auto renewed = co_await database_.write([lease = lease_](db::Session& session) {
      return db::renew_lease(session, lease, k_duration);
    });
    if (renewed) continue;
    if (renewed.error().code == ErrorCode::conflict) {
      log::error("another Shoal has taken the database over: this one stops");
      on_lost();
      co_return;
    }
    // The database is away: nobody else can have it either. What is playing keeps playing.
    log::warn("the lease on the database was not renewed", {{"reason", renewed.error().message}});
  }
}

}  // namespace shoal::app
