#pragma once

#include "api/core/context.h"
#include "db/database.h"
#include "io/task_group.h"

namespace shoal::app {

/// Has all nodes of a database forget what they keep of answers and settings, soon after one of
/// them changed something that everybody sees. A hint: who misses it (the database was away, the
/// node died before it told) goes on with what it has for as long as each is kept anyway. start()
/// once, stop() before destruction.
class CacheNews {
 public:
  /// News are told no more often: what changes in between is told together.
  static constexpr Milliseconds k_apart{200};

  CacheNews(io::Executor executor, db::Database& database, api::Context& api);

  void start();
  io::Task<> stop();

 private:
  io::Task<> tell();
  io::Task<> listen();

  db::Database& database_;
  api::Context& api_;
  io::TaskGroup tasks_;
};

}  // namespace shoal::app
