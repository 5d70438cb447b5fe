#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "blob/blob_store.h"
#include "db/database.h"
#include "io/task.h"
#include "storage/uploads/upload_bytes.h"

namespace shoal::storage {

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
  Seconds stale_after{24 * 3600};
  /// How long a finished upload still answers with its video.
  Seconds remember_done{24 * 3600};
};

/// Uploads from their announcement until they are videos. Bytes are durable before the row that
/// counts them, the row before the answer. One request at a time works on an upload, others are
/// told busy; of two on two nodes the slower one is. Any thread.
class UploadStaging {
 public:
  /// The references outlive this.
  UploadStaging(UploadBytes& bytes, db::Database& database, Random& random, QuotaCheck quota,
                UploadLimits limits);

  /// Errors: invalid, too_large (maximum size, quota), busy (too many open uploads of this user),
  /// unavailable (no room on the disk).
  io::Task<Result<Upload>> create(NewUpload announced);
  /// not_found also when it is another user's: an id tells nothing to who does not own it.
  io::Task<Result<Upload>> find(UserId user, std::string upload_id);

  /// Takes the bytes [start, start + length) of `total`. What is acknowledged already is skipped,
  /// never written again. When the bytes end early, what came is kept and counts. Errors: conflict
  /// (a gap, another total, beyond the end, already done), not_found, busy (another request works
  /// on it), too_large (quota), invalid (more bytes than `length`), unavailable (disk, or the peer
  /// is gone), and those of `pull`.
  io::Task<Result<Upload>> append(UserId user, std::string upload_id, std::uint64_t start,
                                  std::uint64_t length, std::uint64_t total, PullBytes pull);
  /// For an upload without a total: takes everything, and the end is the total.
  io::Task<Result<Upload>> append_all(UserId user, std::string upload_id, PullBytes pull);

  /// Forgets the upload and its bytes. not_found, busy, conflict (done already).
  io::Task<Result<>> remove(UserId user, std::string upload_id);

  /// The first bytes of a complete upload, at most `size`. conflict when it is not complete;
  /// not_found when it was handed over before a crash: it was looked at then, so go on with
  /// hand_over.
  io::Task<Result<std::vector<std::byte>>> read_head(Upload upload, std::size_t size);
  /// Moves the bytes of a complete upload into `store` as `key`, without copying where the disk
  /// allows. May be repeated after a crash at any point. Then write the rows, with finish_upload in
  /// the same transaction.
  io::Task<Result<>> hand_over(Upload upload, blob::BlobStore& store, std::string key);

  /// Removes stale and long finished uploads, and bytes without an upload; at most `limit` of each.
  /// Returns how many went.
  io::Task<Result<std::size_t>> collect(std::size_t limit);

 private:
  /// Holds an upload's id while a request works on it.
  class Lock;
  struct Reception;

  Result<std::unique_ptr<Lock>> lock(const std::string& upload_id);
  io::Task<Result<Upload>> open_upload(UserId user, std::string upload_id);
  /// Pulls to the end or to reception.to, acknowledging on the way.
  io::Task<Result<>> receive(Reception& reception, PullBytes& pull);
  io::Task<Result<>> check_room();
  io::Task<Result<>> acknowledge(Reception& reception);
  io::Task<Result<std::size_t>> collect_leftovers(std::size_t limit);

  UploadBytes& bytes_;
  db::Database& database_;
  Random& random_;
  const QuotaCheck quota_;
  const UploadLimits limits_;
  std::mutex mutex_;
  std::set<std::string> locked_;
};

/// The upload became `video`: a repeated last request finds it. conflict when it is not receiving
/// any more (cancelled, or finished by another request).
Result<> finish_upload(db::Session& session, UploadId upload, VideoId video);

}  // namespace shoal::storage
