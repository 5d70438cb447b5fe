#include "app/config/load.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "app/config/autoscaler_schema.h"
#include "app/config/object_storage.h"
#include "app/config/places.h"
#include "app/config/schema.h"
#include "app/config/store_checks.h"
#include "app/config/store_names.h"
#include "base/config/apply.h"

namespace shoal::app {
namespace {

/// What no single key shows.
void check_together(const Config& c, Complaints& complaints) {
  if (c.tls.certificate_file.empty() != c.tls.key_file.empty()) {
    const bool no_key = c.tls.key_file.empty();
    complaints.add(no_key ? "tls.certificate_file" : "tls.key_file",
                   fmt::format("is set without {}; give both or none",
                               no_key ? "tls.key_file" : "tls.certificate_file"));
  }
  if (!c.tls.certificate_file.empty() && !c.webserver.https)
    complaints.add("tls.certificate_file",
                   "is set but webserver.https is false; set webserver.https: true");
  if (c.transcoding.enabled && !c.transcoding.always_original_resolution &&
      c.transcoding.heights().empty())
    complaints.add("transcoding.enabled",
                   "is true but every one of transcoding.resolutions is false; set one to true");
}

/// The documents' values; what fits no key is a problem.
void apply_documents(LoadedConfig& loaded, const config::Document& file,
                     const config::Document& variables) {
  const auto schema = make_schema(loaded.config);
  for (const auto* document : {&file, &variables})
    std::ranges::move(config::apply(schema, *document), std::back_inserter(loaded.problems));
}

/// What depends on other keys where nothing says it.
void follow_others(Config& c, const Places& places) {
  c.webserver.hostname_is_given = places.is_named("webserver.hostname");
  c.webserver.port_is_given = places.is_named("webserver.port");
  for (auto& store : c.stores)
    if (!places.is_named(fmt::format("stores.{}.serve_public", store.name)))
      store.serve_public = default_serve_public(store.type);
}

Result<std::string> read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorCode::not_found, fmt::format("{} cannot be read", path));
  constexpr std::size_t k_most = (1 << 20) + 1;  // one more than parse_document takes
  std::string text(k_most, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return fail(ErrorCode::unavailable, fmt::format("{} cannot be read", path));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

std::vector<std::string> own_environment() {
  std::vector<std::string> lines;
  for (char** line = environ; line != nullptr && *line != nullptr; ++line)
    lines.emplace_back(*line);
  return lines;
}

/// The default port of the scheme is left out, as browsers do.
std::string with_port(const Config::Webserver& webserver) {
  const std::int64_t own_port = webserver.https ? 443 : 80;
  if (webserver.port == own_port) return webserver.hostname;
  return fmt::format("{}:{}", webserver.hostname, webserver.port);
}

}  // namespace

std::string Config::Webserver::host() const {
  return with_port(*this);
}

std::string Config::Webserver::origin() const {
  return (https ? "https://" : "http://") + with_port(*this);
}

std::vector<std::int64_t> Config::Transcoding::heights() const {
  std::vector<std::int64_t> out;
  for (std::size_t i = 0; i < resolutions.size(); ++i)
    if (resolutions[i]) out.push_back(k_heights[i]);
  return out;
}

LoadedConfig load_config(std::string_view yaml, std::string_view file_name,
                         const std::vector<std::string>& environment) {
  LoadedConfig loaded;
  auto file = config::parse_document(yaml, file_name);
  auto variables = config::parse_environment(environment);
  loaded.config.stores = take_store_names(file, variables, loaded.problems);
  apply_documents(loaded, file, variables);
  const Places places(std::move(variables.leaves), std::move(file.leaves));
  Complaints complaints(places, loaded.problems);
  follow_others(loaded.config, places);
  add_object_storage(loaded.config, complaints);
  check_stores(loaded.config, complaints);
  check_together(loaded.config, complaints);
  check_autoscaler(loaded.config.autoscaler, complaints);
  return loaded;
}

void follow_listen(Config& config) {
  const std::string& address = config.listen.hostname;
  const bool is_wildcard = address == "0.0.0.0" || address == "::";
  const bool is_default = address == Config::Listen().hostname;
  if (!config.webserver.hostname_is_given && !is_wildcard && !is_default)
    config.webserver.hostname = address.contains(':') ? "[" + address + "]" : address;
  if (!config.webserver.port_is_given) config.webserver.port = config.listen.port;
}

Result<Config> read_config(const std::string& path) {
  std::string text;
  if (!path.empty()) {
    TRY(auto read, read_text(path));
    text = std::move(read);
  }
  auto loaded = load_config(text, path, own_environment());
  if (loaded.problems.empty()) return std::move(loaded.config);
  std::string lines = fmt::format("the configuration has {} problem{}:", loaded.problems.size(),
                                  loaded.problems.size() == 1 ? "" : "s");
  for (const auto& problem : loaded.problems) lines += "\n  " + problem.text();
  return fail(ErrorCode::invalid, std::move(lines));
}

std::string show_config(const Config& config) {
  Config shown = config;
  Config untouched;
  for (const auto& store : config.stores) {
    auto& plain = untouched.stores.emplace_back();
    plain.name = store.name;
    plain.serve_public = default_serve_public(store.type);
  }
  return config::show(make_schema(shown), make_schema(untouched));
}

std::string config_reference() {
  Config untouched;
  untouched.stores.emplace_back().name = "<name>";
  return config::reference(make_schema(untouched));
}

std::vector<std::string> runtime_keys() {
  Config untouched;
  const auto schema = make_schema(untouched);
  std::vector<std::string> keys;
  for (const auto& key : schema.keys())
    if (key.is_runtime) keys.push_back(key.path);
  return keys;
}

int run_config_command(std::string_view action, const std::string& path) {
  if (action == "reference") {
    fmt::print("{}", config_reference());
    return 0;
  }
  if (action != "check" && action != "show") {
    fmt::print(stderr, "usage: shoal config check|show|reference [--config FILE]\n");
    return 2;
  }
  const auto config = read_config(path);
  if (!config) {
    fmt::print(stderr, "{}\n", config.error().message);
    return 1;
  }
  if (action == "show") {
    fmt::print("{}", show_config(*config));
  } else {
    fmt::print("{}: no problems\n", path.empty() ? "defaults and environment" : path);
  }
  return 0;
}

}  // namespace shoal::app
