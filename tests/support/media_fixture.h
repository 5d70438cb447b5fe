#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "blob/memory_store.h"
#include "delivery/media_index.h"
#include "io/offload.h"

namespace shoal::tests {

/// Until it is so, at most 20 s.
template <class Condition>
void wait_until(Condition condition) {
  const auto until = SystemClock().steady_now() + Seconds{20};
  while (!condition() && SystemClock().steady_now() < until) std::this_thread::yield();
  EXPECT_TRUE(condition());
}

/// Appends all of a body to `text`, or says why not.
inline io::Task<> read_body(net::BodySource& body, Result<std::string>& text) {
  std::vector<std::byte> buffer(300);
  for (;;) {
    const auto got = co_await body.read(buffer);
    if (!got) {
      text = std::unexpected(got.error());
      co_return;
    }
    if (*got == 0) co_return;
    text->append(reinterpret_cast<const char*>(buffer.data()), *got);
  }
}

/// Answers from a table; where it has a gate, after that is open. Change it between requests.
class TableIndex final : public delivery::MediaIndex {
 public:
  io::Task<Result<delivery::MediaEntry>> find(std::string name) override {
    ++asked;
    if (gate.valid()) {
      CO_TRY_VOID(co_await offload.run([this]() -> Result<> {
        gate.wait();
        return {};
      }));
    }
    if (error) co_return std::unexpected(*error);
    const auto found = entries.find(name);
    if (found == entries.end()) co_return fail(ErrorCode::not_found, "there is no such file");
    co_return found->second;
  }
  io::Task<Result<delivery::MediaHashes>> find_hashes(std::string name) override {
    ++asked_hashes;
    if (error) co_return std::unexpected(*error);
    const auto found = hashes.find(name);
    if (found == hashes.end()) co_return delivery::MediaHashes();
    co_return found->second;
  }
  std::atomic<int> asked = 0;
  std::atomic<int> asked_hashes = 0;
  std::map<std::string, delivery::MediaHashes> hashes;
  std::map<std::string, delivery::MediaEntry> entries;
  std::optional<Error> error;
  std::shared_future<void> gate;
  io::Offload offload{"index", 2, 100};
};

/// Gives everybody without a token the same verdict.
class SameVerdict final : public delivery::ViewerAccess {
 public:
  io::Task<delivery::ViewerVerdict> may_watch(const net::Request&, Uuid) override {
    co_return verdict;
  }
  delivery::ViewerVerdict verdict = delivery::ViewerVerdict::refused;
};

/// A store in memory whose reads can be counted, held and failed, as a remote one's may. Any
/// thread.
class RemoteFake final : public blob::BlobStore {
 public:
  RemoteFake(std::string name, const Clock& clock) : memory_(std::move(name), clock) {}

  std::atomic<int> opened = 0;
  std::atomic<int> reads = 0;    ///< that have begun
  std::atomic<int> streams = 0;  ///< that have begun
  std::atomic<int> damages = 0;  ///< so many of the next reads give one byte wrong
  void fail_opens(std::optional<Error> error) { set(open_error_, std::move(error)); }
  /// All reads, or those from `offset` on.
  void fail_reads(std::optional<Error> error, std::uint64_t offset = 0) {
    fail_from_ = offset;
    set(read_error_, std::move(error));
  }
  /// Reads that begin from now on wait for it; an invalid one: none does.
  void hold_reads(std::shared_future<void> until) {
    const std::scoped_lock lock(mutex_);
    until_ = std::move(until);
  }

  const std::string& name() const override { return memory_.name(); }
  bool checks_uploads() const override { return memory_.checks_uploads(); }
  io::Task<Result<>> put_file(std::string key, io::Path file, blob::ObjectTraits traits) override {
    return memory_.put_file(std::move(key), std::move(file), std::move(traits));
  }
  io::Task<Result<>> put_copy(std::string key, io::Path file, blob::ObjectTraits traits) override {
    return memory_.put_copy(std::move(key), std::move(file), std::move(traits));
  }
  io::Task<Result<>> put_bytes(std::string key, std::string bytes,
                               blob::ObjectTraits traits) override {
    return memory_.put_bytes(std::move(key), std::move(bytes), std::move(traits));
  }
  io::Task<Result<>> copy(std::string from_key, std::string to_key,
                          blob::ObjectTraits traits) override {
    return memory_.copy(std::move(from_key), std::move(to_key), std::move(traits));
  }
  io::Task<Result<>> join(std::vector<std::string> from_keys, std::string to_key,
                          blob::ObjectTraits traits) override {
    return memory_.join(std::move(from_keys), std::move(to_key), std::move(traits));
  }
  io::Task<Result<std::unique_ptr<blob::ObjectReader>>> open(std::string key) override {
    ++opened;
    if (auto error = get(open_error_)) co_return std::unexpected(*std::move(error));
    CO_TRY(auto reader, co_await memory_.open(key));
    co_return std::make_unique<Reader>(*this, std::move(key), std::move(reader));
  }
  io::Task<Result<blob::ObjectStatus>> status(std::string key) override {
    return memory_.status(std::move(key));
  }
  io::Task<Result<>> remove(std::string key) override { return memory_.remove(std::move(key)); }
  io::Task<Result<std::vector<std::string>>> list(std::string prefix, std::string after,
                                                  std::size_t limit) override {
    return memory_.list(std::move(prefix), std::move(after), limit);
  }

 private:
  class Reader final : public blob::ObjectReader {
   public:
    Reader(RemoteFake& store, std::string key, std::unique_ptr<blob::ObjectReader> inner)
        : store_(store), key_(std::move(key)), inner_(std::move(inner)) {}
    std::uint64_t size() const override { return inner_->size(); }
    std::shared_ptr<io::File> local_file() const override { return nullptr; }
    io::Task<Result<std::size_t>> read_at(std::uint64_t offset, std::span<std::byte> out) override {
      ++store_.reads;
      CO_TRY_VOID(co_await store_.admit(key_, offset));
      CO_TRY(const std::size_t got, co_await inner_->read_at(offset, out));
      if (got > 0 && store_.damages > 0) {
        --store_.damages;
        out[got / 2] ^= std::byte{1};
      }
      co_return got;
    }
    io::Task<Result<std::unique_ptr<blob::ObjectStream>>> stream(std::uint64_t offset,
                                                                 std::uint64_t length) override {
      ++store_.streams;
      CO_TRY_VOID(co_await store_.admit(key_, offset));
      co_return co_await inner_->stream(offset, length);
    }

   private:
    RemoteFake& store_;
    const std::string key_;
    const std::unique_ptr<blob::ObjectReader> inner_;
  };

  io::Task<Result<>> admit(std::string key, std::uint64_t offset) {
    std::shared_future<void> until;
    {
      const std::scoped_lock lock(mutex_);
      until = until_;
    }
    if (until.valid()) {
      CO_TRY_VOID(co_await offload_.run([until]() -> Result<> {
        until.wait();
        return {};
      }));
    }
    if (auto error = get(read_error_); error && offset >= fail_from_)
      co_return std::unexpected(*std::move(error));
    CO_TRY_VOID(co_await memory_.status(std::move(key)));
    co_return Result<>{};
  }
  std::optional<Error> get(const std::optional<Error>& error) {
    const std::scoped_lock lock(mutex_);
    return error;
  }
  void set(std::optional<Error>& error, std::optional<Error> value) {
    const std::scoped_lock lock(mutex_);
    error = std::move(value);
  }

  blob::MemoryStore memory_;
  std::mutex mutex_;
  std::optional<Error> open_error_;
  std::optional<Error> read_error_;
  std::atomic<std::uint64_t> fail_from_ = 0;
  std::shared_future<void> until_;
  io::Offload offload_{"held reads", 4, 1000};
};

}  // namespace shoal::tests
