#include "db/notify.h"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <list>

namespace shoal::db {

namespace asio = boost::asio;

namespace {

struct Waiter {
  explicit Waiter(const io::Executor& executor) : timer(executor) {}
  asio::steady_timer timer;  ///< touched on its executor only
};

}  // namespace

struct Notifier::Impl {
  struct Channel {
    std::uint64_t count = 0;
    std::list<std::shared_ptr<Waiter>> waiters;
  };

  static void wake(Channel& channel) {
    ++channel.count;
    for (const auto& waiter : channel.waiters) {
      asio::post(waiter->timer.get_executor(), [waiter] { waiter->timer.cancel(); });
    }
  }

  mutable std::mutex mutex;
  // Channel names are the program's own constants: few.
  std::map<std::string, Channel, std::less<>> channels;
};

Notifier::Notifier() : impl_(std::make_unique<Impl>()) {}
Notifier::~Notifier() = default;

std::uint64_t Notifier::count(std::string_view channel) const {
  const std::scoped_lock lock(impl_->mutex);
  const auto found = impl_->channels.find(channel);
  return found == impl_->channels.end() ? 0 : found->second.count;
}

io::Task<bool> Notifier::wait(std::string channel, std::uint64_t seen, Milliseconds timeout) {
  const auto waiter = std::make_shared<Waiter>(co_await asio::this_coro::executor);
  waiter->timer.expires_after(timeout);
  std::list<std::shared_ptr<Waiter>>::iterator place;
  {
    const std::scoped_lock lock(impl_->mutex);
    auto& state = impl_->channels[channel];
    if (state.count > seen) co_return true;
    place = state.waiters.insert(state.waiters.end(), waiter);
  }
  // A signal from here on is posted to this executor and runs after the wait below has begun.
  struct Leave {
    Impl& impl;
    const std::string& channel;
    std::list<std::shared_ptr<Waiter>>::iterator place;
    ~Leave() {
      const std::scoped_lock lock(impl.mutex);
      impl.channels[channel].waiters.erase(place);
    }
  } leave{*impl_, channel, place};
  boost::system::error_code ignored;
  co_await waiter->timer.async_wait(asio::redirect_error(io::use_awaitable, ignored));
  co_return count(channel) > seen;
}

void Notifier::signal(std::string_view channel) {
  const std::scoped_lock lock(impl_->mutex);
  const auto found = impl_->channels.find(channel);
  if (found != impl_->channels.end()) {
    Impl::wake(found->second);
  } else {
    impl_->channels[std::string(channel)].count = 1;
  }
}

void Notifier::signal_all() {
  const std::scoped_lock lock(impl_->mutex);
  for (auto& [name, channel] : impl_->channels) Impl::wake(channel);
}

}  // namespace shoal::db
