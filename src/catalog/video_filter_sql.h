#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "catalog/video_list.h"
#include "db/session.h"

namespace shoal::catalog {

/// Conditions on `video v`, joined by "and", with their arguments in order. Private to the room.
class Conditions {
 public:
  void add(std::string_view sql) { append(sql); }
  void add(std::string_view sql, db::Value value) {
    append(sql);
    arguments_.push_back(std::move(value));
  }
  /// `before (…) after`, one placeholder per value.
  template <class T>
  void add_in(std::string_view before, const std::vector<T>& values, std::string_view after = "") {
    if (values.empty()) return;
    append(std::string(before) + " in " + db::in_list(values.size(), prefix()) +
           std::string(after));
    for (const T& value : values) arguments_.emplace_back(value);
    db::pad_list(arguments_, values.size());
  }

  /// "true" as SQL when there is none.
  std::string sql() const { return sql_.empty() ? "1 = 1" : sql_; }
  const std::vector<db::Value>& arguments() const { return arguments_; }

 private:
  void append(std::string_view sql) {
    if (!sql_.empty()) sql_ += " and ";
    sql_ += sql;
  }
  /// Placeholders of different lists must differ.
  std::string prefix() { return "l" + std::to_string(lists_++) + "_"; }

  std::string sql_;
  std::vector<db::Value> arguments_;
  int lists_ = 0;
};

/// Who the filter is for, as a condition on `v` without arguments; empty where it takes some.
std::string audience_sql(const VideoFilter& filter);

/// All of the filter but `search`.
Conditions conditions_of(const VideoFilter& filter);

}  // namespace shoal::catalog
