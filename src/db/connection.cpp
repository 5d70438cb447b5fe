#include "db/connection.h"

#include "base/log.h"
#include "base/text.h"

namespace shoal::db {

Rows Connection::query(std::string_view sql, const std::vector<Value>& arguments) {
  if (failure_) throw DatabaseError(*failure_);
  ++statements_;
  try {
    return do_query(sql, arguments);
  } catch (const DatabaseError& error) {
    failure_ = error;
    throw;
  }
}

std::int64_t Connection::execute(std::string_view sql, const std::vector<Value>& arguments) {
  if (failure_) throw DatabaseError(*failure_);
  ++statements_;
  try {
    return do_execute(sql, arguments);
  } catch (const DatabaseError& error) {
    failure_ = error;
    throw;
  }
}

void Connection::notify(std::string_view channel) {
  if (notified_.emplace(channel).second) do_notify(std::string(channel));
}

void Connection::begin(bool writing) {
  failure_.reset();
  notified_.clear();
  statements_ = 0;
  do_begin(writing);
}

void Connection::commit() {
  if (failure_) throw DatabaseError(*failure_);
  do_commit();
}

void Connection::rollback() noexcept {
  failure_.reset();
  notified_.clear();
  try {
    do_rollback();
  } catch (const std::exception& error) {
    log::warn("rollback failed", {{"reason", error.what()}});
  }
}

void check_argument(const Value& argument) {
  if (const auto* text = std::get_if<std::string>(&argument.data())) {
    if (!is_valid_utf8(*text)) {
      throw DatabaseError(ErrorCode::invalid, "a text holds broken UTF-8 or a NUL character");
    }
  }
}

}  // namespace shoal::db
