#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace shoal::db {

/// The prepared statements of one connection by their text, the least recently used one dropped
/// when `limit` is reached. One thread.
template <class Statement>
class StatementCache {
 public:
  explicit StatementCache(std::size_t limit) : limit_(limit) {}

  /// The cached statement, or what `prepare(sql)` makes. Valid until the next call.
  template <class Prepare>
  Statement& get(std::string_view sql, Prepare prepare) {
    if (const auto found = by_text_.find(sql); found != by_text_.end()) {
      order_.splice(order_.begin(), order_, found->second);
      return found->second->second;
    }
    if (by_text_.size() >= limit_) {
      by_text_.erase(order_.back().first);
      order_.pop_back();
    }
    order_.emplace_front(std::string(sql), prepare(sql));
    by_text_.emplace(order_.front().first, order_.begin());
    return order_.front().second;
  }

  std::size_t size() const { return by_text_.size(); }
  void clear() {
    by_text_.clear();
    order_.clear();
  }

 private:
  std::size_t limit_;
  // The keys are views into the list's strings, which never move.
  std::list<std::pair<std::string, Statement>> order_;
  std::unordered_map<std::string_view,
                     typename std::list<std::pair<std::string, Statement>>::iterator>
      by_text_;
};

/// Statements kept per connection: about as many as the program has, times two.
inline constexpr std::size_t k_cached_statements = 256;

}  // namespace shoal::db
