#include "app/database_target.h"

#include <fmt/format.h>

#include "base/text.h"
#include "db/postgresql_url.h"

namespace shoal::app {
namespace {

std::string yaml_text(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') out.push_back('\'');
    out.push_back(c);
  }
  return out + "'";
}

}  // namespace

Result<Config::Database> target_of(const std::string& url, const Config::Database& configured) {
  TRY(const auto said, db::parse_postgresql_url(url));
  Config::Database target = configured;
  target.engine = "postgresql";
  for (const auto& [word, value] : said) {
    if (word == "host") {
      target.hostname = value;
    } else if (word == "port") {
      const auto port = parse_int(value);
      if (!port || *port < 1 || *port > 65535)
        return fail(ErrorCode::invalid, "the port of the URL is no port");
      target.port = *port;
    } else if (word == "dbname") {
      target.name = value;
    } else if (word == "user") {
      target.username = value;
    } else if (word == "password") {
      target.password = value;
    } else if (word == "sslmode" && (value == "require" || value == "prefer")) {
      target.ssl = value == "require";
    } else {
      return fail(ErrorCode::unsupported,
                  fmt::format("shoal.yaml has no key for the URL's {}{}", word,
                              word == "sslmode" ? " but for require and prefer" : ""));
    }
  }
  return target;
}

std::string database_section(const Config::Database& database) {
  return fmt::format(
      "database:\n"
      "  engine: postgresql\n"
      "  hostname: {}\n"
      "  port: {}\n"
      "  ssl: {}\n"
      "  name: {}\n"
      "  username: {}\n"
      "  password: ...      # or SHOAL__DATABASE__PASSWORD in the environment\n",
      yaml_text(database.hostname), database.port, database.ssl, yaml_text(database.name),
      yaml_text(database.username));
}

}  // namespace shoal::app
