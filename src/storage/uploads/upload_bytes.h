#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "blob/blob_store.h"
#include "io/file_system.h"
#include "io/offload.h"
#include "io/task.h"

namespace shoal::storage {

enum class UploadState : int { receiving = 1, done = 3 };

/// What a client announces.
struct NewUpload {
  UserId user;
  ChannelId channel;
  int purpose = 1;  ///< 1: a new video
  std::string filename;
  std::string content_type;
  std::string metadata = "{}";         ///< JSON of the caller's
  std::optional<std::uint64_t> total;  ///< nothing: known when the bytes end (append_all)
};

/// An upload and how much of it is acknowledged. The bytes [0, received) are durable.
struct Upload {
  UploadId id;
  std::string upload_id;  ///< unguessable, as in URLs
  UserId user;
  ChannelId channel;
  int purpose = 1;
  std::string filename;
  std::string content_type;
  std::string metadata;
  std::optional<std::uint64_t> total;
  std::uint64_t received = 0;
  UploadState state = UploadState::receiving;
  std::optional<VideoId> video;  ///< what it became
  UtcTime created_at{};
  UtcTime updated_at{};

  bool is_complete() const { return total && received == *total; }
};

/// Bytes that are durable: the part that was made of them, or, with an empty store, the upload's
/// own file.
struct UploadPart {
  std::string store{};
  std::string object_key{};
};

/// Where the bytes of one request go, behind what is acknowledged. One task at a time.
class UploadWriter {
 public:
  virtual ~UploadWriter() = default;
  /// Takes the first `count` bytes. The buffer is shared, because who waits may be cancelled while
  /// the disk still reads it.
  virtual io::Task<Result<>> write(std::shared_ptr<std::vector<std::byte>> buffer,
                                   std::size_t count) = 0;
  /// Makes durable what was written since the last time; there is some.
  virtual io::Task<Result<UploadPart>> flush() = 0;
};

/// The seam between an upload and where its bytes wait until they are a video. Any thread; one
/// request at a time works on an upload.
class UploadBytes {
 public:
  virtual ~UploadBytes() = default;

  /// How many bytes may come, beyond what must stay free.
  virtual io::Task<Result<std::uint64_t>> room() = 0;
  /// Errors: unavailable (what is acknowledged cannot be reached).
  virtual io::Task<Result<std::unique_ptr<UploadWriter>>> open(Upload upload) = 0;
  /// As UploadStaging's, for an upload that is complete.
  virtual io::Task<Result<std::vector<std::byte>>> read_head(Upload upload, std::size_t size) = 0;
  virtual io::Task<Result<>> hand_over(Upload upload, blob::BlobStore& store, std::string key) = 0;

  /// The ids of uploads of which there are bytes that perhaps no row knows.
  virtual io::Task<Result<std::vector<std::string>>> list() = 0;
  /// The rows are gone, or will never be.
  virtual io::Task<Result<>> remove(std::string upload_id) = 0;
};

// What the implementations share.

/// What must stay free on the disk that uploads pass through or wait on, in bytes.
inline constexpr std::uint64_t k_disk_reserve = std::uint64_t{256} << 20;
/// How many bytes may come on the disk of `folder`, when `reserve` must stay free.
io::Task<Result<std::uint64_t>> room_on_disk(io::FileSystem& files, io::Offload& disk,
                                             io::Path folder, std::uint64_t reserve);
/// An object of that key is there already: of an earlier try, when it is as long as the upload.
/// Errors: conflict.
io::Task<Result<>> accept_handed_over(const Upload& upload, blob::BlobStore& store,
                                      std::string key);

}  // namespace shoal::storage
