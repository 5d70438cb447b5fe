#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "io/file_system.h"
#include "io/task.h"

namespace shoal::blob {

/// Object keys: 1–512 bytes of [A-Za-z0-9._-] segments joined by '/', no "." or ".." segment.
bool is_valid_key(std::string_view key);

struct ObjectStatus {
  std::uint64_t size = 0;
  UtcTime modified{};
};

/// What a store that hands objects to viewers by itself tells them, where it can.
struct ObjectTraits {
  std::string content_type = "application/octet-stream";
  /// Whether anybody who knows the object's address may read it.
  bool is_public = false;
  /// Of all its bytes, in hex, where the caller has it and it has to be that: a store that lets its
  /// server compare then reads the bytes only once. Empty: nobody knows.
  std::string sha256{};
};

/// Bytes of one object in order. One executor.
class ObjectStream {
 public:
  virtual ~ObjectStream() = default;
  /// Up to out.size() bytes, 0 at the end. Errors: corrupt (the object ends early), unavailable,
  /// timeout.
  virtual io::Task<Result<std::size_t>> read(std::span<std::byte> out) = 0;
};

/// Reads one object, which never changes. Once the object is removed it reads on or says not_found.
/// Any thread, several calls at a time.
class ObjectReader {
 public:
  virtual ~ObjectReader() = default;
  virtual std::uint64_t size() const = 0;
  /// Up to out.size() bytes from `offset`; fewer only at the end.
  virtual io::Task<Result<std::size_t>> read_at(std::uint64_t offset, std::span<std::byte> out) = 0;
  /// The bytes [offset, offset + length), which lie within the object. The reader outlives it.
  virtual io::Task<Result<std::unique_ptr<ObjectStream>>> stream(std::uint64_t offset,
                                                                 std::uint64_t length);
  /// The open local file where the store has one, for sendfile; else null.
  virtual std::shared_ptr<io::File> local_file() const = 0;
  /// Its path where the store is a local folder, for programs that read files by name. Never write
  /// to it, and keep the reader while it is used.
  virtual std::optional<io::Path> local_path() const { return std::nullopt; }
};

/// A named place for immutable objects. A put is all or nothing and durable when it returns; an
/// existing key is never overwritten (conflict), so a repeated put of the same step is detected.
/// Deleting what is not there succeeds. Any thread. Errors: not_found, conflict, full,
/// unavailable (offline, wrong marker, I/O), busy (throttled).
class BlobStore {
 public:
  virtual ~BlobStore() = default;
  virtual const std::string& name() const = 0;
  /// Whether a put that succeeds proves that the store holds what was read from the file, because
  /// the far end compared checksums; else only reading the object tells.
  virtual bool checks_uploads() const = 0;

  /// Takes the bytes of a local file over: without copying where the store can. The file is gone
  /// when this succeeds and untouched when it fails. After a conflict the object that is there is
  /// durable (a put that was repeated after a crash finds its own).
  virtual io::Task<Result<>> put_file(std::string key, io::Path file, ObjectTraits traits) = 0;
  /// The same with the bytes copied: the file stays as it is, and belongs to whoever made it. A
  /// store never shares the file's blocks: damage to one copy must not be damage to the other.
  virtual io::Task<Result<>> put_copy(std::string key, io::Path file, ObjectTraits traits) = 0;
  virtual io::Task<Result<>> put_bytes(std::string key, std::string bytes, ObjectTraits traits) = 0;
  /// Gives the bytes of one object a second key, for what will be the only one: the two may share
  /// what they are stored in. Nothing crosses the network but the request.
  virtual io::Task<Result<>> copy(std::string from_key, std::string to_key,
                                  ObjectTraits traits) = 0;
  /// Makes one object of several, in their order; they stay. Where the store can, little crosses
  /// the network but the requests. Errors: invalid, when all of them are empty.
  virtual io::Task<Result<>> join(std::vector<std::string> from_keys, std::string to_key,
                                  ObjectTraits traits) = 0;
  virtual io::Task<Result<std::unique_ptr<ObjectReader>>> open(std::string key) = 0;
  virtual io::Task<Result<ObjectStatus>> status(std::string key) = 0;
  virtual io::Task<Result<>> remove(std::string key) = 0;
  /// Keys with `prefix` after `after`, sorted, at most `limit`: one page.
  virtual io::Task<Result<std::vector<std::string>>> list(std::string prefix, std::string after,
                                                          std::size_t limit) = 0;
};

}  // namespace shoal::blob
