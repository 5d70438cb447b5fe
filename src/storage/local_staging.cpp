#include "storage/local_staging.h"

#include <limits>

#include "base/log.h"
#include "storage/upload_rows.h"

namespace shoal::storage {

namespace {

constexpr std::size_t k_buffer = std::size_t{256} << 10;
constexpr std::string_view k_suffix = ".upload";
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

class LocalStaging::Lock {
 public:
  Lock(LocalStaging& staging, std::string upload_id)
      : staging_(staging), upload_id_(std::move(upload_id)) {}
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
  ~Lock() {
    const std::scoped_lock guard(staging_.mutex_);
    staging_.locked_.erase(upload_id_);
  }

 private:
  LocalStaging& staging_;
  std::string upload_id_;
};

/// One request's way through the file. `buffer` is shared with the disk's threads.
struct LocalStaging::Writer {
  Upload upload;
  OpenFile file;
  std::uint64_t skip = 0;     ///< bytes that are acknowledged already
  std::uint64_t written = 0;  ///< in the file, from the start; behind upload.received: not durable
  std::uint64_t to = k_no_end;
  std::shared_ptr<std::vector<std::byte>> buffer =
      std::make_shared<std::vector<std::byte>>(k_buffer);
};

LocalStaging::LocalStaging(io::Path root, db::Database& database, io::FileSystem& files,
                           io::Offload& disk, Random& random, QuotaCheck quota, UploadLimits limits)
    : root_(std::move(root)),
      database_(database),
      files_(files),
      disk_(disk),
      random_(random),
      quota_(std::move(quota)),
      limits_(limits) {}

Result<std::unique_ptr<LocalStaging::Lock>> LocalStaging::lock(const std::string& upload_id) {
  const std::scoped_lock guard(mutex_);
  if (!locked_.insert(upload_id).second) {
    return fail(ErrorCode::busy, "another request works on this upload");
  }
  return std::make_unique<Lock>(*this, upload_id);
}

io::Path LocalStaging::path_of(const std::string& upload_id) const {
  return root_ / (upload_id + std::string(k_suffix));
}

io::Task<Result<Upload>> LocalStaging::create(NewUpload announced) {
  CO_TRY_VOID(check_announced(announced, limits_));
  CO_TRY(const std::uint64_t room, co_await disk_.run([this] { return files_.free_bytes(root_); }));
  co_return co_await database_.write(
      [this, room, announced = std::move(announced),
       upload_id = new_upload_id(random_)](db::Session& session) -> Result<Upload> {
        const auto promised = outstanding_bytes(session, session.now() - k_reserved_for);
        if (room < limits_.disk_reserve + promised + announced.total.value_or(0)) {
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

io::Task<Result<Upload>> LocalStaging::find(UserId user, std::string upload_id) {
  co_return co_await database_.read(
      [user, upload_id = std::move(upload_id)](db::Session& session) -> Result<Upload> {
        auto upload = find_upload(session, upload_id);
        if (!upload || upload->user != user) return std::unexpected(not_found());
        return *std::move(upload);
      });
}

io::Task<Result<Upload>> LocalStaging::open_upload(UserId user, std::string upload_id) {
  co_return co_await database_.read(
      [this, user, upload_id = std::move(upload_id)](db::Session& session) -> Result<Upload> {
        auto upload = find_upload(session, upload_id);
        if (!upload || upload->user != user) return std::unexpected(not_found());
        // The quota may have shrunk, or other videos grown, since it was announced.
        if (upload->state == UploadState::receiving) TRY_VOID(quota_(session, user, 0));
        return *std::move(upload);
      });
}

io::Task<Result<LocalStaging::OpenFile>> LocalStaging::open_file(std::string upload_id,
                                                                 std::uint64_t received) {
  auto opened =
      co_await disk_.run([this, path = path_of(upload_id), received]() -> Result<OpenFile> {
        if (received == 0) {
          TRY(auto file, files_.open(path, io::OpenMode::create));
          TRY_VOID(files_.sync_directory(root_));
          return OpenFile(std::move(file));
        }
        TRY(auto file, files_.open(path, io::OpenMode::write));
        TRY(const auto size, file->size());
        // Never made anew: bytes that were acknowledged are there, or the disk is not.
        if (size < received) return fail(ErrorCode::not_found, "shorter than acknowledged");
        return OpenFile(std::move(file));
      });
  if (!opened && opened.error().code == ErrorCode::not_found) {
    log::error("bytes of an upload are gone: is the disk of the uploads mounted?",
               {{"upload", upload_id}, {"acknowledged", received}});
    co_return fail(ErrorCode::unavailable, "the bytes of this upload cannot be reached");
  }
  if (!opened) co_return std::unexpected(opened.error());
  co_return *std::move(opened);
}

io::Task<Result<Upload>> LocalStaging::append(UserId user, std::string upload_id,
                                              std::uint64_t start, std::uint64_t length,
                                              std::uint64_t total, PullBytes pull) {
  CO_TRY(const auto held, lock(upload_id));
  CO_TRY(Upload upload, co_await open_upload(user, upload_id));
  CO_TRY_VOID(check_range(upload, start, length, total));
  Writer writer;
  writer.skip = upload.received - start;
  writer.written = upload.received;
  writer.to = start + length;
  if (writer.to <= upload.received) co_return upload;
  CO_TRY(writer.file, co_await open_file(upload.upload_id, upload.received));
  writer.upload = std::move(upload);
  auto received = co_await receive(writer, pull);
  if (!received) co_return std::unexpected(std::move(received).error());
  co_return writer.upload;
}

io::Task<Result<Upload>> LocalStaging::append_all(UserId user, std::string upload_id,
                                                  PullBytes pull) {
  CO_TRY(const auto held, lock(upload_id));
  CO_TRY(Upload upload, co_await open_upload(user, upload_id));
  if (upload.total || upload.received != 0) {
    co_return fail(ErrorCode::conflict, "the upload has begun already");
  }
  Writer writer;
  CO_TRY(writer.file, co_await open_file(upload.upload_id, 0));
  writer.upload = std::move(upload);
  CO_TRY_VOID(co_await receive(writer, pull));
  const std::uint64_t total = writer.upload.received;
  if (total == 0) co_return fail(ErrorCode::invalid, "an upload must not be empty");
  CO_TRY_VOID(co_await database_.write([id = writer.upload.id, total](db::Session& session) {
    return record_total(session, id, total);
  }));
  writer.upload.total = total;
  co_return writer.upload;
}

io::Task<Result<>> LocalStaging::check_reserve() {
  CO_TRY(const std::uint64_t room, co_await disk_.run([this] { return files_.free_bytes(root_); }));
  if (room < limits_.disk_reserve)
    co_return fail(ErrorCode::unavailable, "the server has no room left for uploads");
  co_return Result<>{};
}

io::Task<Result<>> LocalStaging::receive(Writer& writer, PullBytes& pull) {
  CO_TRY_VOID(co_await check_reserve());
  for (;;) {
    // One more than wanted: a body that goes on beyond its range is a defect of the client.
    const std::span<std::byte> room(writer.buffer->data(), k_buffer);
    auto pulled = co_await pull(room);
    if (!pulled || *pulled == 0) {
      // What came before the peer went away counts: it need not be sent again.
      CO_TRY_VOID(co_await acknowledge(writer));
      if (!pulled) co_return std::unexpected(std::move(pulled).error());
      co_return Result<>{};
    }
    const auto skipped = std::min<std::uint64_t>(writer.skip, *pulled);
    writer.skip -= skipped;
    std::copy(room.begin() + static_cast<std::ptrdiff_t>(skipped),
              room.begin() + static_cast<std::ptrdiff_t>(*pulled), room.begin());
    const std::uint64_t count = *pulled - skipped;
    if (count > writer.to - writer.written) {
      co_return fail(ErrorCode::invalid, "more bytes than the range says");
    }
    if (writer.written + count > limits_.max_size) {
      co_return fail(ErrorCode::too_large,
                     fmt::format("a file may have at most {} bytes", limits_.max_size));
    }
    CO_TRY_VOID(co_await write_bytes(writer, static_cast<std::size_t>(count)));
    if (writer.written - writer.upload.received >= limits_.acknowledge_every) {
      CO_TRY_VOID(co_await acknowledge(writer));
      CO_TRY_VOID(co_await check_reserve());
    }
  }
}

io::Task<Result<>> LocalStaging::write_bytes(Writer& writer, std::size_t count) {
  if (count == 0) co_return Result<>{};
  CO_TRY_VOID(co_await disk_.run(
      [file = writer.file, buffer = writer.buffer, offset = writer.written, count] {
        return file->write_at(offset, std::span(*buffer).first(count));
      }));
  writer.written += count;
  co_return Result<>{};
}

io::Task<Result<>> LocalStaging::acknowledge(Writer& writer) {
  if (writer.written == writer.upload.received) co_return Result<>{};
  // In this order: the bytes, then the row that counts them.
  CO_TRY_VOID(co_await disk_.run([file = writer.file] { return file->sync(); }));
  CO_TRY_VOID(co_await database_.write(
      [this, upload = writer.upload, to = writer.written](db::Session& session) -> Result<> {
        lock_uploader(session, upload.user);
        TRY_VOID(record_range(session, upload, upload.received, to));
        // With these bytes counted, among those of all other uploads.
        return quota_(session, upload.user, 0);
      }));
  writer.upload.received = writer.written;
  co_return Result<>{};
}

io::Task<Result<>> LocalStaging::remove(UserId user, std::string upload_id) {
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
  // The row first: a file without a row is found by collect, a row without its file is not.
  auto removed =
      co_await disk_.run([this, path = path_of(upload_id)] { return files_.remove(path); });
  if (!removed && removed.error().code != ErrorCode::not_found) {
    log::warn("a cancelled upload's file is left for the collector",
              {{"reason", removed.error().message}});
  }
  co_return Result<>{};
}

io::Task<Result<io::Path>> LocalStaging::local_file(Upload upload) {
  if (!upload.is_complete()) co_return fail(ErrorCode::conflict, "the upload is not complete");
  co_return co_await disk_.run(
      [this, path = path_of(upload.upload_id), total = *upload.total]() -> Result<io::Path> {
        TRY(const auto file, files_.open(path, io::OpenMode::write));
        // A request that broke off may have left bytes behind the end.
        TRY(const auto size, file->size());
        if (size < total) return fail(ErrorCode::unavailable, "bytes of the upload are gone");
        if (size > total) {
          TRY_VOID(file->truncate(total));
          TRY_VOID(file->sync());
        }
        return path;
      });
}

io::Task<Result<>> LocalStaging::hand_over(Upload upload, blob::BlobStore& store, std::string key) {
  CO_TRY(const auto held, lock(upload.upload_id));
  auto file = co_await local_file(upload);
  if (file) {
    auto put = co_await store.put_file(key, *file, {.content_type = upload.content_type});
    if (put || put.error().code != ErrorCode::conflict) co_return put;
  } else if (file.error().code != ErrorCode::not_found) {
    co_return std::unexpected(std::move(file).error());
  }
  // Handed over before a crash, perhaps with the old name left: the object must be the whole.
  CO_TRY(const auto stored, co_await store.status(key));
  if (stored.size != *upload.total) {
    co_return fail(ErrorCode::conflict, "the store holds something else under the upload's key");
  }
  if (file) {
    CO_TRY_VOID(co_await disk_.run([this, path = *file] { return files_.remove(path); }));
  }
  co_return Result<>{};
}

io::Task<Result<std::size_t>> LocalStaging::collect(std::size_t limit) {
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
  CO_TRY(const std::size_t orphans, co_await collect_orphans(limit));
  co_return gone + orphans;
}

io::Task<Result<std::size_t>> LocalStaging::collect_orphans(std::size_t limit) {
  CO_TRY(const auto names, co_await disk_.run([this] { return files_.list(root_); }));
  std::size_t gone = 0;
  for (const std::string& name : names) {
    if (!name.ends_with(k_suffix) || gone >= limit) continue;
    const std::string upload_id = name.substr(0, name.size() - k_suffix.size());
    // Held while we look and delete: a request creates its row before its file, so a file without
    // a row that nobody works on belongs to nobody.
    const auto held = lock(upload_id);
    if (!held) continue;
    CO_TRY(const bool known,
           co_await database_.read([&upload_id](db::Session& session) -> Result<bool> {
             const auto upload = find_upload(session, upload_id);
             return upload && upload->state == UploadState::receiving;
           }));
    if (known) continue;
    auto removed = co_await disk_.run([this, path = root_ / name] { return files_.remove(path); });
    if (removed) ++gone;
  }
  co_return gone;
}

}  // namespace shoal::storage
