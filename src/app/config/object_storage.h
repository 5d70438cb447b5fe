#pragma once

#include <array>
#include <string_view>

#include "app/config/config.h"
#include "app/config/places.h"

namespace shoal::app {

/// A section of PeerTube's object_storage that Shoal has files for.
struct SectionKey {
  std::string_view name;
  ObjectStorage::Section ObjectStorage::* section;
  std::string_view what;
  std::string_view kind;              ///< of homes: "renditions"
  std::string_view second_kind = "";  ///< empty: none
};
inline constexpr std::array<SectionKey, 6> k_sections{{
    {"streaming_playlists", &ObjectStorage::streaming_playlists,
     "renditions and what is being encoded", "renditions", "running"},
    {"original_video_files", &ObjectStorage::original_video_files, "originals", "originals"},
    {"captions", &ObjectStorage::captions, "captions", "captions"},
    {"thumbnails", &ObjectStorage::thumbnails, "thumbnails and previews", "thumbnails"},
    {"storyboards", &ObjectStorage::storyboards, "storyboards", "storyboards"},
    {"user_exports", &ObjectStorage::user_exports, "users' exports", "exports"},
}};

/// Names that begin so are those of add_object_storage().
inline constexpr std::string_view k_from_object_storage = "object-storage-";
inline bool is_from_object_storage(std::string_view store) {
  return store.starts_with(k_from_object_storage);
}

/// Adds to `config` the stores that its object_storage means, and makes them the homes of their
/// kinds where the configuration names no home. The name of a store depends on bucket and prefix
/// alone, so that it stays when sections come and go and when the provider or the CDN changes.
/// What is missing is complained of. Nothing when object_storage is not enabled.
void add_object_storage(Config& config, Complaints& complaints);

}  // namespace shoal::app
