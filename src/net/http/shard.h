#pragma once

#include <array>
#include <atomic>
#include <boost/intrusive/list.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "io/offload.h"
#include "net/address.h"
#include "net/http/request_parser.h"
#include "net/http/server.h"
#include "net/tls_context.h"

namespace shoal::net {

/// Everything one running request needs. Idle connections own none: a shard lends them out.
struct Exchange {
  Exchange(ParserLimits limits, std::size_t buffer_size)
      : parser(limits), buffer(std::make_unique<char[]>(buffer_size)), capacity(buffer_size) {
    clear();
  }

  std::string_view unread() const { return {buffer.get() + begin, end - begin}; }
  /// Free room behind what is unread, which is moved to the front when there is none.
  std::span<std::byte> room();
  /// Puts bytes that were read elsewhere into the empty buffer.
  void take(std::span<const std::byte> bytes);
  /// Forgets the request, but keeps the memory that the next one needs as well.
  void clear();

  RequestParser parser;
  Request request;
  std::string head;
  std::unique_ptr<char[]> buffer;
  std::size_t capacity;
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// Open connections per client: address, or /64 of IPv6. Any thread.
class ClientCounts {
 public:
  bool enter(const std::string& address, std::size_t limit);
  void leave(const std::string& address);

 private:
  std::mutex mutex_;
  std::unordered_map<std::string, std::size_t> counts_;
};

/// What all connections of a server share. Immutable but for the atomics and ClientCounts.
struct ServerCore {
  ServerCore(ServerConfig config, RequestHandler handler, Metrics& metrics, Clock& clock);

  const ServerConfig config;
  const RequestHandler handler;
  Metrics& metrics;
  Clock& clock;
  AddressSet trusted;
  ClientCounts clients;
  std::atomic<std::size_t> connections = 0;
  std::atomic<bool> draining = false;
  std::atomic<std::shared_ptr<TlsContext>> tls;
  /// Reads cold parts of files, so that no connection waits for another one's disk.
  io::Offload disk;
  std::string request_id_prefix;
  std::atomic<std::uint64_t> next_shard = 0;

  Gauge open_connections;
  Counter accepted;
  Counter refused_full;
  Counter refused_client;
  Counter timed_out;
  Counter bad_requests;
  Counter cold_reads;
};

/// A connection as its shard sees it: a deadline, and a way to end its wait.
class ShardMember : public boost::intrusive::list_base_hook<
                        boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  virtual ~ShardMember() = default;
  /// Called by the sweep once `deadline` has passed.
  virtual void expire() = 0;
  /// Called when the server drains: end now if nothing is under way.
  virtual void end_if_idle() = 0;

  SteadyTime deadline = SteadyTime::max();
};

/// The part of a server that lives on one executor: its connections and what they reuse. One sweep
/// per second checks all deadlines, which is cheaper than a timer per operation: a deadline is one
/// store, and is met to within that second.
class Shard {
 public:
  explicit Shard(ServerCore& core);

  ServerCore& core() { return core_; }
  SteadyTime now() const { return core_.clock.steady_now(); }
  /// The Date of this second, as of the last answer or sweep.
  std::string_view date();
  std::string next_request_id();
  std::unique_ptr<Exchange> borrow_exchange();
  void give_back(std::unique_ptr<Exchange> exchange);
  /// k_copy_buffer bytes; see CopyBuffer.
  std::unique_ptr<std::byte[]> borrow_copy_buffer();
  void give_back(std::unique_ptr<std::byte[]> buffer);

  /// Whether this part of a file was in memory when it was last looked at, within this second.
  bool is_resident(const io::File& file, std::uint64_t offset);

  void join(ShardMember& member) { members_.push_back(member); }
  void sweep();
  void drain();

  /// One answered request.
  void count(const Request& request, int status, std::uint64_t bytes, SteadyTime::duration taken);

  static constexpr std::size_t k_copy_buffer = std::size_t{64} * 1024;

 private:
  struct Series {
    Counter requests;
    Counter bytes;
    Histogram duration;
  };
  /// A part of a file that was found in memory, and the second of it.
  struct Resident {
    const io::File* file = nullptr;
    std::uint64_t part = 0;
    std::int64_t second = -1;
  };
  Series& series_for(const Request& request, int status);

  ServerCore& core_;
  boost::intrusive::list<ShardMember, boost::intrusive::constant_time_size<false>> members_;
  std::vector<std::unique_ptr<Exchange>> exchanges_;
  std::vector<std::unique_ptr<std::byte[]>> copy_buffers_;
  std::map<std::tuple<std::string_view, Method, int>, Series> series_;
  std::array<Resident, 256> resident_{};
  std::string id_prefix_;
  std::uint64_t next_id_ = 0;
  std::int64_t date_second_ = -1;
  std::string date_;
};

/// A buffer for bodies that are copied, lent by a shard.
class CopyBuffer {
 public:
  explicit CopyBuffer(Shard& shard) : shard_(shard), buffer_(shard.borrow_copy_buffer()) {}
  ~CopyBuffer() { shard_.give_back(std::move(buffer_)); }
  CopyBuffer(const CopyBuffer&) = delete;
  CopyBuffer& operator=(const CopyBuffer&) = delete;

  std::span<std::byte> bytes() const { return {buffer_.get(), Shard::k_copy_buffer}; }

 private:
  Shard& shard_;
  std::unique_ptr<std::byte[]> buffer_;
};

}  // namespace shoal::net
