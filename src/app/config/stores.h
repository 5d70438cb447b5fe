#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"

namespace shoal::app {

/// The folder below storage.data: a store that always is, needs no settings and is in no list.
inline constexpr std::string_view k_local_store = "local";
inline constexpr std::size_t k_max_stores = 32;
inline constexpr std::size_t k_max_base_urls = 16;

/// One place that holds media, as `stores.<name>` or PeerTube's object_storage says. What
/// load_config() gives without problems is complete and valid for its type. Plain value.
struct StoreConfig {
  std::string name;  ///< 1 to 32 of a-z, 0-9, '-'; rows of the database name it: never another
  std::string type;  ///< "s3" or "local"
  std::string path;  ///< local: an absolute folder

  std::string endpoint;  ///< host[:port][/path], https, or an URL of http or https
  std::string region = "us-east-1";
  std::string bucket;
  std::string prefix;  ///< stands before every key as it is: "", "cold/", PeerTube's "videos:"
  bool force_path_style = false;
  struct Credentials {
    std::string access_key_id;  ///< both empty: as AWS' clients find them
    std::string secret_access_key;
  } credentials;
  struct UploadAcl {
    std::string of_public = "public-read";  ///< a canned ACL; "none": send none
    std::string of_private = "private";
  } upload_acl;
  std::string storage_class;  ///< empty: send none
  ByteCount max_upload_part = 100_MiB;
  std::int64_t max_request_attempts = 3;
  std::int64_t max_connections = 32;

  std::vector<std::string> base_urls;  ///< "https://cdn.example.org 3"; see weighted_base_urls()
  std::string purge_url;
  std::string serve_public = "redirect";  ///< redirect, presigned or proxy
  std::string serve_private = "proxy";    ///< presigned or proxy
  ByteCount upload_rate{0};               ///< a second; 0: no limit
  ByteCount download_rate{0};             ///< a second; 0: no limit
  std::int64_t request_rate = 0;          ///< a second; 0: no limit
  struct Price {
    std::string storage_gb_month = "0";  ///< see parse_price()
    std::string egress_gb = "0";
    std::string put_1000 = "0";
    std::string get_1000 = "0";
  } price;

  struct BaseUrl {
    std::string url;  ///< without '/' at its end; '/', the prefix and the key follow
    std::int64_t weight = 1;
    friend bool operator==(const BaseUrl&, const BaseUrl&) = default;
  };
  std::vector<BaseUrl> weighted_base_urls() const;
};

/// Splits URL and weight (1 to 1000, 1 when there is none); the URL is not looked at. Nothing for a
/// wrong weight.
std::optional<StoreConfig::BaseUrl> parse_base_url(std::string_view text);

/// Millionths of the currency of "0.023": up to nine digits, then up to six behind a point.
std::optional<std::int64_t> parse_price(std::string_view text);

/// The name of the store in which new files of each kind are put.
struct Homes {
  std::string renditions{k_local_store};  ///< with playlists and hash lists
  std::string originals{k_local_store};
  std::string captions{k_local_store};
  std::string thumbnails{k_local_store};  ///< with previews
  std::string storyboards{k_local_store};
  std::string exports{k_local_store};
  std::string running{k_local_store};  ///< work segments of what is still being encoded
  std::string uploads{k_local_store};  ///< what a request brings, before it has its home
};

/// PeerTube's section, as it is written. load_config() makes stores and homes of it.
struct ObjectStorage {
  /// One kind of PeerTube's files; without a bucket they stay in the local store.
  struct Section {
    bool enabled = true;
    std::string bucket_name;
    std::string prefix;
    std::string base_url;
  };
  bool enabled = false;
  bool proxify_private_files = true;
  StoreConfig common;  ///< what all sections share: endpoint to max_request_attempts
  Section streaming_playlists;
  Section original_video_files;
  Section captions;
  Section thumbnails;
  Section storyboards;
  Section user_exports;
};

}  // namespace shoal::app
