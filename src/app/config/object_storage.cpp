#include "app/config/object_storage.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "app/config/store_checks.h"
#include "app/config/store_schema.h"
#include "base/digest.h"
#include "base/text.h"

namespace shoal::app {
namespace {

/// "object-storage-1f2e3d4c"
std::string name_of(const ObjectStorage::Section& section) {
  constexpr std::size_t k_bytes = 4;
  // No bucket's name holds a line feed.
  const auto digest = Sha256::of(section.bucket_name + '\n' + section.prefix);
  return fmt::format("{}{}", k_from_object_storage, to_hex(std::span(digest).first(k_bytes)));
}

StoreConfig make_store(const ObjectStorage& from, const ObjectStorage::Section& section) {
  StoreConfig store = from.common;
  store.name = name_of(section);
  store.type = "s3";
  store.bucket = section.bucket_name;
  store.prefix = section.prefix;
  store.serve_private = from.proxify_private_files ? "proxy" : "presigned";
  return store;
}

void add_base_url(StoreConfig& store, const ObjectStorage::Section& section) {
  if (section.base_url.empty()) return;
  auto url = parse_base_url(section.base_url)->url;
  // PeerTube puts this URL in the place of scheme and host; with path style the bucket is behind.
  if (store.force_path_style) url += "/" + store.bucket;
  if (std::ranges::find(store.base_urls, url) == store.base_urls.end())
    store.base_urls.push_back(std::move(url));
}

void set_home(Config& config, std::string_view kind, const std::string& store,
              const Places& places) {
  const auto* const key = std::ranges::find(k_homes, kind, &HomeKey::kind);
  if (key != k_homes.end() && !places.is_named(fmt::format("homes.{}", kind)))
    config.homes.*key->home = store;
}

}  // namespace

void add_object_storage(Config& config, Complaints& complaints) {
  const ObjectStorage& from = config.object_storage;
  if (!from.enabled) return;
  check_provider("object_storage", from.common, complaints);
  std::vector<StoreConfig> made;
  for (const auto& key : k_sections) {
    const auto& section = from.*key.section;
    if (!section.enabled || section.bucket_name.empty()) continue;
    auto store = std::ranges::find(made, name_of(section), &StoreConfig::name);
    if (store == made.end()) store = made.insert(made.end(), make_store(from, section));
    add_base_url(*store, section);
    set_home(config, key.kind, store->name, complaints.places());
    if (!key.second_kind.empty())
      set_home(config, key.second_kind, store->name, complaints.places());
  }
  for (auto& store : made) {
    // A bucket may be public by itself, without ACL; a presigned URL reaches its objects as well.
    if (!is_public(store)) store.serve_public = "presigned";
    config.stores.push_back(std::move(store));
  }
  std::ranges::sort(config.stores, {}, &StoreConfig::name);
  if (made.empty())
    complaints.add_unless_refused(
        "object_storage.enabled",
        "is true but no section names a bucket for what Shoal keeps; give "
        "object_storage.streaming_playlists.bucket_name, or set it to false");
  if (config.stores.size() > k_max_stores)
    complaints.add("object_storage.enabled",
                   fmt::format("makes {} stores in all, with those of stores; there may be {}",
                               config.stores.size(), k_max_stores));
}

}  // namespace shoal::app
