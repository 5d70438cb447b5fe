#include "app/cache_news.h"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include "base/log.h"

namespace shoal::app {
namespace {

/// Within this process: something changed here that the others do not know yet.
constexpr const char* k_here = "caches.changed-here";
constexpr const char* k_everywhere = "caches.changed";
/// Signals end every wait; this only bounds one.
constexpr Milliseconds k_patience{60'000};

}  // namespace

CacheNews::CacheNews(io::Executor executor, db::Database& database, api::Context& api)
    : database_(database), api_(api), tasks_(std::move(executor), "cache news") {}

void CacheNews::start() {
  // One process has one cache, which is cleared where the change is made.
  if (database_.engine() == db::Engine::sqlite) return;
  api_.responses.on_clear([&database = database_] {
    database.expect_all_in_listings();
    database.notifier().signal(k_here);
  });
  tasks_.spawn(tell());
  tasks_.spawn(listen());
}

io::Task<> CacheNews::stop() {
  api_.responses.on_clear({});
  co_await tasks_.stop();
}

io::Task<> CacheNews::tell() {
  boost::asio::steady_timer pause(co_await boost::asio::this_coro::executor);
  for (std::uint64_t told = database_.notifier().count(k_here);;) {
    if (!co_await database_.notifier().wait(k_here, told, k_patience)) continue;
    const std::uint64_t now = database_.notifier().count(k_here);
    const auto sent = co_await database_.write([](db::Session& session) -> Result<> {
      session.notify(k_everywhere);
      return {};
    });
    if (sent) told = now;
    pause.expires_after(k_apart);
    co_await pause.async_wait(io::use_awaitable);
  }
}

io::Task<> CacheNews::listen() {
  for (std::uint64_t heard = database_.notifier().count(k_everywhere);;) {
    if (!co_await database_.notifier().wait(k_everywhere, heard, k_patience)) continue;
    heard = database_.notifier().count(k_everywhere);
    // First: what is read anew is kept.
    database_.expect_all_in_listings();
    api_.settings.forget();
    api_.responses.forget();
    api_.totals.clear();
  }
}

}  // namespace shoal::app
