#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "blob/blob_store.h"
#include "db/session.h"
#include "io/file_system.h"
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

/// Where the bytes come from: up to out.size() bytes, 0 at the end. An HTTP body fits as it is.
using PullBytes = std::function<io::Task<Result<std::size_t>>(std::span<std::byte> out)>;

/// Whether `user` may store `more` bytes than there are, where "there are" includes what each open
/// upload announced, or sent if that is more; too_large when not.
using QuotaCheck = std::function<Result<>(db::Session& session, UserId user, std::uint64_t more)>;

struct UploadLimits {
  std::uint64_t max_size = std::uint64_t{64} << 30;
  std::size_t open_per_user = 50;
  /// Acknowledged at the latest after so many bytes, also within one request.
  std::uint64_t acknowledge_every = std::uint64_t{64} << 20;
  /// What must stay free on the disk.
  std::uint64_t disk_reserve = std::uint64_t{256} << 20;
  Seconds stale_after{24 * 3600};
  /// How long a finished upload still answers with its video.
  Seconds remember_done{24 * 3600};
};

/// The seam between an upload and where its bytes wait until they are a video: a local folder, and
/// later a shared store. Bytes are durable before the row that counts them, the row before the
/// answer. One request at a time works on an upload, others are told busy. Any thread.
class UploadStaging {
 public:
  virtual ~UploadStaging() = default;

  /// Errors: invalid, too_large (maximum size, quota), busy (too many open uploads of this user),
  /// unavailable (no room on the disk).
  virtual io::Task<Result<Upload>> create(NewUpload announced) = 0;
  /// not_found also when it is another user's: an id tells nothing to who does not own it.
  virtual io::Task<Result<Upload>> find(UserId user, std::string upload_id) = 0;

  /// Takes the bytes [start, start + length) of `total`. What is acknowledged already is skipped,
  /// never written again. When the bytes end early, what came is kept and counts. Errors: conflict
  /// (a gap, another total, beyond the end, already done), not_found, busy (another request works
  /// on it), too_large (quota), invalid (more bytes than `length`), unavailable (disk, or the peer
  /// is gone), and those of `pull`.
  virtual io::Task<Result<Upload>> append(UserId user, std::string upload_id, std::uint64_t start,
                                          std::uint64_t length, std::uint64_t total,
                                          PullBytes pull) = 0;
  /// For an upload without a total: takes everything, and the end is the total.
  virtual io::Task<Result<Upload>> append_all(UserId user, std::string upload_id,
                                              PullBytes pull) = 0;

  /// Forgets the upload and its bytes. not_found, busy, conflict (done already).
  virtual io::Task<Result<>> remove(UserId user, std::string upload_id) = 0;

  /// A local file that holds exactly the bytes of a complete upload, to be looked at by name. Valid
  /// until hand_over or remove. conflict when it is not complete; not_found when it was handed over
  /// before a crash: it was looked at then, so go on with hand_over.
  virtual io::Task<Result<io::Path>> local_file(Upload upload) = 0;
  /// Moves the bytes of a complete upload into `store` as `key`, without copying where the disk
  /// allows. May be repeated after a crash at any point. Then write the rows, with finish_upload in
  /// the same transaction.
  virtual io::Task<Result<>> hand_over(Upload upload, blob::BlobStore& store, std::string key) = 0;

  /// Removes stale and long finished uploads, and files without an upload; at most `limit` of each.
  /// Returns how many went.
  virtual io::Task<Result<std::size_t>> collect(std::size_t limit) = 0;
};

/// The upload became `video`: a repeated last request finds it. conflict when it is not receiving
/// any more (cancelled, or finished by another request).
Result<> finish_upload(db::Session& session, UploadId upload, VideoId video);

}  // namespace shoal::storage
