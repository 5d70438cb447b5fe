// Torrents of finished files, and of a video's source while these are made (PeerTube lists it among
// `files` until then, and its own command-line client waits for the torrent's address). They have a
// web seed (BEP 19) and no tracker, so one is as good as the file's own address. The hashes of the
// pieces are made once: of new files when they are stored, of others when somebody asks.
#include <algorithm>
#include <atomic>

#include "api/core/reply.h"
#include "api/videos/routes.h"
#include "api/videos/services.h"
#include "api/videos/video_access.h"
#include "catalog/media_lookup.h"
#include "catalog/media_urls.h"
#include "storage/piece_maker.h"

namespace shoal::api {
namespace {

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

std::string bencoded(std::string_view text) {
  return fmt::format("{}:{}", text.size(), text);
}

/// A file of which a torrent may be had, and that the caller may have.
struct SharedFile {
  catalog::MediaFileRecord record;
  FileId id;
  std::string name;  ///< in its address
  std::optional<storage::Pieces> pieces;
};

/// As a download is called: "First video 480p.mp4".
std::string torrent_name(const SharedFile& file) {
  if (!file.record.height) return file.name;
  std::string title = file.record.video_name;
  for (char& c : title)
    if (std::string_view("/\\?%*:|\"<>").contains(c) || static_cast<unsigned char>(c) < ' ')
      c = '-';
  const auto dot = file.name.rfind('.');
  return fmt::format("{} {}p{}", title, *file.record.height,
                     dot == std::string::npos ? "" : file.name.substr(dot));
}

/// Where anybody may get it; nothing where a token is needed.
std::optional<std::string> web_seed(const Context& context, const SharedFile& file) {
  if (!catalog::is_media_open(file.record.privacy)) return std::nullopt;
  return context.config.origin + (file.record.height
                                      ? catalog::hls_path(file.record.video, file.name, true)
                                      : catalog::web_video_path(file.name, true));
}

/// BEP 3, its keys sorted as it asks for.
std::string metainfo(const Context& context, const SharedFile& file) {
  std::string info =
      fmt::format("d6:lengthi{}e4:name{}12:piece lengthi{}e6:pieces{}e", file.record.size,
                  bencoded(torrent_name(file)), file.pieces->length, bencoded(file.pieces->sha1));
  const auto seed = web_seed(context, file);
  return fmt::format("d4:info{}{}e", info,
                     seed ? fmt::format("8:url-listl{}e", bencoded(*seed)) : "");
}

/// The file that the path names, when the caller may have it.
io::Task<Answer<SharedFile>> find_shared(Call& call, std::string name) {
  co_return co_await call.context.database.read(
      [name = std::move(name), &call](db::Session& session) -> Answer<SharedFile> {
        auto record = catalog::find_media_file(session, name);
        const auto id = catalog::find_shared_file(session, name);
        if (!record || !id) return refuse(404, "Torrent not found");
        const catalog::VideoKey key(record->video);
        TRY_VOID(find_watchable(session, key, Watcher::of(call, key)));
        return SharedFile{*std::move(record), *id, name, storage::find_pieces(session, *id)};
      });
}

io::Task<Answer<storage::Pieces>> hash_local_copy(Call& call, const SharedFile& file,
                                                  std::string object_key) {
  const Turn turn(call.context.torrent_is_made);
  if (!turn.is_mine()) {
    co_return std::unexpected(
        Problem(503, "Another torrent is being made.").with_header("Retry-After", "5"));
  }
  const VideoServices& services = *call.context.video_services;
  CO_TRY(auto pieces,
         co_await storage::hash_pieces(*services.local, std::move(object_key), file.record.size,
                                       file.record.sha256, *services.bulk));
  CO_TRY_VOID(co_await call.context.database.write(
      [id = file.id, pieces](db::Session& session) -> Result<> {
        const bool is_there =
            session.execute("update media_file set size = size where id = :id", {id}) > 0;
        if (is_there) storage::record_pieces(session, id, pieces);
        return {};
      }));
  co_return pieces;
}

/// What is on this machine is read while the caller waits; for the rest a job does it.
io::Task<Answer<storage::Pieces>> make_pieces(Call& call, const SharedFile& file) {
  const VideoServices* services = call.context.video_services;
  if (services == nullptr || services->bulk == nullptr)
    co_return refuse(503, "This server does not store files.");
  const auto& copies = file.record.copies;
  const auto local = services->local == nullptr
                         ? copies.end()
                         : std::ranges::find(copies, services->local->name(),
                                             &catalog::MediaFileRecord::Copy::store);
  if (local != copies.end()) co_return co_await hash_local_copy(call, file, local->object_key);
  CO_TRY_VOID(co_await call.context.database.write(
      [id = file.id, now = call.context.clock.now()](db::Session& session) -> Result<> {
        storage::ask_for_pieces(session, id, now);
        return {};
      }));
  co_return std::unexpected(Problem(503,
                                    "This torrent is being made, because nobody asked for it "
                                    "before.")
                                .with_header("Retry-After", "10"));
}

io::Task<Reply> get_torrent(Call& call) {
  constexpr std::string_view k_extension = ".torrent";
  std::string_view name = call.parameter("file");
  if (!name.ends_with(k_extension)) co_return refuse(404, "Torrent not found");
  name.remove_suffix(k_extension.size());
  CO_TRY(SharedFile file, co_await find_shared(call, std::string(name)));
  if (!file.pieces) {
    CO_TRY(file.pieces, co_await make_pieces(call, file));
  }
  net::Response response =
      net::Response::text(200, metainfo(call.context, file), "application/x-bittorrent");
  response.headers.add("Cache-Control", "private, no-store");
  co_return response;
}

}  // namespace

void add_torrent_routes(Routes& routes) {
  routes.get("/lazy-static/torrents/:file", {.operation = "getTorrent"}, get_torrent);
  routes.get("/download/torrents/:file", {.operation = "downloadTorrent"}, get_torrent);
}

}  // namespace shoal::api
