#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/digest.h"
#include "base/ids.h"
#include "base/result.h"
#include "db/session.h"
#include "io/file_system.h"
#include "storage/exposure/exposure.h"
#include "storage/file_kind.h"
#include "storage/pieces.h"

namespace shoal::storage {

/// The size and hashes that a file is recorded with and later verified by.
struct Checksum {
  std::uint64_t size = 0;
  std::string sha256;  ///< hex
  /// Hex SHA-256 of each 4 MiB block, concatenated; empty for a file of one block or none.
  std::string block_sha256;
  /// Hex CRC-32C of each 512 KiB range, concatenated; empty for a file of one range or none.
  std::string range_crc32c{};
  /// For its torrent; recorded with the file where they were made.
  std::optional<Pieces> pieces{};
};
inline constexpr std::uint64_t k_checksum_block = std::uint64_t{4} << 20;
/// Divides a block.
inline constexpr std::uint64_t k_checksum_range = std::uint64_t{512} << 10;

/// Feeds a stream of any chunking into the hash of the whole, of each block and of each range. One
/// thread.
class Checksummer {
 public:
  void update(std::span<const std::byte> bytes);
  Checksum finish();

 private:
  void end_block();
  void end_range();
  Sha256 whole_;
  Sha256 block_;
  std::uint32_t range_ = 0;
  std::uint64_t size_ = 0;
  std::string blocks_;
  std::string ranges_;
};

/// Reads the file once, in constant memory. Blocking.
Result<Checksum> checksum_of(io::FileSystem& files, const io::Path& path);
/// The same with the pieces of its torrent.
Result<Checksum> checksum_with_pieces(io::FileSystem& files, const io::Path& path);
Checksum checksum_of(std::string_view bytes);

/// A file to be recorded. Its name is unique for ever: a URL never gets other content.
struct NewFile {
  std::optional<VideoId> video;
  FileKind kind = FileKind::rendition;
  std::string name;
  std::string content_type;
  Checksum checksum;
};

/// Where a file's one verified copy is.
struct StoredFile {
  FileId id;
  FileKind kind = FileKind::rendition;
  std::string name;
  std::string content_type;
  std::uint64_t size = 0;
  std::string store;
  std::string object_key;
};

/// How long an announced object may stay without a row.
inline constexpr std::chrono::hours k_unrecorded_for{24};

/// Announces an object that is about to be put into `store`. Committed before the put, it makes
/// sure that no object is forgotten: record_file takes the announcement back in the transaction
/// that makes the object a copy of something, and an object that never gets so far (a crash, a
/// failed step, a refused request) is deleted by the trash collector after k_unrecorded_for. One
/// small row; several objects may share a transaction. Announce again before each repeated put: the
/// time starts anew. Errors: busy (an earlier try's object is being deleted just now).
Result<> announce_object(db::Session& session, std::string_view store, std::string_view object_key,
                         UtcTime now);

/// It stays announced from `now` on, and is there. Errors: busy (it is not announced any more, or
/// being deleted).
Result<> renew_announcement(db::Session& session, std::string_view store,
                            std::string_view object_key, UtcTime now);

/// An announced object will not be recorded after all: the trash collector may delete it from `now`
/// on. Nothing happens when it is recorded already.
void give_up_object(db::Session& session, std::string_view store, std::string_view object_key,
                    UtcTime now);

/// The same, and the caller's transaction makes it a copy of something. The announcement must be
/// there still: without it the object may be deleted already. Errors: busy.
Result<> take_announcement(db::Session& session, std::string_view store,
                           std::string_view object_key);

/// What was a copy, and is to be deleted.
struct TrashedObject {
  std::string store;
  std::string object_key;
  std::optional<VideoId> video{};  ///< whose it was
  Exposure exposure = Exposure::closed;
};
void trash_object(db::Session& session, const TrashedObject& object, UtcTime due);

/// Records a file and its verified placement, and takes the object out of the trash. The object is
/// durable in `store` before this is called: a row points only to bytes that are there. Throws
/// DatabaseError (conflict) when the name or the key is taken, or the object is being deleted
/// because it was announced too long ago.
FileId record_file(db::Session& session, const NewFile& file, std::string_view store,
                   std::string_view object_key, UtcTime now, Exposure exposure = Exposure::closed);

std::optional<StoredFile> find_file(db::Session& session, FileId id);
std::optional<StoredFile> find_file(db::Session& session, std::string_view name);

/// Removes the rows of a file; its objects are deleted by the trash collector after `due`. Rows
/// that refer to the file must be gone.
void trash_file(db::Session& session, FileId id, UtcTime due);
/// The same for all files of a video, of the kinds given.
void trash_files(db::Session& session, VideoId video, const std::vector<FileKind>& kinds,
                 UtcTime due);

}  // namespace shoal::storage
