#include "app/config/store_schema.h"

#include <fmt/format.h>

#include "app/config/object_storage.h"
#include "app/config/text_checks.h"
#include "app/config/url_checks.h"

namespace shoal::app {
namespace {

constexpr std::int64_t k_mib = std::int64_t{1} << 20;
constexpr std::int64_t k_gib = std::int64_t{1} << 30;
constexpr std::int64_t k_tib = std::int64_t{1} << 40;

/// The canned ACLs of S3 that an object can have, but for the one with which anyone may write.
const std::vector<std::string> k_acls{"none",
                                      "private",
                                      "public-read",
                                      "authenticated-read",
                                      "aws-exec-read",
                                      "bucket-owner-read",
                                      "bucket-owner-full-control"};

/// What stores and PeerTube's object_storage have in common, with PeerTube's names.
void describe_s3(config::Schema& s, std::string_view path, StoreConfig& store) {
  const auto key = [&](std::string_view name) { return fmt::format("{}.{}", path, name); };
  s.add(key("endpoint"), store.endpoint,
        "S3: host, or URL, of the provider; https when it has no scheme. Required.")
      .checked_by(check_endpoint);
  s.add(key("region"), store.region, "S3: region that requests are signed for.")
      .checked_by(check_region);
  s.add(key("force_path_style"), store.force_path_style,
        "S3: name the bucket in the path instead of the host, as most self-hosted servers want.");
  s.add(key("credentials.access_key_id"), store.credentials.access_key_id,
        "S3: key; both empty: as AWS' clients find them, by AWS_ACCESS_KEY_ID and "
        "AWS_SECRET_ACCESS_KEY, a profile of ~/.aws/credentials, or the role of this machine.")
      .null_means("")
      .secret();
  s.add(key("credentials.secret_access_key"), store.credentials.secret_access_key,
        "S3: the key's secret.")
      .null_means("")
      .secret();
  s.add(key("upload_acl.public"), store.upload_acl.of_public,
        "S3: ACL of what anyone may see; none, or YAML's null: send none, for providers without.")
      .one_of(k_acls)
      .null_means("none");
  s.add(key("upload_acl.private"), store.upload_acl.of_private, "S3: ACL of everything else.")
      .one_of(k_acls)
      .null_means("none");
  s.add(key("max_upload_part"), store.max_upload_part,
        "S3: most bytes of one request of an upload; larger files go in parts.")
      .range(5 * k_mib, 5 * k_gib);
  s.add(key("max_request_attempts"), store.max_request_attempts,
        "S3: how often a request is tried before it counts as failed.")
      .range(1, 20);
}

void describe_serving(config::Schema& s, std::string_view path, StoreConfig& store) {
  const auto key = [&](std::string_view name) { return fmt::format("{}.{}", path, name); };
  s.add(key("base_urls"), store.base_urls,
        "Where viewers reach the same files, as a CDN: URLs to which '/', prefix and key are "
        "appended; a weight from 1 to 1000 may follow each (https://cdn1.example.org 3).")
      .checked_by(check_base_url);
  s.add(key("purge_url"), store.purge_url,
        "Where a CDN is told what it must forget, by POST of {\"urls\": [...]} that is answered "
        "with "
        "2xx; empty: nowhere.")
      .checked_by(check_url);
  s.add(key("serve_public"), store.serve_public,
        "How viewers get what anyone may see: redirect to a base URL or the public object, "
        "redirect to a presigned URL, or proxy through Shoal. A local store's default is proxy.")
      .one_of({"redirect", "presigned", "proxy"});
  s.add(key("serve_private"), store.serve_private,
        "The same for everything else. A presigned URL works for whoever has it, until it ends.")
      .one_of({"presigned", "proxy"});
}

void describe_cost(config::Schema& s, std::string_view path, StoreConfig& store) {
  const auto key = [&](std::string_view name) { return fmt::format("{}.{}", path, name); };
  s.add(key("upload_rate"), store.upload_rate, "Most bytes written a second; 0: no limit.")
      .range(0, k_tib);
  s.add(key("download_rate"), store.download_rate, "Most bytes read a second; 0: no limit.")
      .range(0, k_tib);
  s.add(key("request_rate"), store.request_rate, "S3: most requests a second; 0: no limit.")
      .range(0, 1'000'000);
  s.add(key("price.storage_gb_month"), store.price.storage_gb_month,
        "What a GB costs a month: a decimal number in any one currency, to weigh stores by.")
      .checked_by(check_price);
  s.add(key("price.egress_gb"), store.price.egress_gb, "What a GB read costs.")
      .checked_by(check_price);
  s.add(key("price.put_1000"), store.price.put_1000, "What 1000 writing requests cost.")
      .checked_by(check_price);
  s.add(key("price.get_1000"), store.price.get_1000, "What 1000 reading requests cost.")
      .checked_by(check_price);
}

void describe_section(config::Schema& s, std::string_view name, ObjectStorage::Section& section,
                      std::string_view what) {
  const auto key = [&](std::string_view leaf) {
    return fmt::format("object_storage.{}.{}", name, leaf);
  };
  s.add(key("enabled"), section.enabled, fmt::format("Whether {} go there.", what));
  s.add(key("bucket_name"), section.bucket_name,
        fmt::format("Bucket of {}; empty: they stay local.", what))
      .checked_by(check_bucket)
      .null_means("");
  s.add(key("prefix"), section.prefix,
        "Before each key, as it is. Sections with the same bucket and prefix are one store.")
      .checked_by(check_peertube_prefix)
      .null_means("");
  s.add(key("base_url"), section.base_url,
        "Replaces scheme and host of the object's URL: with force_path_style the bucket follows.")
      .checked_by(check_plain_url)
      .null_means("");
}

void describe_object_storage(config::Schema& s, ObjectStorage& o) {
  s.add("object_storage.enabled", o.enabled,
        "PeerTube's section: makes a store of each bucket and prefix below, named object-storage- "
        "and eight digits that depend on these two, and the kind's home. homes.* win over it.");
  describe_s3(s, "object_storage", o.common);
  s.add("object_storage.proxy.proxify_private_files", o.proxify_private_files,
        "true: private files are sent by Shoal (serve_private: proxy); false: presigned. Public "
        "files are redirected to, presigned where there is neither base_url nor public-read.");
  for (const auto& key : k_sections) describe_section(s, key.name, o.*key.section, key.what);
  constexpr std::string_view k_hls = "Shoal makes HLS only, whose files also download.";
  s.without_effect("object_storage.web_videos", k_hls);
  s.without_effect("object_storage.videos", k_hls);
  s.without_effect("object_storage.streaming_playlists.store_live_streams",
                   "Shoal has no live videos yet.");
  s.without_effect("object_storage.torrents",
                   "Shoal makes torrents as they are asked for, from its database.");
  s.without_effect("object_storage.avatars", "Shoal keeps avatars in its data folder.");
  s.without_effect("object_storage.redundancy", "Shoal mirrors no other site yet.");
  constexpr std::string_view k_working =
      "homes.uploads says where uploads wait; working and cached files are on local disks.";
  s.without_effect("object_storage.uploads", k_working);
  s.without_effect("object_storage.staging", k_working);
  s.without_effect("object_storage.cache", k_working);
}

}  // namespace

constinit const std::array<HomeKey, 8> k_homes{{
    {"renditions", &Homes::renditions, "Store of new renditions and their playlists."},
    {"originals", &Homes::originals, "Store of uploaded files that are kept."},
    {"captions", &Homes::captions, "Store of new captions."},
    {"thumbnails", &Homes::thumbnails, "Store of new thumbnails and previews."},
    {"storyboards", &Homes::storyboards, "Store of new pictures for the seek bar."},
    {"exports", &Homes::exports, "Store of users' archives of their own data."},
    {"running", &Homes::running,
     "Store of the pieces of a video that is still encoded: many small files, short-lived, played "
     "at once. Local is the fastest and costs no requests."},
    {"uploads", &Homes::uploads,
     "Where uploads wait until they are videos, and where pictures and captions are put first: "
     "local, or an s3 store, so that each request of an upload may go to another node."},
}};

void describe_store(config::Schema& s, std::string_view path, StoreConfig& store) {
  const auto key = [&](std::string_view name) { return fmt::format("{}.{}", path, name); };
  s.add(key("type"), store.type,
        "A bucket at a provider that speaks S3, or a folder. Required. A store's name is 1 to 32 "
        "of a-z, 0-9 and - (in a variable's name _ is -); it must never change. At most 32 stores.")
      .one_of({"s3", "local"});
  s.add(key("path"), store.path, "Local: the folder, from / on. Required.")
      .checked_by(check_absolute_path);
  s.add(key("bucket"), store.bucket, "S3: bucket. Required.").checked_by(check_bucket);
  s.add(key("prefix"), store.prefix, "S3: before each key, such as cold/; empty: nothing.")
      .checked_by(check_prefix);
  describe_s3(s, path, store);
  s.add(key("storage_class"), store.storage_class,
        "S3: class of new objects, such as STANDARD_IA; empty: the bucket's.")
      .checked_by(check_storage_class);
  s.add(key("max_connections"), store.max_connections, "S3: most connections at once.")
      .range(1, 1000);
  describe_serving(s, path, store);
  describe_cost(s, path, store);
}

void describe_stores(config::Schema& s, Config& c) {
  s.named_sections("stores");
  for (auto& store : c.stores)
    if (!is_from_object_storage(store.name))
      describe_store(s, fmt::format("stores.{}", store.name), store);
  for (const auto& key : k_homes) {
    s.add(fmt::format("homes.{}", key.kind), c.homes.*key.home, key.description)
        .checked_by(check_not_empty);
  }
  describe_object_storage(s, c.object_storage);
}

}  // namespace shoal::app
