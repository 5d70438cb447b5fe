#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "blob/s3/client.h"
#include "blob/s3/multipart_plan.h"
#include "io/file_system.h"
#include "io/offload.h"

namespace shoal::blob::s3 {

/// Where the bytes of an upload come from: a text, or a file that is read on a pool.
class UploadSource {
 public:
  static UploadSource of_text(std::string text);
  /// The references outlive the upload.
  static UploadSource of_file(std::shared_ptr<io::File> file, std::uint64_t size,
                              io::Offload& disk);
  /// What the SHA-256 of the whole has to be, in hex: spares reading it for that.
  void expect(std::string sha256) { expected_ = std::move(sha256); }
  std::uint64_t size() const { return size_; }
  /// Lower-case hex of [offset, offset + length).
  io::Task<Result<std::string>> sha256(std::uint64_t offset, std::uint64_t length) const;
  std::shared_ptr<net::BodySource> body(std::uint64_t offset, std::uint64_t length) const;

 private:
  std::shared_ptr<const std::string> text_;
  std::shared_ptr<io::File> file_;
  io::Offload* disk_ = nullptr;
  std::uint64_t size_ = 0;
  std::string expected_;
};

struct UploadConfig {
  std::uint64_t part_size = 100'000'000;
  std::size_t parallel_parts = 4;
  /// The server keeps "If-None-Match: *" on PutObject.
  bool has_conditional_put = true;
};

/// Puts an object of which there is none, in parts when it is large: each part carries its SHA-256,
/// which the server compares, and parts that an earlier try (also of another process) has sent are
/// not sent again. `headers` are those of the object. Errors: conflict (there is an object of that
/// key), and those of the client.
io::Task<Result<>> upload(Client& client, UploadConfig config, std::string key, NameValues headers,
                          UploadSource source);

/// What was begun of an object in parts and never completed is deleted. Errors: those of the
/// client.
io::Task<Result<>> abort_uploads(Client& client, std::string key);

}  // namespace shoal::blob::s3
