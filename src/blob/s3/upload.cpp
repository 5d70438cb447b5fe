#include "blob/s3/upload.h"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>
#include <cstring>

#include "base/digest.h"
#include "base/text.h"
#include "blob/s3/requests.h"
#include "io/task_group.h"

namespace shoal::blob::s3 {
namespace {

constexpr std::size_t k_read_step = std::size_t{1} << 20;

/// A range of a file, read on the pool.
class FileRange final : public net::BodySource {
 public:
  FileRange(std::shared_ptr<io::File> file, std::uint64_t offset, std::uint64_t length,
            io::Offload& disk)
      : file_(std::move(file)), offset_(offset), left_(length), length_(length), disk_(disk) {}

  io::Task<Result<std::size_t>> read(std::span<std::byte> out) override {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), left_));
    if (wanted == 0) co_return std::size_t{0};
    // The pool reads into a buffer of its own: a cancelled caller's memory may be gone by then.
    if (!buffer_) buffer_ = std::make_shared<std::vector<std::byte>>();
    buffer_->resize(wanted);
    CO_TRY(const std::size_t got,
           co_await disk_.run([file = file_, buffer = buffer_, offset = offset_] {
             return file->read_at(offset, *buffer);
           }));
    if (got == 0) co_return fail(ErrorCode::corrupt, "the file became shorter while it was sent");
    std::memcpy(out.data(), buffer_->data(), got);
    offset_ += got;
    left_ -= got;
    co_return got;
  }
  std::optional<std::uint64_t> length() const override { return length_; }

 private:
  std::shared_ptr<io::File> file_;
  std::uint64_t offset_;
  std::uint64_t left_;
  const std::uint64_t length_;
  io::Offload& disk_;
  std::shared_ptr<std::vector<std::byte>> buffer_;
};

Result<std::string> sha256_of(io::File& file, std::uint64_t offset, std::uint64_t length) {
  Sha256 sum;
  std::vector<std::byte> buffer(std::min<std::uint64_t>(k_read_step, length));
  while (length > 0) {
    const auto step = std::span(buffer).first(std::min<std::uint64_t>(buffer.size(), length));
    TRY(const std::size_t got, file.read_at(offset, step));
    if (got == 0) return fail(ErrorCode::corrupt, "the file is shorter than it was");
    sum.update(step.first(got));
    offset += got;
    length -= got;
  }
  return to_hex(sum.finish());
}

/// The ids of uploads of this object that were begun.
io::Task<Result<std::vector<std::string>>> find_uploads(Client& client, std::string key) {
  const std::string full_key = client.config().address.prefix + key;
  Operation operation{.name = "ListMultipartUploads",
                      .query = {{"prefix", full_key}, {"uploads", ""}}};
  CO_TRY(const Reply listed, co_await client.call(std::move(operation)));
  CO_TRY(const UploadPage page, parse_list_uploads(listed.text));
  std::vector<std::string> ids;
  for (const ListedUpload& upload : page.uploads) {
    if (upload.key == full_key) ids.push_back(upload.upload_id);
  }
  co_return ids;
}

std::unexpected<Error> exists(const std::string& key) {
  return fail(ErrorCode::conflict, "there is an object " + key + " already");
}

/// One object in one request.
io::Task<Result<>> put_whole(Client& client, bool conditional, std::string key, NameValues headers,
                             UploadSource source) {
  const std::uint64_t size = source.size();
  CO_TRY(std::string sum, co_await source.sha256(0, size));
  if (conditional) headers.emplace_back("if-none-match", "*");
  headers.emplace_back("x-amz-meta-sha256", sum);
  const auto sent = std::make_shared<int>(0);
  Operation operation{.name = "PutObject",
                      .method = "PUT",
                      .key = key,
                      .headers = std::move(headers),
                      .body =
                          [source, size, sent] {
                            ++*sent;
                            return source.body(0, size);
                          },
                      .payload_sha256 = sum};
  const auto put = co_await client.call(std::move(operation));
  if (put || put.error().code != ErrorCode::conflict)
    co_return put ? Result<>() : std::unexpected(put.error());
  if (*sent == 1) co_return exists(key);
  // Perhaps it is ours, of a try whose answer was lost.
  const auto there = co_await client.call({.name = "HeadObject", .method = "HEAD", .key = key});
  co_return there && there->headers.find("x-amz-meta-sha256") == sum ? Result<>() : exists(key);
}

/// An object in parts, of one upload id.
class Multipart {
 public:
  Multipart(Client& client, const UploadConfig& config, std::string key, const UploadSource& source)
      : client_(client), config_(config), key_(std::move(key)), source_(source) {}

  io::Task<Result<>> run(NameValues headers) {
    CO_TRY(plan_, plan_multipart(source_.size(), config_.part_size));
    CO_TRY_VOID(co_await find_or_begin(std::move(headers)));
    CO_TRY_VOID(co_await send_missing());
    CO_TRY_VOID(co_await complete_multipart(client_, key_, upload_id_, parts_, source_.size()));
    // The object is there; what cannot be taken away now goes with it one day.
    if (has_others_) (void)co_await abort_uploads(client_, key_);
    co_return Result<>{};
  }

 private:
  io::Task<Result<>> find_or_begin(NameValues headers) {
    CO_TRY(const auto begun_before, co_await find_uploads(client_, key_));
    if (!begun_before.empty()) {
      upload_id_ = begun_before.back();
      has_others_ = begun_before.size() > 1;
      co_return co_await look_at_parts();
    }
    CO_TRY(BegunUpload begun, co_await begin_multipart(client_, key_, std::move(headers)));
    upload_id_ = std::move(begun.id);
    has_others_ = begun.may_be_twice;
    missing_ = resume(plan_, {}).missing;
    co_return Result<>{};
  }

  io::Task<Result<>> look_at_parts() {
    std::vector<Part> listed;
    for (std::string marker = "0";;) {
      CO_TRY(const Reply reply, co_await client_.call({.name = "ListParts",
                                                       .key = key_,
                                                       .query = {{"part-number-marker", marker},
                                                                 {"uploadId", upload_id_}}}));
      CO_TRY(PartPage page, parse_list_parts(reply.text));
      listed.insert(listed.end(), page.parts.begin(), page.parts.end());
      if (!page.is_truncated) break;
      marker = std::to_string(page.next_marker);
    }
    Resumption rest = resume(plan_, listed);
    parts_ = std::move(rest.present);
    missing_ = std::move(rest.missing);
    co_return Result<>{};
  }

  /// Several at a time; the first failure lets the others end what they have begun.
  io::Task<Result<>> send_missing() {
    io::TaskGroup senders(co_await boost::asio::this_coro::executor, "parts of " + key_);
    // Who is cancelled waits for the parts that are on their way, and begins no other.
    const auto cancellation = co_await boost::asio::this_coro::cancellation_state;
    const std::size_t count = std::min(config_.parallel_parts, missing_.size());
    for (std::size_t i = 0; i < count; ++i) senders.spawn(send_parts(cancellation));
    co_await senders.drain();
    if (error_) co_return std::unexpected(*error_);
    std::ranges::sort(parts_, {}, &Part::number);
    co_return Result<>{};
  }

  io::Task<> send_parts(boost::asio::cancellation_state outer) {
    while (!error_ && next_ < missing_.size() &&
           outer.cancelled() == boost::asio::cancellation_type::none) {
      const std::uint32_t number = missing_[next_++];
      auto part = co_await send_part(number);
      if (part) {
        parts_.push_back(*std::move(part));
      } else {
        error_ = part.error();
      }
    }
  }

  io::Task<Result<Part>> send_part(std::uint32_t number) {
    const std::uint64_t offset = plan_.offset_of(number);
    const std::uint64_t length = plan_.length_of(number);
    CO_TRY(std::string sum, co_await source_.sha256(offset, length));
    Operation operation{
        .name = "UploadPart",
        .method = "PUT",
        .key = key_,
        .query = {{"partNumber", std::to_string(number)}, {"uploadId", upload_id_}},
        .body = [source = source_, offset, length] { return source.body(offset, length); },
        .payload_sha256 = std::move(sum)};
    CO_TRY(const Reply reply, co_await client_.call(std::move(operation)));
    const auto etag = unquoted_etag(reply.headers.find("ETag").value_or(""));
    if (etag.empty()) co_return fail(ErrorCode::corrupt, "UploadPart was answered without an ETag");
    co_return Part{number, length, std::string(etag)};
  }

  Client& client_;
  const UploadConfig& config_;
  const std::string key_;
  const UploadSource& source_;
  MultipartPlan plan_;
  std::string upload_id_;
  bool has_others_ = false;  ///< of this key, which somebody began before
  std::vector<Part> parts_;
  std::vector<std::uint32_t> missing_;
  std::size_t next_ = 0;
  std::optional<Error> error_;
};

}  // namespace

UploadSource UploadSource::of_text(std::string text) {
  UploadSource source;
  source.size_ = text.size();
  source.text_ = std::make_shared<const std::string>(std::move(text));
  return source;
}

UploadSource UploadSource::of_file(std::shared_ptr<io::File> file, std::uint64_t size,
                                   io::Offload& disk) {
  UploadSource source;
  source.size_ = size;
  source.file_ = std::move(file);
  source.disk_ = &disk;
  return source;
}

io::Task<Result<std::string>> UploadSource::sha256(std::uint64_t offset,
                                                   std::uint64_t length) const {
  if (!expected_.empty() && offset == 0 && length == size_) co_return expected_;
  if (text_) co_return to_hex(Sha256::of(std::string_view(*text_).substr(offset, length)));
  co_return co_await disk_->run(
      [file = file_, offset, length] { return sha256_of(*file, offset, length); });
}

std::shared_ptr<net::BodySource> UploadSource::body(std::uint64_t offset,
                                                    std::uint64_t length) const {
  if (text_) return net::text_body(text_->substr(offset, length));
  return std::make_shared<FileRange>(file_, offset, length, *disk_);
}

io::Task<Result<>> upload(Client& client, UploadConfig config, std::string key, NameValues headers,
                          UploadSource source) {
  const bool is_whole = source.size() <= config.part_size;
  if (!is_whole || !config.has_conditional_put) {
    const auto there = co_await size_of(client, key);
    if (there) co_return exists(key);
    if (there.error().code != ErrorCode::not_found) co_return std::unexpected(there.error());
  }
  if (is_whole) {
    co_return co_await put_whole(client, config.has_conditional_put, std::move(key),
                                 std::move(headers), std::move(source));
  }
  Multipart multipart(client, config, std::move(key), source);
  co_return co_await multipart.run(std::move(headers));
}

io::Task<Result<>> abort_uploads(Client& client, std::string key) {
  CO_TRY(const auto ids, co_await find_uploads(client, key));
  for (const std::string& id : ids) {
    const auto aborted = co_await client.call({.name = "AbortMultipartUpload",
                                               .method = "DELETE",
                                               .key = key,
                                               .query = {{"uploadId", id}}});
    if (!aborted && aborted.error().code != ErrorCode::not_found)
      co_return std::unexpected(aborted.error());
  }
  co_return Result<>{};
}

}  // namespace shoal::blob::s3
