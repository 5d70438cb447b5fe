#include "db/row_comparison.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "base/text.h"

namespace shoal::db {
namespace {

std::optional<double> parse_real(const std::string& text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

Value to_value(const Row& row, std::size_t column, ColumnType type) {
  if (row.is_null(column)) return std::nullopt;
  const std::string& text = row.text(column);
  if (type == ColumnType::integer) {
    if (const auto number = parse_int(text)) return *number;
  } else if (type == ColumnType::real) {
    if (const auto number = parse_real(text)) return *number;
  }
  return text;
}

bool is_same(const Row& a, const Row& b, std::size_t column, ColumnType type) {
  return to_value(a, column, type).data() == to_value(b, column, type).data();
}

int compare_keys(const Table& table, const Row& a, const Row& b) {
  for (const std::size_t column : table.key) {
    const ColumnType type = table.columns[column].type;
    const Value::Data left = to_value(a, column, type).data();
    const Value::Data right = to_value(b, column, type).data();
    if (left != right) return left < right ? -1 : 1;
  }
  return 0;
}

std::string key_text(const Table& table, const Row& row) {
  std::string text;
  for (const std::size_t column : table.key) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", table.columns[column].name,
                        row.text(column));
  }
  return text;
}

void OrderedRows::advance() {
  if (++at_ < page_.size()) return;
  page_ = fetch_(&page_.back());
  at_ = 0;
}

}  // namespace shoal::db
