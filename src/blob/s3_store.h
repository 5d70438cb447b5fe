#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/random.h"
#include "blob/blob_store.h"
#include "blob/s3/client.h"
#include "blob/s3/copy.h"
#include "blob/s3/upload.h"
#include "blob/store_marker.h"
#include "io/file_system.h"
#include "io/offload.h"

namespace shoal::blob {

struct S3StoreConfig {
  s3::ClientConfig client;
  std::uint64_t part_size = 100'000'000;  ///< bytes; 5 MiB to 5 GiB
  std::size_t parallel_parts = 4;
  /// Larger objects are copied in parts of so many bytes; 5 MiB at least.
  std::uint64_t largest_single_copy = s3::k_largest_single_copy;
  /// Canned ACLs of objects that anybody may read, and of others; empty: none is sent, because the
  /// provider refuses them or the bucket's policy decides.
  std::string public_acl = "public-read";
  std::string private_acl = "private";
  /// Viewers are sent to public objects: one to look whether they can be read is put.
  bool has_public_check = false;
  std::string storage_class;  ///< empty: the bucket's
};

/// Objects in a bucket of an S3 server, below a prefix. It is offline until attach() has found its
/// marker there; then every call that finds nothing looks at the marker again, so that a bucket
/// that was deleted, or is another's, is "away" and never "empty". Bytes are checked on their way
/// in (the server compares a SHA-256 of each part) and their number on their way out. Any thread.
class S3Store final : public BlobStore {
 public:
  struct Services {
    const Clock& clock;
    Random& random;
    Metrics& metrics;
    io::FileSystem& files;
    io::Offload& disk;
  };
  S3Store(S3StoreConfig config, Services services);

  /// Looks for the store's marker; in an empty place of a store that is not registered, writes one.
  /// Returns whose it is. May be repeated. Errors: unavailable (says what to change).
  io::Task<Result<StoreIdentity>> attach(StoreRegistration known);
  /// The place is the store from now on: returns the marker that is there, written anew (the next
  /// generation) where there is none, whatever else is there. Attach after it. Errors: unavailable
  /// (another instance's), those of requests.
  io::Task<Result<StoreIdentity>> accept(StoreRegistration known);
  /// Found, and not seen to be gone since.
  bool is_attached() const;
  /// To be called every half minute, where its keys are a role's: see s3::Keyring.
  io::Task<> renew_keys_early() { return client_.renew_keys_early(); }
  /// Asking it now would be answered at once with unavailable.
  bool is_away() const { return client_.is_away(); }

  const std::string& name() const override { return config_.client.store; }
  bool checks_uploads() const override { return true; }
  io::Task<Result<>> put_file(std::string key, io::Path file, ObjectTraits traits) override;
  io::Task<Result<>> put_copy(std::string key, io::Path file, ObjectTraits traits) override;
  io::Task<Result<>> put_bytes(std::string key, std::string bytes, ObjectTraits traits) override;
  io::Task<Result<>> copy(std::string from_key, std::string to_key, ObjectTraits traits) override;
  io::Task<Result<>> join(std::vector<std::string> from_keys, std::string to_key,
                          ObjectTraits traits) override;
  io::Task<Result<std::unique_ptr<ObjectReader>>> open(std::string key) override;
  io::Task<Result<ObjectStatus>> status(std::string key) override;
  io::Task<Result<>> remove(std::string key) override;
  io::Task<Result<std::vector<std::string>>> list(std::string prefix, std::string after,
                                                  std::size_t limit) override;
  /// Ends uploads in parts of this store that were begun before `before` and never ended: nothing
  /// lists their parts, and they cost. Returns how many there are; where `only_counts` they stay.
  io::Task<Result<std::size_t>> abort_uploads(UtcTime before, bool only_counts);
  /// An URL at which anybody may get the object for a while (1 s to 7 days, else invalid), from the
  /// store itself; the store answers with this Content-Disposition unless it is empty.
  Result<std::string> presigned_url(std::string_view key, Seconds valid_for,
                                    std::string_view content_disposition = {}) const {
    return client_.presigned_url(key, valid_for, content_disposition);
  }
  /// An URL at which anybody may put an object of just `size` bytes for a while.
  Result<std::string> presigned_put_url(std::string_view key, Seconds valid_for,
                                        std::uint64_t size) const {
    return client_.presigned_put_url(key, valid_for, size);
  }

 private:
  Result<> check(const std::string& key) const;
  /// Errors: conflict (there is an object of that key), and those of the client.
  io::Task<Result<>> check_free(std::string key);
  StorePlace place() const;
  /// What HeadObject answers. Errors: not_found, unavailable.
  io::Task<Result<s3::Reply>> head(std::string key);
  s3::NameValues headers_of(const ObjectTraits& traits) const;
  io::Task<Result<>> put(std::string key, ObjectTraits traits, s3::UploadSource source);
  io::Task<Result<StoreIdentity>> read_marker();
  io::Task<Result<StoreIdentity>> claim(StoreRegistration known);
  io::Task<Result<>> put_public_check();
  io::Task<Result<>> put_marker(StoreIdentity identity);
  /// What the server does of what is not every server's.
  io::Task<Result<>> learn(const StoreIdentity& identity);
  /// not_found where the store is still the one that was attached, else unavailable.
  io::Task<Error> confirm_missing(Error missing);

  const S3StoreConfig config_;
  const Services services_;
  s3::Client client_;
  mutable std::mutex mutex_;
  std::optional<StoreIdentity> identity_;  ///< under mutex_, as what follows
  std::string why_offline_;
  bool has_conditional_put_ = true;
};

}  // namespace shoal::blob
