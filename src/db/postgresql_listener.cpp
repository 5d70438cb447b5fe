// LISTEN wants a connection that somebody waits on; SOCI has no way to wait, so this one is
// libpq's.
#include <libpq-fe.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "base/check.h"
#include "base/log.h"
#include "db/notify.h"

namespace shoal::db {

namespace {

constexpr Milliseconds k_first_delay{100};
constexpr Milliseconds k_longest_delay{5000};

struct Close {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
using PgConnection = std::unique_ptr<PGconn, Close>;

/// A server that is cut off says nothing, and neither do we: asked every five seconds by TCP, it
/// counts as lost after fifteen. Where the socket is none of TCP nothing happens.
void notice_silence(int socket) {
  const auto set = [socket](int level, int option, int value) {
    (void)setsockopt(socket, level, option, &value, sizeof value);
  };
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 5);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 5);
  set(IPPROTO_TCP, TCP_KEEPCNT, 2);
}

}  // namespace

struct PostgresqlListener::Impl {
  Impl(std::string connection_url, Notifier& target)
      : url(std::move(connection_url)), notifier(target), stop_event(eventfd(0, EFD_CLOEXEC)) {
    SHOAL_CHECK(stop_event >= 0);
    thread = std::thread([this] { run(); });
  }

  ~Impl() {
    const std::uint64_t one = 1;
    SHOAL_CHECK(write(stop_event, &one, sizeof one) == sizeof one);
    thread.join();
    close(stop_event);
  }

  /// False when the listener stops. `socket` < 0 only waits. `timeout` < 0: for ever.
  bool wait(int socket, short events, Milliseconds timeout) const {
    std::array<pollfd, 2> descriptors{pollfd{stop_event, POLLIN, 0}, pollfd{socket, events, 0}};
    poll(descriptors.data(), socket < 0 ? 1 : 2, static_cast<int>(timeout.count()));
    return descriptors[0].revents == 0;
  }

  void run() const {
    Milliseconds delay = k_first_delay;
    for (;;) {
      if (PgConnection connection = connect()) {
        delay = k_first_delay;
        // What was signalled while nobody listened is lost: everybody looks.
        notifier.signal_all();
        if (!listen(connection.get())) return;
        log::warn("the database server no longer sends notifications; connecting again");
      }
      if (!wait(-1, 0, delay)) return;
      delay = std::min(delay * 2, k_longest_delay);
    }
  }

  /// Nothing when the server is away or the listener stops.
  PgConnection connect() const {
    PgConnection connection(PQconnectStart(url.c_str()));
    if (!connection) return nullptr;
    for (auto state = PGRES_POLLING_WRITING; state != PGRES_POLLING_OK;
         state = PQconnectPoll(connection.get())) {
      if (state == PGRES_POLLING_FAILED || PQstatus(connection.get()) == CONNECTION_BAD) {
        return nullptr;
      }
      const short events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT;
      if (!wait(PQsocket(connection.get()), events, k_longest_delay)) return nullptr;
    }
    notice_silence(PQsocket(connection.get()));
    PQsetNoticeProcessor(connection.get(), [](void*, const char*) {}, nullptr);
    PGresult* result =
        PQexec(connection.get(), (std::string("listen ") + k_listen_channel).c_str());
    const bool listening = PQresultStatus(result) == PGRES_COMMAND_OK;
    PQclear(result);
    return listening ? std::move(connection) : nullptr;
  }

  /// False when the listener stops, true when the connection is lost.
  bool listen(PGconn* connection) const {
    while (wait(PQsocket(connection), POLLIN, Milliseconds{-1})) {
      if (PQconsumeInput(connection) == 0) return true;
      while (PGnotify* notification = PQnotifies(connection)) {
        notifier.signal(notification->extra);
        PQfreemem(notification);
      }
    }
    return false;
  }

  std::string url;
  Notifier& notifier;
  int stop_event;
  std::thread thread;
};

PostgresqlListener::PostgresqlListener(std::string url, Notifier& notifier)
    : impl_(std::make_unique<Impl>(std::move(url), notifier)) {}
PostgresqlListener::~PostgresqlListener() = default;

}  // namespace shoal::db
