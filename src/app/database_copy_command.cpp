#include "app/database_copy_command.h"

#include <fmt/format.h>

#include <cstdio>
#include <utility>

#include "app/admin_print.h"
#include "app/data_directory.h"
#include "app/database_target.h"
#include "app/room_configs.h"
#include "catalog/instance.h"
#include "db/database_copy.h"

namespace shoal::app {
namespace {

Result<std::string> instance_of(db::Database& source) {
  TRY(const auto id,
      source.read_blocking([](db::Session& session) -> Result<std::optional<std::string>> {
        return catalog::find_instance_id(session);
      }));
  if (!id) return fail(ErrorCode::not_found, "the instance was never started: nothing to copy");
  return *id;
}

/// The name of each table when its first page is there; nothing of what an earlier call copied.
db::OnPage print_progress() {
  return [last = std::string()](const std::string& table, std::size_t) mutable -> Result<> {
    if (std::exchange(last, table) != table) fmt::print("copying {}\n", table);
    (void)std::fflush(stdout);
    return {};
  };
}

/// How many rows differ.
std::uint64_t print_comparison(const std::vector<db::TableComparison>& tables) {
  std::uint64_t different = 0;
  for (const db::TableComparison& table : tables) {
    fmt::print("{:<24} {:>10} rows  {}\n", table.table, table.rows,
               table.different == 0 ? "the same" : fmt::format("{} DIFFER", table.different));
    for (const std::string& example : table.examples) fmt::print("    {}\n", printable(example));
    different += table.different;
  }
  return different;
}

}  // namespace

Result<> copy_to_postgresql(db::Database& source, const Config& config, const std::string& url) {
  if (source.engine() != db::Engine::sqlite) {
    return fail(ErrorCode::unsupported,
                "this instance has PostgreSQL already; pg_dump moves it to another one");
  }
  Config there = config;
  TRY(there.database, target_of(url, config.database));
  // As a server does: while this is running none starts.
  io::PosixFileSystem files;
  TRY(const DataDirectory directory, DataDirectory::claim(config.storage.data, files));
  TRY(const std::string instance, instance_of(source));
  Metrics metrics;
  TRY(const auto target,
      db::open_copy_target(database_config(there, directory.root()), instance, metrics));
  TRY(const auto tables, db::copy_database(source, *target, print_progress()));
  if (const std::uint64_t different = print_comparison(tables); different > 0) {
    return fail(ErrorCode::corrupt,
                fmt::format("{} rows differ: the target stays an unfinished copy. Where the server "
                            "ran since the copy was begun, make a new database and copy again.",
                            different));
  }
  fmt::print(
      "\nThe copy is finished: every row is the same. Set in shoal.yaml, and start the server:\n\n"
      "{}\n{} stays as it is and is not read any more; media and uploads stay where they are.\n",
      database_section(there.database), (directory.root() / DataDirectory::k_database).string());
  return {};
}

}  // namespace shoal::app
