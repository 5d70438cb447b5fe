#include "db/session.h"

#include <bit>

#include "base/check.h"
#include "base/text.h"

namespace shoal::db {

namespace {

const std::string k_empty;

}  // namespace

std::int64_t Row::integer(std::size_t column) const {
  const auto& cell = cells_[column];
  if (!cell) return 0;
  const auto number = parse_int(*cell);
  SHOAL_CHECK(number.has_value());
  return *number;
}

double Row::real(std::size_t column) const {
  const auto& cell = cells_[column];
  if (!cell) return 0;
  double number = 0;
  const auto [end, error] = std::from_chars(cell->data(), cell->data() + cell->size(), number);
  SHOAL_CHECK(error == std::errc{} && end == cell->data() + cell->size());
  return number;
}

const std::string& Row::text(std::size_t column) const {
  const auto& cell = cells_[column];
  return cell ? *cell : k_empty;
}

Uuid Row::uuid(std::size_t column) const {
  const auto uuid = Uuid::parse(text(column));
  SHOAL_CHECK(uuid.has_value());
  return *uuid;
}

std::optional<std::int64_t> Row::optional_integer(std::size_t column) const {
  if (is_null(column)) return std::nullopt;
  return integer(column);
}

std::optional<UtcTime> Row::optional_time(std::size_t column) const {
  if (is_null(column)) return std::nullopt;
  return time(column);
}

std::optional<Row> Session::query_one(std::string_view sql, const std::vector<Value>& arguments) {
  auto rows = query(sql, arguments);
  if (rows.empty()) return std::nullopt;
  return std::move(rows.front());
}

std::int64_t Session::insert(std::string_view sql, const std::vector<Value>& arguments) {
  const auto row = query_one(sql, arguments);
  SHOAL_CHECK(row.has_value() && row->size() > 0);
  return row->integer(0);
}

std::string in_list(std::size_t count, std::string_view prefix) {
  SHOAL_CHECK(count > 0);
  const std::size_t padded = std::bit_ceil(count);
  std::string list = "(";
  for (std::size_t i = 0; i < padded; ++i) {
    if (i > 0) list += ", ";
    list += ':';
    list += prefix;
    list += std::to_string(i);
  }
  list += ')';
  return list;
}

void pad_list(std::vector<Value>& arguments, std::size_t count) {
  SHOAL_CHECK(count > 0 && !arguments.empty());
  const Value last = arguments.back();
  for (std::size_t i = count; i < std::bit_ceil(count); ++i) arguments.push_back(last);
}

}  // namespace shoal::db
