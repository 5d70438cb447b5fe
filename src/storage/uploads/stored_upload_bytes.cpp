#include "storage/uploads/stored_upload_bytes.h"

#include <fmt/format.h>

#include <limits>

#include "storage/files.h"
#include "storage/uploads/upload_rows.h"

namespace shoal::storage {

/// Gathers on the disk what becomes one object.
class StoredUploadBytes::Writer final : public UploadWriter {
 public:
  Writer(StoredUploadBytes& bytes, const Upload& upload)
      : bytes_(bytes),
        upload_id_(upload.upload_id),
        path_(bytes.scratch_ / fmt::format("{}-{}", upload_id_, bytes.services_.random.hex(8))),
        start_(upload.received) {}
  ~Writer() override {
    if (file_) (void)bytes_.services_.files.remove(path_);
  }

  io::Task<Result<>> write(std::shared_ptr<std::vector<std::byte>> buffer,
                           std::size_t count) override {
    const Services& services = bytes_.services_;
    if (!file_) {
      CO_TRY(file_, co_await services.disk.run(
                        [&files = services.files, path = path_]() -> Result<OpenFile> {
                          TRY(auto opened, files.open(path, io::OpenMode::create_new));
                          return OpenFile(std::move(opened));
                        }));
    }
    CO_TRY_VOID(co_await services.disk.run([file = file_, buffer, offset = size_, count] {
      return file->write_at(offset, std::span(*buffer).first(count));
    }));
    size_ += count;
    co_return Result<>{};
  }

  io::Task<Result<UploadPart>> flush() override {
    const Services& services = bytes_.services_;
    CO_TRY(blob::BlobStore* const store, bytes_.find_store(bytes_.store_));
    UploadPart part{store->name(),
                    fmt::format("uploads/{}/{}-{}", upload_id_, start_, services.random.hex(8))};
    CO_TRY_VOID(co_await services.database.write([part](db::Session& session) {
      return announce_object(session, part.store, part.object_key, session.now());
    }));
    CO_TRY_VOID(co_await store->put_file(part.object_key, path_,
                                         {.content_type = "application/octet-stream"}));
    file_.reset();
    start_ += std::exchange(size_, 0);
    co_return part;
  }

 private:
  using OpenFile = std::shared_ptr<io::File>;
  StoredUploadBytes& bytes_;
  const std::string upload_id_;
  const io::Path path_;
  std::uint64_t start_;
  std::uint64_t size_ = 0;  ///< of the file
  OpenFile file_;
};

io::Task<Result<std::uint64_t>> StoredUploadBytes::room() {
  CO_TRY(const std::uint64_t here,
         co_await room_on_disk(services_.files, services_.disk, scratch_, k_disk_reserve));
  // The disk is only passed through: as long as it has room, there is as much as the store has.
  co_return here == 0 ? 0 : std::numeric_limits<std::uint64_t>::max();
}

Result<blob::BlobStore*> StoredUploadBytes::find_store(const std::string& name) const {
  blob::BlobStore* const store = services_.stores.find(name);
  if (store == nullptr)
    return fail(ErrorCode::unavailable, fmt::format("the store {} is away", name));
  return store;
}

io::Task<Result<std::unique_ptr<UploadWriter>>> StoredUploadBytes::open(Upload upload) {
  co_return std::make_unique<Writer>(*this, upload);
}

io::Task<Result<std::vector<UploadPart>>> StoredUploadBytes::find_parts(const Upload& upload) {
  co_return co_await services_.database.read(
      [id = upload.id](db::Session& session) -> Result<std::vector<UploadPart>> {
        return find_upload_parts(session, id);
      });
}

io::Task<Result<std::vector<std::byte>>> StoredUploadBytes::read_head(Upload upload,
                                                                      std::size_t size) {
  CO_TRY(const std::vector<UploadPart> parts, co_await find_parts(upload));
  std::vector<std::byte> head(std::min<std::uint64_t>(size, *upload.total));
  std::size_t at = 0;
  for (const UploadPart& part : parts) {
    if (at == head.size()) break;
    CO_TRY(blob::BlobStore* const store, find_store(part.store));
    CO_TRY(const auto reader, co_await store->open(part.object_key));
    CO_TRY(const std::size_t got, co_await reader->read_at(0, std::span(head).subspan(at)));
    at += got;
  }
  if (at < head.size()) co_return fail(ErrorCode::unavailable, "bytes of the upload are gone");
  co_return head;
}

io::Task<Result<>> StoredUploadBytes::hand_over(Upload upload, blob::BlobStore& store,
                                                std::string key) {
  CO_TRY(const std::vector<UploadPart> parts, co_await find_parts(upload));
  std::vector<std::string> keys;
  keys.reserve(parts.size());
  for (const UploadPart& part : parts) {
    if (part.store != store.name()) {
      co_return fail(
          ErrorCode::conflict,
          fmt::format("the upload was begun in another store ({}); send it again", part.store));
    }
    keys.push_back(part.object_key);
  }
  const auto joined =
      co_await store.join(std::move(keys), key, {.content_type = upload.content_type});
  if (joined || joined.error().code != ErrorCode::conflict) co_return joined;
  co_return co_await accept_handed_over(upload, store, std::move(key));
}

io::Task<Result<std::vector<std::string>>> StoredUploadBytes::list() {
  co_return std::vector<std::string>();
}

io::Task<Result<>> StoredUploadBytes::remove(std::string) {
  co_return Result<>{};
}

}  // namespace shoal::storage
