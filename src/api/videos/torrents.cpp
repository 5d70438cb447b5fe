// The torrent of a video's source while its renditions are made. PeerTube lists the source among
// `files` until then, and its own command-line client waits for the torrent's address. It has a web
// seed (BEP 19) and no tracker, so it is as good as the file's own address, and is made when asked.
#include <algorithm>
#include <atomic>

#include "api/core/reply.h"
#include "api/videos/routes.h"
#include "api/videos/services.h"
#include "api/videos/video_access.h"
#include "base/digest.h"
#include "blob/blob_store.h"
#include "catalog/media_lookup.h"
#include "catalog/media_urls.h"
#include "io/offload.h"

namespace shoal::api {
namespace {

constexpr std::uint64_t k_least_piece = std::uint64_t{256} << 10;
constexpr std::uint64_t k_most_pieces = 2048;

/// One at a time: each reads a whole file.
class Turn {
 public:
  explicit Turn(std::atomic<bool>& taken) : taken_(taken), mine_(!taken.exchange(true)) {}
  ~Turn() {
    if (mine_) taken_ = false;
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  bool is_mine() const { return mine_; }

 private:
  std::atomic<bool>& taken_;
  bool mine_;
};

std::uint64_t piece_length_of(std::uint64_t size) {
  std::uint64_t length = k_least_piece;
  while (size / length >= k_most_pieces) length *= 2;
  return length;
}

std::string bencoded(std::string_view text) {
  return fmt::format("{}:{}", text.size(), text);
}

/// BEP 3, its keys sorted as it asks for.
std::string metainfo(std::string_view name, std::uint64_t size, std::uint64_t piece_length,
                     std::string_view pieces, std::string_view web_seed) {
  return fmt::format("d4:infod6:lengthi{}e4:name{}12:piece lengthi{}e6:pieces{}e8:url-list{}e",
                     size, bencoded(name), piece_length, bencoded(pieces), bencoded(web_seed));
}

io::Task<Result<std::string>> hash_pieces(const VideoServices& services, std::string key,
                                          std::uint64_t piece_length) {
  CO_TRY(const auto reader, co_await services.store->open(std::move(key)));
  std::string pieces;
  // Shared, because what a thread of the pool works on must outlive a request that is cancelled.
  const auto piece =
      std::make_shared<std::vector<std::byte>>(static_cast<std::size_t>(piece_length));
  for (std::uint64_t at = 0; at < reader->size();) {
    CO_TRY(const std::size_t got, co_await reader->read_at(at, *piece));
    if (got == 0) co_return fail(ErrorCode::corrupt, "the object is shorter than it says");
    at += got;
    CO_TRY(const std::string digest,
           co_await services.disk->run([piece, got]() -> Result<std::string> {
             const Sha1Digest sum = sha1_of(std::span(*piece).first(got));
             return std::string(reinterpret_cast<const char*>(sum.data()), sum.size());
           }));
    pieces += digest;
  }
  co_return pieces;
}

using catalog::MediaFileRecord;

/// The source that the path names, when the caller may have it.
io::Task<Answer<MediaFileRecord>> find_source(Call& call, std::string name) {
  co_return co_await call.context.database.read(
      [name = std::move(name), &call](db::Session& session) -> Answer<MediaFileRecord> {
        auto record = catalog::find_media_file(session, name);
        if (!record || !catalog::is_source_file(session, name))
          return refuse(404, "Torrent not found");
        const catalog::VideoKey key(record->video);
        TRY_VOID(find_watchable(session, key, Watcher::of(call, key)));
        return *std::move(record);
      });
}

io::Task<Reply> get_torrent(Call& call) {
  constexpr std::string_view k_extension = ".torrent";
  std::string_view name = call.parameter("file");
  if (!name.ends_with(k_extension)) co_return refuse(404, "Torrent not found");
  name.remove_suffix(k_extension.size());
  CO_TRY(const MediaFileRecord source, co_await find_source(call, std::string(name)));
  const VideoServices* services = call.context.video_services;
  const auto copy = std::ranges::find_if(source.copies, [services](const auto& one) {
    return services != nullptr && services->store != nullptr &&
           one.store == services->store->name();
  });
  if (copy == source.copies.end()) co_return refuse(503, "This server does not store files.");
  const Turn turn(call.context.torrent_is_made);
  if (!turn.is_mine()) {
    co_return std::unexpected(
        Problem(503, "Another torrent is being made.").with_header("Retry-After", "5"));
  }
  const std::uint64_t piece_length = piece_length_of(source.size);
  CO_TRY(const std::string pieces, co_await hash_pieces(*services, copy->object_key, piece_length));
  const std::string seed = call.context.config.origin +
                           catalog::web_video_path(name, catalog::is_media_open(source.privacy));
  net::Response response = net::Response::text(
      200, metainfo(name, source.size, piece_length, pieces, seed), "application/x-bittorrent");
  response.headers.add("Cache-Control", "private, no-store");
  co_return response;
}

}  // namespace

void add_torrent_routes(Routes& routes) {
  routes.get("/lazy-static/torrents/:file", {.operation = "getTorrent"}, get_torrent);
  routes.get("/download/torrents/:file", {.operation = "downloadTorrent"}, get_torrent);
}

}  // namespace shoal::api
