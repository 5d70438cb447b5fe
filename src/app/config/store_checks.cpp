#include "app/config/store_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <span>

#include "app/config/object_storage.h"
#include "app/config/store_schema.h"
#include "base/text.h"

namespace shoal::app {
namespace {

/// Keys that one type alone has, after the name; those that end with '.' are sections.
constexpr std::array<std::string_view, 12> k_of_s3{
    "endpoint",     "region",          "bucket",          "prefix",
    "credentials.", "upload_acl.",     "storage_class",   "force_path_style",
    "request_rate", "max_upload_part", "max_connections", "max_request_attempts"};
constexpr std::array<std::string_view, 1> k_of_local{"path"};

std::string path_of(const StoreConfig& store) {
  return fmt::format("stores.{}", store.name);
}

/// What is set (to something else than its default) and means nothing for this type.
void check_foreign_keys(StoreConfig store, Complaints& complaints) {
  StoreConfig untouched;
  const auto path = path_of(store);
  config::Schema given;
  config::Schema defaults;
  describe_store(given, path, store);
  describe_store(defaults, path, untouched);
  const bool is_s3 = store.type == "s3";
  const auto foreign = is_s3 ? std::span<const std::string_view>(k_of_local)
                             : std::span<const std::string_view>(k_of_s3);
  for (std::size_t i = 0; i < given.keys().size(); ++i) {
    const auto& key = given.keys()[i];
    const auto name = std::string_view(key.path).substr(path.size() + 1);
    const bool is_foreign = std::ranges::any_of(foreign, [&](std::string_view other) {
      return other.ends_with('.') ? name.starts_with(other) : name == other;
    });
    if (is_foreign && format_value(key) != format_value(defaults.keys()[i]))
      complaints.add(key.path,
                     fmt::format("is for stores of type {}; remove it", is_s3 ? "local" : "s3"));
  }
}

void check_local(const StoreConfig& store, Complaints& complaints) {
  const auto path = path_of(store);
  if (store.path.empty())
    complaints.add_unless_refused(path + ".path",
                                  "is missing; give the store's folder, such as /mnt/media");
  if (store.serve_public == "presigned")
    complaints.add(path + ".serve_public",
                   "is presigned, which is for stores of type s3; give proxy, or redirect with "
                   "base_urls");
  if (store.serve_private == "presigned")
    complaints.add(path + ".serve_private",
                   "is presigned, which is for stores of type s3; give proxy");
}

void check_redirect(const StoreConfig& store, Complaints& complaints) {
  if (store.serve_public != "redirect" || is_public(store)) return;
  const auto path = path_of(store);
  const auto serve = path + ".serve_public";
  const auto acl = path + ".upload_acl.public";
  const bool blame_acl = !complaints.places().is_named(serve) && complaints.places().is_named(acl);
  const bool is_s3 = store.type == "s3";
  complaints.add(
      blame_acl ? acl : serve,
      fmt::format("{}; give base_urls, or serve_public: {}",
                  blame_acl ? fmt::format("is {} and base_urls is empty, so serve_public: "
                                          "redirect leads nowhere",
                                          store.upload_acl.of_public)
                  : is_s3   ? "is redirect but base_urls is empty and upload_acl.public "
                              "is not public-read"
                            : "is redirect but base_urls is empty",
                  is_s3 ? "presigned or proxy" : "proxy"));
}

void check_store(const StoreConfig& store, Complaints& complaints) {
  const auto path = path_of(store);
  if (store.base_urls.size() > k_max_base_urls)
    complaints.add(path + ".base_urls", fmt::format("has {} URLs; give at most {}",
                                                    store.base_urls.size(), k_max_base_urls));
  if (store.type.empty()) {
    complaints.add_unless_refused(path + ".type", "is missing; give s3 or local");
    return;
  }
  check_foreign_keys(store, complaints);
  if (store.type == "s3") {
    check_provider(path, store, complaints);
    if (store.bucket.empty())
      complaints.add_unless_refused(path + ".bucket", "is missing; give the bucket's name");
  } else {
    check_local(store, complaints);
  }
  check_redirect(store, complaints);
}

/// The same for two stores that would hold the same files; empty when nothing says where.
std::string place_of(const StoreConfig& store) {
  if (store.type == "local") {
    auto path = std::filesystem::path(store.path).lexically_normal().string();
    while (path.ends_with('/')) path.pop_back();
    return path;
  }
  if (store.bucket.empty()) return {};
  auto endpoint = to_lower_ascii(store.endpoint);
  if (const auto scheme = endpoint.find("://"); scheme != std::string::npos)
    endpoint.erase(0, scheme + 3);
  while (endpoint.ends_with('/')) endpoint.pop_back();
  return fmt::format("{}\n{}\n{}", endpoint, store.bucket, store.prefix);
}

/// Two names for one file: a move from the one to the other would delete the only copy.
void check_places(const std::vector<StoreConfig>& stores, Complaints& complaints) {
  std::vector<std::string> places;
  for (const auto& store : stores) {
    const auto place = place_of(store);
    const auto same = std::ranges::find(places, place);
    if (!place.empty() && same != places.end()) {
      const auto& other = stores[static_cast<std::size_t>(same - places.begin())];
      // What object_storage makes has no line of its own.
      const bool is_made = is_from_object_storage(store.name);
      const auto& blamed = is_made ? other : store;
      const auto& kept = is_made ? store : other;
      complaints.add(
          path_of(blamed) + (blamed.type == "local" ? ".path" : ".bucket"),
          fmt::format("is the same place as that of {}; give it another folder, bucket or prefix, "
                      "or remove one of the two",
                      is_from_object_storage(kept.name) ? "object_storage" : path_of(kept)));
    }
    places.push_back(place);
  }
}

void check_homes(const Config& config, Complaints& complaints) {
  std::string names(k_local_store);
  for (const auto& store : config.stores) names += ", " + store.name;
  for (const auto& key : k_homes) {
    const auto& home = config.homes.*key.home;
    if (home == k_local_store ||
        std::ranges::find(config.stores, home, &StoreConfig::name) != config.stores.end())
      continue;
    constexpr std::size_t k_shown = 40;
    complaints.add(fmt::format("homes.{}", key.kind),
                   fmt::format("'{}' is no store; give one of {}", home.substr(0, k_shown), names));
  }
  const auto uploads = std::ranges::find(config.stores, config.homes.uploads, &StoreConfig::name);
  if (uploads != config.stores.end() && uploads->type != "s3")
    complaints.add("homes.uploads",
                   fmt::format("'{}' is a folder; give local or an s3 store", uploads->name));
}

}  // namespace

bool is_public(const StoreConfig& store) {
  return !store.base_urls.empty() ||
         (store.type == "s3" && store.upload_acl.of_public == "public-read");
}

std::string default_serve_public(std::string_view type) {
  return type == "local" ? "proxy" : StoreConfig().serve_public;
}

void check_provider(std::string_view path, const StoreConfig& store, Complaints& complaints) {
  const auto key = [&](std::string_view name) { return fmt::format("{}.{}", path, name); };
  if (store.endpoint.empty())
    complaints.add_unless_refused(
        key("endpoint"),
        "is missing; give the provider's host, such as s3.eu-west-3.amazonaws.com");
  const bool no_id = store.credentials.access_key_id.empty();
  const bool no_secret = store.credentials.secret_access_key.empty();
  if (no_id == no_secret) return;
  const auto id = key("credentials.access_key_id");
  const auto secret = key("credentials.secret_access_key");
  complaints.add(no_id ? secret : id,
                 fmt::format("is set without {}; give both, or none to take those of the AWS_* "
                             "environment",
                             no_id ? id : secret));
}

void check_stores(const Config& config, Complaints& complaints) {
  for (const auto& store : config.stores)
    if (!is_from_object_storage(store.name)) check_store(store, complaints);
  check_places(config.stores, complaints);
  check_homes(config, complaints);
}

}  // namespace shoal::app
