#include "storage/moves/file_copier.h"

#include <fmt/format.h>

#include "base/digest.h"
#include "base/log.h"
#include "base/text.h"
#include "io/page_cache.h"

namespace shoal::storage {
namespace {

/// Keys that are tried in one store before the move is given up: others hold something else.
constexpr int k_most_keys = 8;

/// Bytes on their way into a hash and perhaps a file.
struct Intake {
  Sha256 sum;
  std::shared_ptr<io::File> file;
  std::uint64_t size = 0;

  Result<> take(std::span<const std::byte> bytes) {
    sum.update(bytes);
    if (file) TRY_VOID(file->write_at(size, bytes));
    size += bytes.size();
    return {};
  }
  Checksum finish() { return {size, to_hex(sum.finish()), {}}; }
};

/// Another name below the same folder: who was told of the old one does not know it, and a try
/// after a crash finds it again.
std::string renewed(const CopyOrder& order) {
  const io::Path key = order.from_key;
  const std::string told = fmt::format("{}:{}:{}", order.to, order.from_key, order.file.sha256);
  return (key.parent_path().parent_path() / to_hex(Sha256::of(told)).substr(0, 32) / key.filename())
      .string();
}

bool matches(const Checksum& sum, const RecordedFile& file) {
  return sum.size == file.size && sum.sha256 == file.sha256;
}

std::unexpected<Error> damaged(const CopyOrder& order, std::string_view how) {
  log::error(
      "a stored file is damaged",
      {{"file", order.file.name}, {"store", order.from}, {"key", order.from_key}, {"reason", how}});
  return fail(ErrorCode::corrupt,
              fmt::format("{} in store {} is not what was recorded: {}. It stays where it is.",
                          order.file.name, order.from, how));
}

Result<blob::BlobStore*> find_store(const StoreLookup& stores, std::string_view name) {
  blob::BlobStore* store = stores(name);
  if (store == nullptr) return fail(ErrorCode::unavailable, fmt::format("store {} is away", name));
  return store;
}

}  // namespace

io::Task<Result<Checksum>> checksum_of_object(blob::BlobStore& store, std::string object_key,
                                              io::Offload& offload, Pace pace) {
  CO_TRY(std::shared_ptr<blob::ObjectReader> reader, co_await store.open(std::move(object_key)));
  if (const auto file = reader->local_file(); file && file->descriptor() >= 0) {
    // What was just written is in memory: the disk itself is asked what it holds.
    CO_TRY_VOID(co_await offload.run([file]() -> Result<> {
      io::drop_from_cache(file->descriptor());
      return {};
    }));
  }
  const auto intake = std::make_shared<Intake>();
  CO_TRY_VOID(co_await read_through(std::move(reader), intake, offload, std::move(pace)));
  co_return intake->finish();
}

io::Task<> FileCopier::begin_transfer(const CopyOrder& order, Source& source) {
  if (order.turn && !source.turn) source.turn.emplace(co_await order.turn());
}

io::Task<Result<FileCopier::Source>> FileCopier::take_source(const CopyOrder& order,
                                                             blob::BlobStore& from) {
  auto opened = co_await from.open(order.from_key);
  if (!opened) {
    if (opened.error().code != ErrorCode::not_found) co_return std::unexpected(opened.error());
    co_return damaged(order, "there is no such object");
  }
  Source source;
  const std::shared_ptr<blob::ObjectReader> reader = *std::move(opened);
  if (reader->size() != order.file.size)
    co_return damaged(order, fmt::format("it has {} bytes", reader->size()));
  const auto intake = std::make_shared<Intake>();
  if (const auto path = reader->local_path()) {
    source.path = *path;
    source.keep = reader;
  } else {
    co_await begin_transfer(order, source);
    std::string name = fmt::format("{}-{}", order.job.id.value, order.job.fence);
    CO_TRY(source.room, co_await services_.offload.run(
                            [&scratch = services_.scratch, name = std::move(name),
                             size = order.file.size] { return scratch.take(name, size); }));
    source.path = source.room->path() / "file";
    CO_TRY(intake->file,
           co_await services_.offload.run([&files = services_.files, path = source.path] {
             return files.open(path, io::OpenMode::create_new);
           }));
  }
  const auto read =
      co_await read_through(reader, intake, services_.offload, order.pace, order.on_progress);
  if (!read) {
    if (read.error().code != ErrorCode::corrupt) co_return std::unexpected(read.error());
    co_return damaged(order, read.error().message);
  }
  const Checksum sum = intake->finish();
  if (!matches(sum, order.file)) co_return damaged(order, "its SHA-256 is " + sum.sha256);
  co_return source;
}

io::Task<Result<bool>> FileCopier::announce(const CopyOrder& order, blob::BlobStore& to,
                                            std::string key) {
  CO_TRY(const KeyUse use, co_await services_.database.read(
                               [store = order.to, key](db::Session& session) -> Result<KeyUse> {
                                 return find_key_use(session, store, key);
                               }));
  if (use == KeyUse::taken) co_return false;
  if (use == KeyUse::unknown) {
    // An object that no row names is perhaps all that is left of something: it is never announced,
    // because what is announced is deleted one day.
    const auto there = co_await to.status(key);
    if (there) co_return false;
    if (there.error().code != ErrorCode::not_found) co_return std::unexpected(there.error());
  }
  CO_TRY_VOID(co_await services_.database.write(
      [job = order.job, store = order.to, key,
       now = services_.clock.now()](db::Session& session) -> Result<> {
        TRY_VOID(jobs::check_fence(session, job));
        return announce_object(session, store, key, now);
      }));
  co_return true;
}

io::Task<Result<bool>> FileCopier::is_right(const CopyOrder& order, blob::BlobStore& to,
                                            std::string key, bool is_proven) {
  const auto there = co_await to.status(key);
  if (!there) {
    if (there.error().code != ErrorCode::not_found) co_return std::unexpected(there.error());
    co_return false;
  }
  if (there->size != order.file.size) co_return false;
  if (is_proven) co_return true;
  const auto sum = co_await checksum_of_object(to, std::move(key), services_.offload);
  if (sum) co_return matches(*sum, order.file);
  const bool is_wrong =
      sum.error().code == ErrorCode::corrupt || sum.error().code == ErrorCode::not_found;
  if (!is_wrong) co_return std::unexpected(sum.error());
  co_return false;
}

io::Task<Result<bool>> FileCopier::put_and_verify(const CopyOrder& order, blob::BlobStore& to,
                                                  std::string key, Source& source) {
  const blob::ObjectTraits traits{.content_type = order.file.content_type,
                                  .sha256 = order.file.sha256};
  co_await begin_transfer(order, source);
  Result<> put;
  if (source.room) {
    put = co_await to.put_file(key, source.path, traits);
  } else {
    put = co_await to.put_copy(key, source.path, traits);
  }
  const bool was_there = !put && put.error().code == ErrorCode::conflict;
  if (!put && !was_there) co_return std::unexpected(put.error());
  const bool is_proven = !was_there && to.checks_uploads();
  if (is_proven) source.turn.reset();  // a last look is no transfer
  CO_TRY(const bool right, co_await is_right(order, to, key, is_proven));
  if (right) co_return true;
  CO_TRY_VOID(co_await services_.database.write(
      [store = order.to, key, now = services_.clock.now()](db::Session& session) -> Result<> {
        give_up_object(session, store, key, now);
        return {};
      }));
  if (was_there) co_return false;
  log::error("a store does not keep what it is given",
             {{"file", order.file.name}, {"store", order.to}, {"key", key}});
  co_return fail(ErrorCode::internal,
                 fmt::format("store {} does not hold what it has just taken of {}", order.to,
                             order.file.name));
}

io::Task<Result<std::string>> FileCopier::copy(CopyOrder order) {
  CO_TRY(blob::BlobStore* const from, find_store(services_.stores, order.from));
  CO_TRY(blob::BlobStore* const to, find_store(services_.stores, order.to));
  CO_TRY(Source source, co_await take_source(order, *from));
  const bool is_told = services_.exposes && services_.exposes(order.to);
  const std::string first = is_told ? renewed(order) : order.from_key;
  for (int n = 1; n <= k_most_keys; ++n) {
    const std::string key = n == 1 ? first : fmt::format("{}.{}", first, n);
    CO_TRY(const bool announced, co_await announce(order, *to, key));
    if (!announced) continue;
    CO_TRY(const bool right, co_await put_and_verify(order, *to, key, source));
    if (right) co_return key;
  }
  co_return fail(ErrorCode::internal,
                 fmt::format("store {} has no free key for {}", order.to, order.from_key));
}

}  // namespace shoal::storage
