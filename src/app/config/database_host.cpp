#include "app/config/database_host.h"

#include "base/text.h"

namespace shoal::app {
namespace {

constexpr std::int64_t k_last_port = 65535;

/// A comma would be a list of hosts to libpq.
bool is_host(std::string_view text) {
  return !text.empty() && text.find_first_of(" ,\t'\\") == std::string_view::npos;
}

}  // namespace

std::optional<DatabaseHost> parse_database_host(std::string_view text) {
  if (text.starts_with('/')) {
    if (!is_host(text)) return std::nullopt;
    return DatabaseHost{.host = std::string(text)};
  }
  std::string_view host = text;
  std::string_view rest;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    host = text.substr(1, end - 1);
    rest = text.substr(end + 1);
  } else if (const auto colon = text.find(':'); colon != std::string_view::npos) {
    host = text.substr(0, colon);
    rest = text.substr(colon);
  }
  if (!is_host(host)) return std::nullopt;
  DatabaseHost found{.host = std::string(host)};
  if (rest.empty()) return found;
  const auto port = rest.starts_with(':') ? parse_int(rest.substr(1)) : std::nullopt;
  if (!port || *port < 1 || *port > k_last_port) return std::nullopt;
  found.port = port;
  return found;
}

std::string check_database_host(std::string_view text) {
  if (parse_database_host(text)) return {};
  return "is no host; give HOST, HOST:PORT, [IPv6]:PORT or the folder of a socket";
}

}  // namespace shoal::app
