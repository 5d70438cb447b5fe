#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "blob/blob_store.h"
#include "db/database.h"
#include "io/file_system.h"
#include "io/offload.h"

namespace shoal::tests {

/// What happens to one operation of a sweep over stores, files and transactions: run once and read
/// operations(); then for every n up to that run again with the nth one in trouble. Any thread.
class Trouble {
 public:
  enum class Kind {
    none,
    error,       ///< it fails and does nothing; the later ones work again
    death,       ///< the process dies before it: nothing has any effect from here on
    late_death,  ///< the process dies right after it: it is done, and nobody hears of it
    event,       ///< something else happens before it
  };
  void arm(Kind kind, std::uint64_t nth, std::function<void()> event = {}) {
    kind_ = kind;
    nth_ = nth;
    count_ = 0;
    is_dead_ = false;
    event_ = std::move(event);
  }
  void disarm() { arm(Kind::none, 0); }
  std::uint64_t operations() const { return count_; }
  bool is_dead() const { return is_dead_; }

  Result<> before() {
    const bool is_it = ++count_ == nth_;
    if (is_it && kind_ == Kind::death) is_dead_ = true;
    if (is_dead_ || (is_it && kind_ == Kind::error))
      return fail(ErrorCode::unavailable, "trouble in a test");
    if (is_it && kind_ == Kind::event) event_();
    if (is_it && kind_ == Kind::late_death) is_last_ = true;
    return {};
  }
  Result<> after() {
    if (!is_last_.exchange(false)) return {};
    is_dead_ = true;
    return fail(ErrorCode::unavailable, "trouble in a test");
  }

 private:
  Kind kind_ = Kind::none;
  std::uint64_t nth_ = 0;
  std::function<void()> event_;
  std::atomic<std::uint64_t> count_ = 0;
  std::atomic<bool> is_dead_ = false;
  std::atomic<bool> is_last_ = false;
};

template <class T>
Result<T> with_trouble(Trouble& trouble, auto work) {
  TRY_VOID(trouble.before());
  Result<T> done = work();
  TRY_VOID(trouble.after());
  return done;
}
template <class T>
io::Task<Result<T>> await_with_trouble(Trouble& trouble, auto work) {
  CO_TRY_VOID(trouble.before());
  Result<T> done = co_await work();
  CO_TRY_VOID(trouble.after());
  co_return done;
}

/// Another store, with trouble. Both outlive this.
class TroubledStore final : public blob::BlobStore {
 public:
  TroubledStore(blob::BlobStore& store, Trouble& trouble) : store_(store), trouble_(trouble) {}
  const std::string& name() const override { return store_.name(); }
  bool checks_uploads() const override { return store_.checks_uploads(); }
  io::Task<Result<>> put_file(std::string key, io::Path file, blob::ObjectTraits traits) override {
    co_return co_await await_with_trouble<void>(trouble_,
                                                [&] { return store_.put_file(key, file, traits); });
  }
  io::Task<Result<>> put_copy(std::string key, io::Path file, blob::ObjectTraits traits) override {
    co_return co_await await_with_trouble<void>(trouble_,
                                                [&] { return store_.put_copy(key, file, traits); });
  }
  io::Task<Result<>> put_bytes(std::string key, std::string bytes,
                               blob::ObjectTraits traits) override {
    co_return co_await await_with_trouble<void>(
        trouble_, [&] { return store_.put_bytes(key, bytes, traits); });
  }
  io::Task<Result<>> copy(std::string from_key, std::string to_key,
                          blob::ObjectTraits traits) override {
    co_return co_await await_with_trouble<void>(
        trouble_, [&] { return store_.copy(from_key, to_key, traits); });
  }
  io::Task<Result<>> join(std::vector<std::string> from_keys, std::string to_key,
                          blob::ObjectTraits traits) override {
    co_return co_await await_with_trouble<void>(
        trouble_, [&] { return store_.join(from_keys, to_key, traits); });
  }
  io::Task<Result<std::unique_ptr<blob::ObjectReader>>> open(std::string key) override {
    CO_TRY(auto reader, co_await await_with_trouble<std::unique_ptr<blob::ObjectReader>>(
                            trouble_, [&] { return store_.open(key); }));
    co_return std::make_unique<Reader>(std::move(reader), trouble_);
  }
  io::Task<Result<blob::ObjectStatus>> status(std::string key) override {
    co_return co_await await_with_trouble<blob::ObjectStatus>(trouble_,
                                                              [&] { return store_.status(key); });
  }
  io::Task<Result<>> remove(std::string key) override {
    co_return co_await await_with_trouble<void>(trouble_, [&] { return store_.remove(key); });
  }
  io::Task<Result<std::vector<std::string>>> list(std::string prefix, std::string after,
                                                  std::size_t limit) override {
    co_return co_await await_with_trouble<std::vector<std::string>>(
        trouble_, [&] { return store_.list(prefix, after, limit); });
  }

 private:
  class Reader final : public blob::ObjectReader {
   public:
    Reader(std::unique_ptr<blob::ObjectReader> reader, Trouble& trouble)
        : reader_(std::move(reader)), trouble_(trouble) {}
    std::uint64_t size() const override { return reader_->size(); }
    io::Task<Result<std::size_t>> read_at(std::uint64_t offset, std::span<std::byte> out) override {
      co_return co_await await_with_trouble<std::size_t>(
          trouble_, [&] { return reader_->read_at(offset, out); });
    }
    std::shared_ptr<io::File> local_file() const override { return reader_->local_file(); }
    std::optional<io::Path> local_path() const override { return reader_->local_path(); }

   private:
    const std::unique_ptr<blob::ObjectReader> reader_;
    Trouble& trouble_;
  };

  blob::BlobStore& store_;
  Trouble& trouble_;
};

/// The machine's disk, with trouble.
class TroubledFiles final : public io::FileSystem {
 public:
  explicit TroubledFiles(Trouble& trouble) : trouble_(trouble) {}
  Result<std::unique_ptr<io::File>> open(const io::Path& path, io::OpenMode mode) override {
    TRY(auto file,
        with_trouble<std::unique_ptr<io::File>>(trouble_, [&] { return disk_.open(path, mode); }));
    return std::make_unique<File>(std::move(file), trouble_);
  }
  Result<io::FileStatus> status(const io::Path& path) override {
    return with_trouble<io::FileStatus>(trouble_, [&] { return disk_.status(path); });
  }
  Result<> rename(const io::Path& from, const io::Path& to) override {
    return with_trouble<void>(trouble_, [&] { return disk_.rename(from, to); });
  }
  Result<> link(const io::Path& from, const io::Path& to) override {
    return with_trouble<void>(trouble_, [&] { return disk_.link(from, to); });
  }
  Result<> remove(const io::Path& path) override {
    return with_trouble<void>(trouble_, [&] { return disk_.remove(path); });
  }
  Result<> create_directories(const io::Path& path) override {
    return with_trouble<void>(trouble_, [&] { return disk_.create_directories(path); });
  }
  Result<> remove_all(const io::Path& path) override {
    return with_trouble<void>(trouble_, [&] { return disk_.remove_all(path); });
  }
  Result<std::vector<std::string>> list(const io::Path& directory) override {
    return with_trouble<std::vector<std::string>>(trouble_, [&] { return disk_.list(directory); });
  }
  Result<> sync_directory(const io::Path& directory) override {
    return with_trouble<void>(trouble_, [&] { return disk_.sync_directory(directory); });
  }
  Result<std::uint64_t> free_bytes(const io::Path& path) override {
    return with_trouble<std::uint64_t>(trouble_, [&] { return disk_.free_bytes(path); });
  }

 private:
  class File final : public io::File {
   public:
    File(std::unique_ptr<io::File> file, Trouble& trouble)
        : file_(std::move(file)), trouble_(trouble) {}
    Result<> write_at(std::uint64_t offset, std::span<const std::byte> bytes) override {
      return with_trouble<void>(trouble_, [&] { return file_->write_at(offset, bytes); });
    }
    Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
      return with_trouble<std::size_t>(trouble_, [&] { return file_->read_at(offset, out); });
    }
    Result<std::uint64_t> size() override { return file_->size(); }
    Result<> truncate(std::uint64_t size) override {
      return with_trouble<void>(trouble_, [&] { return file_->truncate(size); });
    }
    Result<> sync() override {
      return with_trouble<void>(trouble_, [&] { return file_->sync(); });
    }
    int descriptor() const override { return file_->descriptor(); }

   private:
    const std::unique_ptr<io::File> file_;
    Trouble& trouble_;
  };

  io::PosixFileSystem disk_;
  Trouble& trouble_;
};

/// Another database whose transactions get into trouble: one that dies late is committed. Both
/// outlive this.
class TroubledDatabase final : public db::Database {
 public:
  TroubledDatabase(db::Database& database, Trouble& trouble)
      : database_(database), trouble_(trouble) {}
  db::Engine engine() const override { return database_.engine(); }
  db::Notifier& notifier() override { return database_.notifier(); }
  Result<> backup_to(const std::string& path) override { return database_.backup_to(path); }

 protected:
  void in_transaction(Mode mode, const std::function<bool(db::Session&)>& body) override {
    throw_error(trouble_.before());
    bool rolled_back = false;
    const auto work = [&](db::Session& session) -> Result<> {
      rolled_back = !body(session);
      if (rolled_back) return fail(ErrorCode::internal, "rolled back");
      return {};
    };
    const auto done =
        mode == Mode::read ? database_.read_blocking(work) : database_.write_blocking(work);
    if (!rolled_back) throw_error(done);
    throw_error(trouble_.after());
  }
  io::Offload& pool(Mode) override { return pool_; }

 private:
  static void throw_error(const Result<>& result) {
    if (!result) throw db::DatabaseError(result.error().code, result.error().message);
  }

  db::Database& database_;
  Trouble& trouble_;
  io::Offload pool_{"troubled", 2, 64};
};

}  // namespace shoal::tests
