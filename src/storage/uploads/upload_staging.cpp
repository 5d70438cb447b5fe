#include "storage/uploads/upload_staging.h"

#include <limits>

#include "base/log.h"
#include "storage/uploads/upload_rows.h"

namespace shoal::storage {

namespace {

constexpr std::size_t k_buffer = std::size_t{256} << 10;
constexpr std::size_t k_longest_name = 1024;
constexpr std::uint64_t k_no_end = std::numeric_limits<std::uint64_t>::max();

/// How long announced bytes that do not come keep their room on the disk.
constexpr std::chrono::hours k_reserved_for{1};

Error not_found() {
  return {ErrorCode::not_found, "there is no such upload"};
}

std::string new_upload_id(Random& random) {
  // The shape of PeerTube's: four groups of 16 hex digits.
  return fmt::format("{}-{}-{}-{}", random.hex(8), random.hex(8), random.hex(8), random.hex(8));
}

Result<> check_announced(const NewUpload& announced, const UploadLimits& limits) {
  if (announced.filename.empty() || announced.filename.size() > k_longest_name) {
    return fail(ErrorCode::invalid, "filename must have 1 to 1024 bytes");
  }
  if (announced.total == 0) return fail(ErrorCode::invalid, "an upload must not be empty");
  if (announced.total.value_or(0) > limits.max_size) {
    return fail(ErrorCode::too_large,
                fmt::format("a file may have at most {} bytes", limits.max_size));
  }
  return {};
}

Result<> check_range(const Upload& upload, std::uint64_t start, std::uint64_t length,
                     std::uint64_t total) {
  if (upload.state != UploadState::receiving) {
    return fail(ErrorCode::conflict, "the upload is finished");
  }
  if (!upload.total || *upload.total != total) {
    return fail(ErrorCode::conflict, "another total than the one that was announced");
  }
  if (length > total || start > total - length) {
    return fail(ErrorCode::conflict, "the range goes beyond the end");
  }
  if (start > upload.received) {
    return fail(ErrorCode::conflict,
                fmt::format("bytes {} to {} are missing", upload.received, start - 1));
  }
  return {};
}

}  // namespace

class UploadStaging::Lock {
 public:
  Lock(UploadStaging& staging, std::string upload_id)
      : staging_(staging), upload_id_(std::move(upload_id)) {}
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
  ~Lock() {
    const std::scoped_lock guard(staging_.mutex_);
    staging_.locked_.erase(upload_id_);
  }

 private:
  UploadStaging& staging_;
  std::string upload_id_;
};

/// One request's way into an upload. `buffer` is shared with the disk's threads.
struct UploadStaging::Reception {
  Upload upload;
  std::unique_ptr<UploadWriter> writer;
  std::uint64_t skip = 0;     ///< bytes that are acknowledged already
  std::uint64_t written = 0;  ///< from the start; behind upload.received: not durable
  std::uint64_t to = k_no_end;
  std::shared_ptr<std::vector<std::byte>> buffer =
      std::make_shared<std::vector<std::byte>>(k_buffer);
};

UploadStaging::UploadStaging(UploadBytes& bytes, db::Database& database, Random& random,
                             QuotaCheck quota, UploadLimits limits)
    : bytes_(bytes),
      database_(database),
      random_(random),
      quota_(std::move(quota)),
      limits_(limits) {}

Result<std::unique_ptr<UploadStaging::Lock>> UploadStaging::lock(const std::string& upload_id) {
  const std::scoped_lock guard(mutex_);
  if (!locked_.insert(upload_id).second) {
    return fail(ErrorCode::busy, "another request works on this upload");
  }
  return std::make_unique<Lock>(*this, upload_id);
}

io::Task<Result<Upload>> UploadStaging::create(NewUpload announced) {
  CO_TRY_VOID(check_announced(announced, limits_));
  CO_TRY(const std::uint64_t room, co_await bytes_.room());
  co_return co_await database_.write(
      [this, room, announced = std::move(announced),
       upload_id = new_upload_id(random_)](db::Session& session) -> Result<Upload> {
        const auto promised = outstanding_bytes(session, session.now() - k_reserved_for);
        if (room < promised + announced.total.value_or(0)) {
          return fail(ErrorCode::unavailable, "the server has no room for a file of this size");
        }
        lock_uploader(session, announced.user);
        if (count_open_uploads(session, announced.user) >=
            static_cast<std::int64_t>(limits_.open_per_user)) {
          return fail(ErrorCode::busy, "too many unfinished uploads; finish or cancel some first");
        }
        TRY_VOID(quota_(session, announced.user, announced.total.value_or(0)));
        return insert_upload(session, announced, upload_id);
      });
}

io::Task<Result<Upload>> UploadStaging::find(UserId user, std::string upload_id) {
  co_return co_await database_.read(
      [user, upload_id = std::move(upload_id)](db::Session& session) -> Result<Upload> {
        auto upload = find_upload(session, upload_id);
        if (!upload || upload->user != user) return std::unexpected(not_found());
        return *std::move(upload);
      });
}

io::Task<Result<Upload>> UploadStaging::open_upload(UserId user, std::string upload_id) {
  co_return co_await database_.read(
      [this, user, upload_id = std::move(upload_id)](db::Session& session) -> Result<Upload> {
        auto upload = find_upload(session, upload_id);
        if (!upload || upload->user != user) return std::unexpected(not_found());
        // The quota may have shrunk, or other videos grown, since it was announced.
        if (upload->state == UploadState::receiving) TRY_VOID(quota_(session, user, 0));
        return *std::move(upload);
      });
}

io::Task<Result<Upload>> UploadStaging::append(UserId user, std::string upload_id,
                                               std::uint64_t start, std::uint64_t length,
                                               std::uint64_t total, PullBytes pull) {
  CO_TRY(const auto held, lock(upload_id));
  CO_TRY(Upload upload, co_await open_upload(user, upload_id));
  CO_TRY_VOID(check_range(upload, start, length, total));
  Reception reception;
  reception.skip = upload.received - start;
  reception.written = upload.received;
  reception.to = start + length;
  if (reception.to <= upload.received) co_return upload;
  CO_TRY(reception.writer, co_await bytes_.open(upload));
  reception.upload = std::move(upload);
  CO_TRY_VOID(co_await receive(reception, pull));
  co_return reception.upload;
}

io::Task<Result<Upload>> UploadStaging::append_all(UserId user, std::string upload_id,
                                                   PullBytes pull) {
  CO_TRY(const auto held, lock(upload_id));
  CO_TRY(Upload upload, co_await open_upload(user, upload_id));
  if (upload.total || upload.received != 0) {
    co_return fail(ErrorCode::conflict, "the upload has begun already");
  }
  Reception reception;
  CO_TRY(reception.writer, co_await bytes_.open(upload));
  reception.upload = std::move(upload);
  CO_TRY_VOID(co_await receive(reception, pull));
  const std::uint64_t total = reception.upload.received;
  if (total == 0) co_return fail(ErrorCode::invalid, "an upload must not be empty");
  CO_TRY_VOID(co_await database_.write([id = reception.upload.id, total](db::Session& session) {
    return record_total(session, id, total);
  }));
  reception.upload.total = total;
  co_return reception.upload;
}

io::Task<Result<>> UploadStaging::check_room() {
  CO_TRY(const std::uint64_t room, co_await bytes_.room());
  if (room == 0) co_return fail(ErrorCode::unavailable, "the server has no room left for uploads");
  co_return Result<>{};
}

io::Task<Result<>> UploadStaging::receive(Reception& reception, PullBytes& pull) {
  CO_TRY_VOID(co_await check_room());
  for (;;) {
    // One more than wanted: a body that goes on beyond its range is a defect of the client.
    const std::span<std::byte> room(reception.buffer->data(), k_buffer);
    auto pulled = co_await pull(room);
    if (!pulled || *pulled == 0) {
      // What came before the peer went away counts: it need not be sent again.
      CO_TRY_VOID(co_await acknowledge(reception));
      if (!pulled) co_return std::unexpected(std::move(pulled).error());
      co_return Result<>{};
    }
    const auto skipped = std::min<std::uint64_t>(reception.skip, *pulled);
    reception.skip -= skipped;
    std::copy(room.begin() + static_cast<std::ptrdiff_t>(skipped),
              room.begin() + static_cast<std::ptrdiff_t>(*pulled), room.begin());
    const std::uint64_t count = *pulled - skipped;
    if (count > reception.to - reception.written) {
      co_return fail(ErrorCode::invalid, "more bytes than the range says");
    }
    if (reception.written + count > limits_.max_size) {
      co_return fail(ErrorCode::too_large,
                     fmt::format("a file may have at most {} bytes", limits_.max_size));
    }
    if (count > 0) {
      CO_TRY_VOID(
          co_await reception.writer->write(reception.buffer, static_cast<std::size_t>(count)));
    }
    reception.written += count;
    if (reception.written - reception.upload.received >= limits_.acknowledge_every) {
      CO_TRY_VOID(co_await acknowledge(reception));
      CO_TRY_VOID(co_await check_room());
    }
  }
}

io::Task<Result<>> UploadStaging::acknowledge(Reception& reception) {
  if (reception.written == reception.upload.received) co_return Result<>{};
  // In this order: the bytes, then the row that counts them.
  CO_TRY(UploadPart part, co_await reception.writer->flush());
  CO_TRY_VOID(co_await database_.write([this, upload = reception.upload, to = reception.written,
                                        part = std::move(part)](db::Session& session) -> Result<> {
    lock_uploader(session, upload.user);
    TRY_VOID(record_range(session, upload, to, part));
    // With these bytes counted, among those of all other uploads.
    return quota_(session, upload.user, 0);
  }));
  reception.upload.received = reception.written;
  co_return Result<>{};
}

io::Task<Result<>> UploadStaging::remove(UserId user, std::string upload_id) {
  CO_TRY(const auto held, lock(upload_id));
  CO_TRY_VOID(co_await database_.write([user, upload_id](db::Session& session) -> Result<> {
    const auto upload = find_upload(session, upload_id);
    if (!upload || upload->user != user) return std::unexpected(not_found());
    if (upload->state == UploadState::done) {
      return fail(ErrorCode::conflict, "the upload is finished");
    }
    delete_upload(session, upload->id);
    return {};
  }));
  // The row first: bytes without a row are found by collect, a row without its bytes is not.
  auto removed = co_await bytes_.remove(upload_id);
  if (!removed && removed.error().code != ErrorCode::not_found) {
    log::warn("a cancelled upload's bytes are left for the collector",
              {{"reason", removed.error().message}});
  }
  co_return Result<>{};
}

io::Task<Result<std::vector<std::byte>>> UploadStaging::read_head(Upload upload, std::size_t size) {
  if (!upload.is_complete()) co_return fail(ErrorCode::conflict, "the upload is not complete");
  co_return co_await bytes_.read_head(std::move(upload), size);
}

io::Task<Result<>> UploadStaging::hand_over(Upload upload, blob::BlobStore& store,
                                            std::string key) {
  if (!upload.is_complete()) co_return fail(ErrorCode::conflict, "the upload is not complete");
  CO_TRY(const auto held, lock(upload.upload_id));
  co_return co_await bytes_.hand_over(std::move(upload), store, std::move(key));
}

io::Task<Result<std::size_t>> UploadStaging::collect(std::size_t limit) {
  CO_TRY(
      const auto old,
      co_await database_.write([this, limit](db::Session& session) -> Result<std::vector<Upload>> {
        const UtcTime now = session.now();
        return old_uploads(session, now - limits_.stale_after, now - limits_.remember_done, limit);
      }));
  std::size_t gone = 0;
  for (const Upload& upload : old) {
    const auto held = lock(upload.upload_id);
    if (!held) continue;  // it is not so stale after all
    CO_TRY_VOID(co_await database_.write([&upload, this](db::Session& session) -> Result<> {
      const auto current = find_upload(session, upload.upload_id);
      const bool touched = current && current->state == UploadState::receiving &&
                           current->updated_at >= session.now() - limits_.stale_after;
      if (current && !touched) delete_upload(session, current->id);
      return {};
    }));
    ++gone;
  }
  CO_TRY(const std::size_t leftovers, co_await collect_leftovers(limit));
  co_return gone + leftovers;
}

io::Task<Result<std::size_t>> UploadStaging::collect_leftovers(std::size_t limit) {
  CO_TRY(const auto ids, co_await bytes_.list());
  std::size_t gone = 0;
  for (const std::string& upload_id : ids) {
    if (gone >= limit) break;
    // Held while we look and delete: a request creates its row before its bytes, so bytes without
    // a row that nobody works on belong to nobody.
    const auto held = lock(upload_id);
    if (!held) continue;
    CO_TRY(const bool known,
           co_await database_.read([&upload_id](db::Session& session) -> Result<bool> {
             const auto upload = find_upload(session, upload_id);
             return upload && upload->state == UploadState::receiving;
           }));
    if (known) continue;
    if (co_await bytes_.remove(upload_id)) ++gone;
  }
  co_return gone;
}

}  // namespace shoal::storage
