#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace shoal::app {

/// Where a PostgreSQL listens.
struct DatabaseHost {
  std::string host;  ///< name, address, or the folder of its socket
  std::optional<std::int64_t> port{};
  friend bool operator==(const DatabaseHost&, const DatabaseHost&) = default;
};

/// "db-2", "db-2:5433", "[::1]:5433" or "/run/postgresql". Nothing for another text. Pure.
std::optional<DatabaseHost> parse_database_host(std::string_view text);
/// The same for the schema (config::TextCheck).
std::string check_database_host(std::string_view text);

}  // namespace shoal::app
