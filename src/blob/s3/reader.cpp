#include "blob/s3/reader.h"

#include "base/text.h"

namespace shoal::blob::s3 {
namespace {

/// "bytes 0-9/10" begins at `offset` and is of an object of `size` bytes.
bool answers(std::string_view content_range, std::uint64_t offset, std::uint64_t size) {
  return content_range.starts_with(fmt::format("bytes {}-", offset)) &&
         content_range.ends_with(fmt::format("/{}", size));
}

class Stream final : public ObjectStream {
 public:
  Stream(Client& client, std::string key, std::uint64_t size, std::uint64_t offset,
         std::uint64_t length)
      : client_(client), key_(std::move(key)), size_(size), offset_(offset), left_(length) {}

  io::Task<Result<std::size_t>> read(std::span<std::byte> out) override {
    out = out.first(static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), left_)));
    while (!out.empty()) {
      if (!body_) CO_TRY_VOID(co_await begin({}));
      const auto got = co_await body_->read(out);
      if (got && *got > 0) {
        offset_ += *got;
        left_ -= *got;
        co_return *got;
      }
      body_.reset();
      if (++breaks_ >= client_.config().attempts) {
        if (!got) co_return std::unexpected(got.error());
        co_return fail(ErrorCode::corrupt, key_ + " ends early in the store");
      }
    }
    co_return std::size_t{0};
  }

  /// All of it, into memory that stays until this ends.
  io::Task<Result<>> read_whole(std::span<std::byte> out) {
    while (!out.empty()) {
      if (!body_) CO_TRY_VOID(co_await begin(out));
      CO_TRY(const std::size_t got, co_await read(out));
      out = out.subspan(got);
    }
    co_return Result<>{};
  }

  io::Task<Result<>> begin(std::span<std::byte> into) {
    Operation operation{.name = "GetObject", .key = key_, .into = into};
    operation.headers.emplace_back("range",
                                   fmt::format("bytes={}-{}", offset_, offset_ + left_ - 1));
    CO_TRY(net::ClientResponse answer, co_await client_.open(std::move(operation)));
    const bool is_whole = answer.status == 200 && offset_ == 0 && left_ == size_;
    const bool is_range =
        answer.status == 206 &&
        answers(answer.headers.find("Content-Range").value_or(""), offset_, size_);
    if (!is_whole && !is_range)
      co_return fail(ErrorCode::corrupt, key_ + ": the store answered another range");
    body_ = std::move(answer.body);
    co_return Result<>{};
  }

 private:
  Client& client_;
  const std::string key_;
  const std::uint64_t size_;
  std::uint64_t offset_;
  std::uint64_t left_;
  unsigned breaks_ = 0;
  std::unique_ptr<net::BodySource> body_;
};

class Reader final : public ObjectReader {
 public:
  Reader(Client& client, std::string key, std::uint64_t size)
      : client_(client), key_(std::move(key)), size_(size) {}

  std::uint64_t size() const override { return size_; }
  std::shared_ptr<io::File> local_file() const override { return nullptr; }

  io::Task<Result<std::size_t>> read_at(std::uint64_t offset, std::span<std::byte> out) override {
    if (offset >= size_) co_return std::size_t{0};
    out = out.first(static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), size_ - offset)));
    Stream stream(client_, key_, size_, offset, out.size());
    CO_TRY_VOID(co_await stream.read_whole(out));
    co_return out.size();
  }

  io::Task<Result<std::unique_ptr<ObjectStream>>> stream(std::uint64_t offset,
                                                         std::uint64_t length) override {
    auto stream = std::make_unique<Stream>(client_, key_, size_, offset, length);
    // What is wrong shows before anything is promised to a viewer.
    if (length > 0) CO_TRY_VOID(co_await stream->begin({}));
    co_return stream;
  }

 private:
  Client& client_;
  const std::string key_;
  const std::uint64_t size_;
};

}  // namespace

std::unique_ptr<ObjectReader> make_reader(Client& client, std::string key, std::uint64_t size) {
  return std::make_unique<Reader>(client, std::move(key), size);
}

}  // namespace shoal::blob::s3
