#include "net/http/shard.h"

#include <cstring>

#include "base/check.h"
#include "base/random.h"
#include "base/text.h"
#include "io/page_cache.h"

namespace shoal::net {

namespace {

/// What a shard keeps for the next request; more are freed.
constexpr std::size_t k_kept_exchanges = 32;
constexpr std::size_t k_kept_copy_buffers = 8;
/// Disks gain from a few requests at once; beyond the queue a connection reads for itself.
constexpr std::size_t k_disk_threads = 4;
constexpr std::size_t k_disk_queue = 256;
/// How much of a file one look at its pages speaks for.
constexpr std::uint64_t k_resident_part = 256 * 1024;
/// A request that grew its own memory is not worth keeping.
constexpr std::size_t k_large_head = 16 * 1024;

}  // namespace

std::span<std::byte> Exchange::room() {
  if (begin == end) begin = end = 0;
  if (end == capacity && begin > 0) {
    std::memmove(buffer.get(), buffer.get() + begin, end - begin);
    end -= begin;
    begin = 0;
  }
  return std::as_writable_bytes(std::span(buffer.get() + end, capacity - end));
}

void Exchange::take(std::span<const std::byte> bytes) {
  SHOAL_CHECK(begin == 0 && end == 0 && bytes.size() <= capacity);
  if (!bytes.empty()) std::memcpy(buffer.get(), bytes.data(), bytes.size());
  end = bytes.size();
}

void Exchange::clear() {
  request.clear();
  parser.reset(request);
  head.clear();
  if (head.capacity() > k_large_head) head.shrink_to_fit();
}

bool ClientCounts::enter(const std::string& address, std::size_t limit) {
  const std::lock_guard lock(mutex_);
  auto& count = counts_[client_network(address)];
  if (count >= limit) return false;
  ++count;
  return true;
}

void ClientCounts::leave(const std::string& address) {
  const std::lock_guard lock(mutex_);
  const auto at = counts_.find(client_network(address));
  if (at != counts_.end() && --at->second == 0) counts_.erase(at);
}

ServerCore::ServerCore(ServerConfig server_config, RequestHandler request_handler,
                       Metrics& registry, Clock& time)
    : config(std::move(server_config)),
      handler(std::move(request_handler)),
      metrics(registry),
      clock(time),
      disk("http-disk", k_disk_threads, k_disk_queue),
      open_connections(metrics.gauge("shoal_http_connections", "Open HTTP connections.")),
      accepted(metrics.counter("shoal_http_accepted_total", "Accepted HTTP connections.")),
      refused_full(metrics.counter("shoal_http_refused_total", "Connections refused at a limit.",
                                   {{"limit", "all"}})),
      refused_client(metrics.counter("shoal_http_refused_total", "Connections refused at a limit.",
                                     {{"limit", "client"}})),
      timed_out(metrics.counter("shoal_http_timeouts_total",
                                "Connections closed because their peer was idle or slow.")),
      bad_requests(metrics.counter("shoal_http_bad_requests_total",
                                   "Requests that were refused before their route.")),
      cold_reads(metrics.counter("shoal_http_cold_reads_total",
                                 "Parts of files that were not in memory when they were sent.")) {
  SystemRandom random;
  request_id_prefix = random.hex(4);
}

Shard::Shard(ServerCore& core) : core_(core) {
  id_prefix_ = core.request_id_prefix + std::to_string(core.next_shard++) + "-";
}

std::string_view Shard::date() {
  const auto now = core_.clock.now();
  const auto second = to_millis(now) / 1000;
  if (second != date_second_) {
    date_ = to_http_date(now);
    date_second_ = second;
  }
  return date_;
}

std::string Shard::next_request_id() {
  std::string id = id_prefix_;
  char digits[16];
  id.append(digits, std::to_chars(digits, digits + sizeof(digits), ++next_id_, 36).ptr);
  return id;
}

std::unique_ptr<Exchange> Shard::borrow_exchange() {
  if (exchanges_.empty()) {
    const ParserLimits limits{core_.config.header_limit.value, core_.config.max_headers};
    return std::make_unique<Exchange>(limits, limits.header_bytes);
  }
  auto exchange = std::move(exchanges_.back());
  exchanges_.pop_back();
  return exchange;
}

void Shard::give_back(std::unique_ptr<Exchange> exchange) {
  if (exchanges_.size() >= k_kept_exchanges) return;
  exchange->begin = exchange->end = 0;
  exchange->clear();
  exchanges_.push_back(std::move(exchange));
}

std::unique_ptr<std::byte[]> Shard::borrow_copy_buffer() {
  if (copy_buffers_.empty()) return std::make_unique_for_overwrite<std::byte[]>(k_copy_buffer);
  auto buffer = std::move(copy_buffers_.back());
  copy_buffers_.pop_back();
  return buffer;
}

void Shard::give_back(std::unique_ptr<std::byte[]> buffer) {
  if (copy_buffers_.size() < k_kept_copy_buffers) copy_buffers_.push_back(std::move(buffer));
}

bool Shard::is_resident(const io::File& file, std::uint64_t offset) {
  // A popular part stays in memory for longer than a second; if not, its reader waits for the disk.
  const auto part = offset / k_resident_part;
  const auto hash = std::hash<const void*>{}(&file) / alignof(std::max_align_t) + part;
  Resident& known = resident_.at(hash % resident_.size());
  if (known.file == &file && known.part == part && known.second == date_second_) return true;
  if (!io::is_resident(file.descriptor(), offset)) return false;
  known = {&file, part, date_second_};
  return true;
}

void Shard::sweep() {
  const auto time = now();
  std::ignore = date();
  for (auto& member : members_) {
    if (member.deadline <= time) member.expire();
  }
}

void Shard::drain() {
  for (auto& member : members_) member.end_if_idle();
}

Shard::Series& Shard::series_for(const Request& request, int status) {
  const std::tuple key(request.route, request.method, status);
  const auto found = series_.find(key);
  if (found != series_.end()) return found->second;
  const std::string route(request.route.empty() ? "unmatched" : request.route);
  const Labels labels{{"method", std::string(to_string(request.method))},
                      {"route", route},
                      {"status", std::to_string(status)}};
  Series series{
      core_.metrics.counter("shoal_http_requests_total", "Answered HTTP requests.", labels),
      core_.metrics.counter("shoal_http_sent_bytes_total", "Bytes of answers sent.", labels),
      core_.metrics.histogram("shoal_http_request_seconds",
                              "From the request's head to the last byte of its answer.",
                              {0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10}, {{"route", route}})};
  return series_.emplace(key, series).first->second;
}

void Shard::count(const Request& request, int status, std::uint64_t bytes,
                  SteadyTime::duration taken) {
  const auto& series = series_for(request, status);
  series.requests.add();
  series.bytes.add(static_cast<double>(bytes));
  series.duration.observe(std::chrono::duration<double>(taken).count());
}

}  // namespace shoal::net
