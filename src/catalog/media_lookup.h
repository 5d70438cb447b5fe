#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "catalog/constants.h"
#include "db/session.h"

namespace shoal::catalog {

/// What a media URL's file name stands for.
struct MediaFileRecord {
  /// A thumbnail, preview, storyboard or caption: named by a random UUID, and served to whoever
  /// knows the name, as PeerTube does.
  bool is_picture = false;
  std::string content_type;
  std::uint64_t size = 0;
  std::string sha256;
  UtcTime created_at{};
  struct Copy {
    std::string store;
    std::string object_key;
    bool is_public = false;  ///< anybody may read the object itself
  };
  std::vector<Copy> copies;  ///< the verified ones
  Uuid video;
  std::string video_name;
  Privacy privacy = Privacy::owner_only;
  std::int64_t privacy_epoch = 0;
  /// The ladder's step where the file is a rendition.
  std::optional<std::int64_t> height;
};

/// Only files that may be served at all: no pieces of running sound. An original is named by a
/// random UUID that only those who manage its video are told.
std::optional<MediaFileRecord> find_media_file(db::Session& session, std::string_view name);

/// Hex SHA-256 of each checksum block of such a file and CRC-32C of each range, concatenated; empty
/// where the file has one or none, and for no file.
struct PartHashes {
  std::string block_sha256;
  std::string range_crc32c;
};
PartHashes find_part_hashes(db::Session& session, std::string_view name);

/// What a video was uploaded as; it goes when the renditions are finished.
struct SourceFile {
  FileId id;
  std::string name;
  std::uint64_t size = 0;
};
std::optional<SourceFile> find_source_file(db::Session& session, VideoId video);

/// A file of which anybody who may watch the video may have a torrent: a rendition, or the source.
std::optional<FileId> find_shared_file(db::Session& session, std::string_view name);

}  // namespace shoal::catalog
