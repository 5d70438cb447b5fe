#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/metrics.h"
#include "io/single_flight.h"
#include "io/task.h"

namespace shoal::api {

/// Rendered answers that are the same for everybody, for as long as each may be stale. Bounded by
/// entries and bytes; what was asked for least lately makes room. What one caller may see and
/// another may not never goes in. Any thread.
class ResponseCache {
 public:
  static constexpr std::size_t k_max_entries = 2'000;
  static constexpr std::size_t k_max_bytes = std::size_t{8} << 20;

  using Text = std::shared_ptr<const std::string>;

  ResponseCache(Clock& clock, Metrics& metrics);

  /// What is known of a key: the kept answer, or the place for the one that is to be made.
  class Slot {
   public:
    /// Null where the answer is to be made.
    Text text;
    /// Keeps `body` for `keep`, unless the cache was cleared since the slot was opened; returns it
    /// shared.
    Text keep(std::string body, Milliseconds keep);

   private:
    friend class ResponseCache;
    ResponseCache* cache_ = nullptr;
    std::string key_;
    std::uint64_t generation_ = 0;
    std::unique_ptr<io::SingleFlight<Text>::Turn> turn_;
  };
  /// Open it before the answer's data are read. Of many who ask for the same at once one makes it
  /// and the others wait for it; where it keeps nothing, each makes its own.
  io::Task<Slot> open(std::string key);
  /// Drops all: something that everybody sees has changed here.
  void clear();
  /// The same, when it has changed elsewhere.
  void forget();
  /// Called at the begin of each clear(), in its thread: what is asked for after it is made anew.
  /// Called with a lock held: it must be short.
  void on_clear(std::function<void()> hook) {
    const std::scoped_lock lock(mutex_);
    on_clear_ = std::move(hook);
  }

 private:
  struct Entry {
    std::string key;
    Text body;
    SteadyTime until;
    std::size_t size() const { return key.size() + body->size(); }
  };
  using Order = std::list<Entry>;  // asked for lately first
  struct KeyHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  /// The kept answer, or null; sets `generation`.
  Text find(std::string_view key, std::uint64_t& generation);
  void put(std::string_view key, const Text& text, Milliseconds keep, std::uint64_t generation);
  void drop(Order::iterator entry);

  Clock& clock_;
  Gauge bytes_metric_;
  io::SingleFlight<Text> flights_;
  std::mutex mutex_;
  Order order_;
  /// The keys are those of the entries.
  std::unordered_map<std::string_view, Order::iterator, KeyHash, std::equal_to<>> index_;
  std::size_t bytes_ = 0;
  std::uint64_t generation_ = 0;
  std::function<void()> on_clear_;
};

}  // namespace shoal::api
