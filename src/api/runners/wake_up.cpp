// A stock peertube-runner asks for jobs when it is told to, by socket.io (protocol 5 over engine.io
// 4, WebSocket only). All that it ever has to say is who it is; what it is told is no secret ("ask
// again"), so we only speak: a WebSocket whose other direction is not read.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <span>

#include "api/core/reply.h"
#include "api/runners/held_job.h"
#include "api/runners/routes.h"
#include "base/digest.h"
#include "base/text.h"
#include "runners/offers.h"

namespace shoal::api {
namespace {

/// Each has a connection and a buffer, and proves nothing.
constexpr int k_most_listeners = 64;
/// What it answers to our pings stays unread, so a connection is not kept for ever.
constexpr std::chrono::hours k_longest{1};
constexpr Milliseconds k_look_every{2'000};
/// Jobs come in swarms.
constexpr Seconds k_between_events{5};
/// Sooner than the client was promised (pingInterval).
constexpr Seconds k_between_pings{20};
/// RFC 6455 section 1.3.
constexpr std::string_view k_accept_salt = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

std::atomic<int> listeners{0};

/// One that is alive counts.
class Listener {
 public:
  Listener() : first_(listeners.fetch_add(1)) {}
  ~Listener() { listeners.fetch_sub(1); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  bool is_one_too_many() const { return first_ >= k_most_listeners; }

 private:
  const int first_;
};

/// A whole text message, unmasked (RFC 6455 section 5.2).
std::string frame(std::string_view text) {
  constexpr std::size_t k_short = 125;
  std::string out{static_cast<char>(0x81)};
  if (text.size() <= k_short) {
    out.push_back(static_cast<char>(text.size()));
  } else {
    out.push_back(static_cast<char>(k_short + 1));
    out.push_back(static_cast<char>(text.size() >> 8));
    out.push_back(static_cast<char>(text.size() & 0xff));
  }
  return out.append(text);
}

std::string accept_of(std::string_view key) {
  const std::string text = fmt::format("{}{}", key, k_accept_salt);
  std::string out = to_base64url(Sha1::of(std::as_bytes(std::span(text))));
  std::ranges::replace(out, '-', '+');
  std::ranges::replace(out, '_', '/');
  // Twenty bytes.
  return out + '=';
}

/// What a runner hears, until its hour is over or this node stops. One executor.
class WakeUps final : public net::BodySource {
 public:
  WakeUps(const Context& context, std::unique_ptr<Listener> listener)
      : context_(context),
        listener_(std::move(listener)),
        end_(context.clock.steady_now() + k_longest) {
    const std::string id = context.random.hex(10);
    waiting_ = frame(fmt::format(R"(0{{"sid":"{}","upgrades":[],"pingInterval":25000,)"
                                 R"("pingTimeout":20000,"maxPayload":1000000}})",
                                 id)) +
               frame(fmt::format(R"(40/runners,{{"sid":"{}"}})", id));
  }

  io::Task<Result<std::size_t>> read(std::span<std::byte> out) override {
    while (waiting_.empty()) {
      if (context_.is_draining || context_.clock.steady_now() >= end_) co_return 0;
      CO_TRY_VOID(co_await listen());
    }
    const std::size_t size = std::min(out.size(), waiting_.size());
    std::ranges::copy(std::as_bytes(std::span(waiting_)).first(size), out.begin());
    waiting_.erase(0, size);
    co_return size;
  }
  std::optional<std::uint64_t> length() const override { return std::nullopt; }

 private:
  io::Task<Result<>> listen() {
    db::Notifier& notifier = context_.database.notifier();
    co_await notifier.wait(jobs::k_waiting_channel, seen_, k_look_every);
    const auto count = notifier.count(jobs::k_waiting_channel);
    has_news_ = has_news_ || count != seen_;
    seen_ = count;
    const SteadyTime now = context_.clock.steady_now();
    if (now >= next_ping_) {
      waiting_ += frame("2");
      next_ping_ = now + k_between_pings;
      // What became due announced itself to nobody.
      has_news_ = true;
    }
    if (!has_news_ || now < next_event_) co_return Result<>{};
    has_news_ = false;
    CO_TRY(const bool is_any,
           co_await context_.database.read([](db::Session& session) -> Result<bool> {
             return runners::is_any_waiting(session, runners::JobType::hls);
           }));
    if (!is_any) co_return Result<>{};
    waiting_ += frame(R"(42/runners,["available-jobs"])");
    next_event_ = now + k_between_events;
    co_return Result<>{};
  }

  const Context& context_;
  const std::unique_ptr<Listener> listener_;
  const SteadyTime end_;
  std::string waiting_;
  decltype(std::declval<db::Notifier>().count("")) seen_{};
  bool has_news_ = false;
  SteadyTime next_ping_{};
  SteadyTime next_event_{};
};

io::Task<Reply> listen(Call& call) {
  CO_TRY(const RunnerServices* const services, runner_services(call));
  if (!services->wakes_stock) co_return refuse(404, "Stock runners are offered nothing here");
  const net::Headers& headers = call.request.headers;
  const auto key = headers.find("Sec-WebSocket-Key");
  const bool fits = iequals(headers.find("Upgrade").value_or(""), "websocket") && key &&
                    call.request.query.find("EIO") == "4";
  if (!fits) co_return refuse(400, "Only WebSocket and engine.io 4 are spoken here");
  auto listener = std::make_unique<Listener>();
  if (listener->is_one_too_many()) co_return refuse(503, "Too many runners listen already");
  net::Response response;
  response.status = 101;
  response.headers.set("Upgrade", "websocket");
  response.headers.set("Sec-WebSocket-Accept", accept_of(*key));
  response.body = std::make_unique<WakeUps>(call.context, std::move(listener));
  co_return response;
}

}  // namespace

void add_runner_wake_routes(Routes& routes) {
  routes.get("/socket.io/", {.operation = "listenForRunnerJobs"}, listen);
}

}  // namespace shoal::api
