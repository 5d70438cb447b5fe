#pragma once

#include <functional>
#include <string>

#include "db/session.h"
#include "db/tables.h"

namespace shoal::db {

// Cells of one table as both engines give them: the same number may be written in two ways. Pure.

/// The cell as an argument. What is no number in a column of numbers (SQLite takes it) stays a
/// text, which PostgreSQL refuses.
Value to_value(const Row& row, std::size_t column, ColumnType type);
bool is_same(const Row& a, const Row& b, std::size_t column, ColumnType type);
/// The order of the primary key: numbers by value, texts by their bytes. < 0: `a` comes first.
int compare_keys(const Table& table, const Row& a, const Row& b);
/// "id 17", "video_id 3, position 0"
std::string key_text(const Table& table, const Row& row);

/// The rows of a table in the order of its key, one page of them in memory.
class OrderedRows {
 public:
  /// The page after `last`, or the first one; empty at the end.
  using Fetch = std::function<Rows(const Row* last)>;
  explicit OrderedRows(Fetch fetch) : fetch_(std::move(fetch)), page_(fetch_(nullptr)) {}

  /// Null at the end.
  const Row* current() const { return at_ < page_.size() ? &page_[at_] : nullptr; }
  void advance();

 private:
  Fetch fetch_;
  Rows page_;
  std::size_t at_ = 0;
};

}  // namespace shoal::db
