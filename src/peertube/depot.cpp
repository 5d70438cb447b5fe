#include "peertube/depot.h"

#include <fmt/format.h>

#include "storage/moves/move_rows.h"
#include "storage/read_through.h"

namespace shoal::peertube {
namespace {

/// Keys that are tried before a file is given up: others hold something else.
constexpr int k_most_keys = 8;

struct Scan {
  FileScan file;
  Result<> take(std::span<const std::byte> bytes) {
    file.update(bytes);
    return {};
  }
};

}  // namespace

io::Task<Result<ScannedFile>> Depot::scan(std::shared_ptr<blob::ObjectReader> reader,
                                          FileScan scan) const {
  const auto sink = std::make_shared<Scan>(std::move(scan));
  CO_TRY_VOID(co_await storage::read_through(std::move(reader), sink, services_.offload));
  co_return sink->file.finish();
}

io::Task<Result<bool>> Depot::announce(blob::BlobStore& store, std::string key) {
  CO_TRY(const storage::KeyUse use,
         co_await services_.database.read(
             [name = store.name(), key](db::Session& session) -> Result<storage::KeyUse> {
               return storage::find_key_use(session, name, key);
             }));
  if (use == storage::KeyUse::taken) co_return false;
  if (use == storage::KeyUse::unknown) {
    // What no row names is perhaps all that is left of something: it is never announced, because
    // what is announced is deleted one day.
    const auto there = co_await store.status(key);
    if (there) co_return false;
    if (there.error().code != ErrorCode::not_found) co_return std::unexpected(there.error());
  }
  CO_TRY_VOID(co_await services_.database.write(
      [name = store.name(), key, now = services_.clock.now()](db::Session& session) {
        return storage::announce_object(session, name, key, now);
      }));
  co_return true;
}

io::Task<Result<bool>> Depot::is_right(blob::BlobStore& store, std::string key,
                                       storage::Checksum checksum) {
  auto reader = co_await store.open(std::move(key));
  if (!reader) {
    if (reader.error().code != ErrorCode::not_found) co_return std::unexpected(reader.error());
    co_return false;
  }
  if ((*reader)->size() != checksum.size) co_return false;
  CO_TRY(const ScannedFile there, co_await scan(*std::move(reader), FileScan({}, 0)));
  co_return there.checksum.sha256 == checksum.sha256;
}

io::Task<Result<Placed>> Depot::put(Parcel parcel, PutAt put_at) {
  const std::string home = services_.stores.home_name(parcel.file.kind);
  blob::BlobStore* const store = services_.stores.find(home);
  if (store == nullptr)
    co_return fail(ErrorCode::unavailable, fmt::format("the store {} is away", home));
  const std::string first = fmt::format("hls/{}/import/{}", parcel.video.text(), parcel.file.name);
  for (int n = 1; n <= k_most_keys; ++n) {
    const std::string key = n == 1 ? first : fmt::format("{}.{}", first, n);
    CO_TRY(const bool announced, co_await announce(*store, key));
    if (!announced) continue;
    const auto put = co_await put_at(*store, key);
    if (!put && put.error().code != ErrorCode::conflict) co_return std::unexpected(put.error());
    bool right = put.has_value();
    if (!right) {
      CO_TRY(right, co_await is_right(*store, key, parcel.file.checksum));
    }
    if (right) co_return Placed{std::move(parcel.file), home, key, storage::Exposure::closed};
    CO_TRY_VOID(co_await services_.database.write(
        [home, key, now = services_.clock.now()](db::Session& session) -> Result<> {
          storage::give_up_object(session, home, key, now);
          return {};
        }));
  }
  co_return fail(ErrorCode::internal, fmt::format("store {} has no free key for {}", home, first));
}

io::Task<Result<Placed>> Depot::put_bytes(Parcel parcel, std::string bytes) {
  const blob::ObjectTraits traits{.content_type = parcel.file.content_type};
  const auto text = std::make_shared<const std::string>(std::move(bytes));
  CO_TRY(parcel.file.checksum, co_await services_.offload.run([text] {
    return Result<storage::Checksum>(storage::checksum_of(*text));
  }));
  co_return co_await put(std::move(parcel),
                         [text, traits](blob::BlobStore& store, std::string key) {
                           return store.put_bytes(std::move(key), *text, traits);
                         });
}

io::Task<Result<Placed>> Depot::put_file(Parcel parcel, io::Path path, bool keeps_source) {
  const blob::ObjectTraits traits{.content_type = parcel.file.content_type};
  co_return co_await put(std::move(parcel), [path = std::move(path), traits, keeps_source](
                                                blob::BlobStore& store, std::string key) {
    return keeps_source ? store.put_copy(std::move(key), path, traits)
                        : store.put_file(std::move(key), path, traits);
  });
}

}  // namespace shoal::peertube
