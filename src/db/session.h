#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"

namespace shoal::db {

enum class Engine { sqlite, postgresql };

/// A bound argument: NULL, an integer (also booleans and times in ms), a real or text.
class Value {
 public:
  Value() = default;
  Value(std::nullopt_t) {}
  template <class T>
    requires std::is_integral_v<T>
  Value(T number) : data_(static_cast<std::int64_t>(number)) {}
  Value(double number) : data_(number) {}
  Value(std::string text) : data_(std::move(text)) {}
  Value(std::string_view text) : data_(std::string(text)) {}
  Value(const char* text) : data_(std::string(text)) {}
  Value(UtcTime time) : data_(to_millis(time)) {}
  Value(const Uuid& uuid) : data_(uuid.text()) {}
  template <class Tag>
  Value(Id<Tag> id) : data_(id.value) {}
  template <class T>
  Value(const std::optional<T>& value) {
    if (value) *this = Value(*value);
  }

  using Data = std::variant<std::monostate, std::int64_t, double, std::string>;
  const Data& data() const { return data_; }

 private:
  Data data_;
};

/// One row of an answer. Columns by position; a column that is NULL reads as nothing, or as 0 or ""
/// with the plain accessors. A text that is no number aborts: the schema owns the types.
class Row {
 public:
  explicit Row(std::vector<std::optional<std::string>> cells) : cells_(std::move(cells)) {}
  std::size_t size() const { return cells_.size(); }
  bool is_null(std::size_t column) const { return !cells_[column]; }
  std::int64_t integer(std::size_t column) const;
  double real(std::size_t column) const;
  bool boolean(std::size_t column) const { return integer(column) != 0; }
  const std::string& text(std::size_t column) const;
  UtcTime time(std::size_t column) const { return from_millis(integer(column)); }
  Uuid uuid(std::size_t column) const;
  template <class IdType>
  IdType id(std::size_t column) const {
    return IdType{integer(column)};
  }
  std::optional<std::int64_t> optional_integer(std::size_t column) const;
  std::optional<std::string> optional_text(std::size_t column) const { return cells_[column]; }
  std::optional<UtcTime> optional_time(std::size_t column) const;

 private:
  std::vector<std::optional<std::string>> cells_;
};

using Rows = std::vector<Row>;

/// What the engine refused. `code`: conflict (a constraint; `constraint` names it where the engine
/// tells), busy (locked too long, serialization), unavailable (connection lost, disk full,
/// read-only). Thrown inside a transaction function, which it rolls back; Database turns it into an
/// Error.
class DatabaseError : public std::runtime_error {
 public:
  DatabaseError(ErrorCode error_code, const std::string& message)
      : std::runtime_error(message), code(error_code) {}
  ErrorCode code;
};

/// One connection inside one transaction. Lives on the thread that runs the transaction function;
/// never stored. SQL is common to both engines with `:name` placeholders, bound by position in
/// order of appearance (a name that appears again takes the same argument and is passed once);
/// statements are cached per connection, so text must not be built from values (a list of
/// placeholders is fine: see in_list). PostgreSQL's booleans read as 0 and 1. Throws DatabaseError;
/// after that the transaction refuses every further statement and rolls back, on both engines: use
/// `on conflict` where a conflict is expected.
class Session {
 public:
  virtual ~Session() = default;
  virtual Engine engine() const = 0;
  /// The database's clock (db/clock.h): what leases and jobs compare.
  virtual UtcTime now() = 0;
  /// Wakes who waits for `channel` (db/notify.h), on every node, once this transaction commits.
  virtual void notify(std::string_view channel) = 0;

  virtual Rows query(std::string_view sql, const std::vector<Value>& arguments = {}) = 0;
  /// Rows changed.
  virtual std::int64_t execute(std::string_view sql, const std::vector<Value>& arguments = {}) = 0;

  /// The first row, or nothing.
  std::optional<Row> query_one(std::string_view sql, const std::vector<Value>& arguments = {});
  /// For `insert … returning id`.
  std::int64_t insert(std::string_view sql, const std::vector<Value>& arguments = {});
};

/// "(:p0, :p1, :p2)" for count values; count is rounded up to a power of two by repeating the last
/// argument (`pad_list`) so that few different statements are cached.
std::string in_list(std::size_t count, std::string_view prefix = "p");
/// After the `count` (> 0) arguments of an in_list were appended: repeats the last one until the
/// list is as long as in_list made it.
void pad_list(std::vector<Value>& arguments, std::size_t count);

}  // namespace shoal::db
