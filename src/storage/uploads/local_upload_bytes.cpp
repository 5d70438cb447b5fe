#include "storage/uploads/local_upload_bytes.h"

#include "base/log.h"

namespace shoal::storage {
namespace {

constexpr std::string_view k_suffix = ".upload";

using OpenFile = std::shared_ptr<io::File>;

/// Appends to the upload's file.
class LocalWriter final : public UploadWriter {
 public:
  LocalWriter(OpenFile file, std::uint64_t offset, io::Offload& disk)
      : file_(std::move(file)), offset_(offset), disk_(disk) {}

  io::Task<Result<>> write(std::shared_ptr<std::vector<std::byte>> buffer,
                           std::size_t count) override {
    CO_TRY_VOID(co_await disk_.run([file = file_, buffer, offset = offset_, count] {
      return file->write_at(offset, std::span(*buffer).first(count));
    }));
    offset_ += count;
    co_return Result<>{};
  }
  io::Task<Result<UploadPart>> flush() override {
    CO_TRY_VOID(co_await disk_.run([file = file_] { return file->sync(); }));
    co_return UploadPart{};
  }

 private:
  const OpenFile file_;
  std::uint64_t offset_;
  io::Offload& disk_;
};

}  // namespace

io::Path LocalUploadBytes::path_of(const std::string& upload_id) const {
  return root_ / (upload_id + std::string(k_suffix));
}

io::Task<Result<std::uint64_t>> LocalUploadBytes::room() {
  return room_on_disk(files_, disk_, root_, reserve_);
}

io::Task<Result<std::unique_ptr<UploadWriter>>> LocalUploadBytes::open(Upload upload) {
  auto opened = co_await disk_.run(
      [this, path = path_of(upload.upload_id), received = upload.received]() -> Result<OpenFile> {
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
               {{"upload", upload.upload_id}, {"acknowledged", upload.received}});
    co_return fail(ErrorCode::unavailable, "the bytes of this upload cannot be reached");
  }
  if (!opened) co_return std::unexpected(opened.error());
  co_return std::make_unique<LocalWriter>(*std::move(opened), upload.received, disk_);
}

io::Task<Result<io::Path>> LocalUploadBytes::whole_file(Upload upload) {
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

io::Task<Result<std::vector<std::byte>>> LocalUploadBytes::read_head(Upload upload,
                                                                     std::size_t size) {
  CO_TRY(const io::Path path, co_await whole_file(upload));
  co_return co_await disk_.run([this, path, size]() -> Result<std::vector<std::byte>> {
    TRY(const auto file, files_.open(path, io::OpenMode::read));
    std::vector<std::byte> head(size);
    TRY(const std::size_t got, file->read_at(0, head));
    head.resize(got);
    return head;
  });
}

io::Task<Result<>> LocalUploadBytes::hand_over(Upload upload, blob::BlobStore& store,
                                               std::string key) {
  const auto file = co_await whole_file(upload);
  if (file) {
    auto put = co_await store.put_file(key, *file, {.content_type = upload.content_type});
    if (put || put.error().code != ErrorCode::conflict) co_return put;
  } else if (file.error().code != ErrorCode::not_found) {
    co_return std::unexpected(file.error());
  }
  // Handed over before a crash, perhaps with the old name left.
  CO_TRY_VOID(co_await accept_handed_over(upload, store, key));
  if (file) CO_TRY_VOID(co_await remove(upload.upload_id));
  co_return Result<>{};
}

io::Task<Result<std::vector<std::string>>> LocalUploadBytes::list() {
  CO_TRY(const auto names, co_await disk_.run([this] { return files_.list(root_); }));
  std::vector<std::string> ids;
  for (const std::string& name : names) {
    if (name.ends_with(k_suffix)) ids.push_back(name.substr(0, name.size() - k_suffix.size()));
  }
  co_return ids;
}

io::Task<Result<>> LocalUploadBytes::remove(std::string upload_id) {
  co_return co_await disk_.run([this, path = path_of(upload_id)] { return files_.remove(path); });
}

}  // namespace shoal::storage
