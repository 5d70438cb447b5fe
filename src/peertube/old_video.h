#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "catalog/chapters.h"
#include "catalog/users.h"
#include "catalog/videos.h"

/// What an existing PeerTube says of itself, as far as an import takes it over. Values.
namespace shoal::peertube {

struct OldAccount {
  std::string name;
  std::string display_name;
  std::optional<std::string> description;
};

struct OldChannel {
  std::string name;
  std::string display_name;
  std::optional<std::string> description;
  std::optional<std::string> support;
  OldAccount owner;
};

/// What only an administrator is told of an account.
struct OldUser {
  std::string username;
  std::string email;
  bool blocked = false;
  std::int64_t video_quota = catalog::k_unlimited;
  std::int64_t video_quota_daily = catalog::k_unlimited;
};

/// What a list shows of a video: enough to decide whether it is looked at.
struct ListedVideo {
  Uuid uuid;
  std::string name;
  std::string channel;
};

/// One media file. `name` is URL-safe, `url` an http or https one.
struct OldFile {
  std::string name;
  std::string url;
  std::uint32_t resolution = 0;  ///< the short side; 0 is sound alone
  std::uint32_t width = 0;       ///< 0 where an old version does not say
  std::uint32_t height = 0;
  std::uint32_t fps = 0;
  std::uint64_t size = 0;
  bool has_audio = true;  ///< also where an old version does not say
};

struct OldCaption {
  std::string language;
  std::string path;  ///< below the instance, or a whole URL
  bool automatically_generated = false;
};

struct OldStoryboard {
  std::string path;
  std::int64_t total_width = 0;
  std::int64_t total_height = 0;
  std::int64_t sprite_width = 0;
  std::int64_t sprite_height = 0;
  Seconds sprite_duration{1};
};

struct OldVideo {
  Uuid uuid;
  /// As they are taken over; without passwords, which are asked for apart.
  catalog::VideoAttributes attributes;
  /// The description may be cut off: the whole one is to be asked for.
  bool description_may_be_cut = false;
  catalog::VideoHistory history;
  Seconds duration{0};
  std::optional<double> aspect_ratio;
  OldChannel channel;
  /// Where the instance believes to be: "https://old.example.org".
  std::string origin;
  std::optional<std::string> thumbnail_path;
  std::optional<std::string> preview_path;

  std::string master_name;   ///< of the streaming playlist; empty without one
  std::string digests_name;  ///< of its hash list; empty where there is none
  std::string digests_url;
  std::vector<OldFile> hls_files;  ///< one for each resolution, the largest first
  std::vector<OldFile>
      web_files;  ///< whole files, the largest first; mp4 where they were transcoded
  /// Why it cannot be taken over, in a sentence for the administrator; empty when it can.
  std::string obstacle;
};

template <class T>
struct OldPage {
  std::int64_t total = 0;
  /// How many entries the instance sent, among them those that are passed over.
  std::size_t sent = 0;
  std::vector<T> entries;
};

}  // namespace shoal::peertube
