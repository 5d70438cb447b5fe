#include "peertube/sources.h"

#include <fmt/format.h>

#include "media/m3u8/playlist.h"
#include "peertube/parse.h"

namespace shoal::peertube {
namespace {

constexpr std::size_t k_piece = std::size_t{1} << 20;
constexpr std::uint64_t k_playlist_limit = media::m3u8::ParseLimits{}.bytes;

/// `a/b/<name>-fragmented.mp4` to `a/b/<name>.m3u8`; PeerTube's own rule.
std::string playlist_beside(std::string_view place) {
  std::string_view query = place.substr(std::min(place.find_first_of("?#"), place.size()));
  std::string_view stem = place.substr(0, place.size() - query.size());
  for (const std::string_view ending : {"-fragmented.mp4", ".mp4"}) {
    if (!stem.ends_with(ending)) continue;
    stem.remove_suffix(ending.size());
    break;
  }
  return fmt::format("{}.m3u8{}", stem, query);
}

Result<ScannedFile> scan_file(io::FileSystem& files, const io::Path& path, FileScan scan) {
  TRY(const auto file, files.open(path, io::OpenMode::read));
  std::vector<std::byte> buffer(k_piece);
  for (std::uint64_t offset = 0;;) {
    TRY(const std::size_t got, file->read_at(offset, buffer));
    if (got == 0) return scan.finish();
    scan.update(std::span(buffer).first(got));
    offset += got;
  }
}

io::Task<Result<std::string>> read_object(blob::BlobStore& store, std::string key,
                                          std::uint64_t limit) {
  CO_TRY(const auto reader, co_await store.open(std::move(key)));
  if (reader->size() > limit) co_return fail(ErrorCode::too_large, "a playlist is too long");
  std::string text(reader->size(), '\0');
  for (std::size_t at = 0; at < text.size();) {
    CO_TRY(const std::size_t got,
           co_await reader->read_at(at, std::as_writable_bytes(std::span(text)).subspan(at)));
    if (got == 0) co_return fail(ErrorCode::corrupt, "a playlist ends before its size");
    at += got;
  }
  co_return text;
}

}  // namespace

std::string_view to_string(SourceKind kind) {
  switch (kind) {
    case SourceKind::store:
      return "in place";
    case SourceKind::folder:
      return "folder";
    case SourceKind::download:
      break;
  }
  return "download";
}

io::Task<Result<bool>> Sources::is_file(io::Path path, std::uint64_t size) const {
  const auto status = co_await services_.offload.run(
      [&files = services_.files, path] { return files.status(path); });
  if (!status && status.error().code != ErrorCode::not_found)
    co_return std::unexpected(status.error());
  co_return status && !status->is_directory && status->size == size;
}

io::Task<Result<Source>> Sources::find_hls(const OldVideo& video, OldFile file) const {
  if (config_.store != nullptr) {
    const std::string key = fmt::format("hls/{}/{}", video.uuid.text(), file.name);
    const auto there = co_await config_.store->status(key);
    if (!there && there.error().code != ErrorCode::not_found)
      co_return std::unexpected(there.error());
    if (there && there->size == file.size) {
      co_return Source{.kind = SourceKind::store, .object_key = key, .path = {}, .url = file.url};
    }
  }
  co_return co_await find_hls_file(video, std::move(file));
}

io::Task<Result<Source>> Sources::find_hls_file(const OldVideo& video, OldFile file) const {
  const std::string uuid = video.uuid.text();
  const io::Path hls = io::Path("streaming-playlists") / "hls";
  co_return co_await find_file({.object_key = {}, .path = {}, .url = file.url}, video, file,
                               {hls / uuid, hls / "private" / uuid});
}

io::Task<Result<Source>> Sources::find_web(const OldVideo& video, OldFile file) const {
  const io::Path web = "web-videos";
  co_return co_await find_file({.object_key = {}, .path = {}, .url = file.url}, video, file,
                               {web, web / "private"});
}

io::Task<Result<Source>> Sources::find_file(Source source, const OldVideo& video, OldFile file,
                                            std::vector<io::Path> folders) const {
  if (config_.folder) {
    for (const io::Path& folder : folders) {
      const io::Path path = *config_.folder / folder / file.name;
      CO_TRY(const bool there, co_await is_file(path, file.size));
      if (!there) continue;
      source.kind = SourceKind::folder;
      source.path = path;
      co_return source;
    }
  }
  source.path = config_.scratch / name_here(video.uuid, file.name);
  source.is_ours = true;
  co_return source;
}

io::Task<Result<std::string>> Sources::read_playlist(Source source, OldFile file,
                                                     std::string origin) const {
  // What stands in for a playlist that was lost on its own is still asked of the old instance.
  if (source.kind == SourceKind::store) {
    auto text =
        co_await read_object(*config_.store, playlist_beside(source.object_key), k_playlist_limit);
    if (text || text.error().code != ErrorCode::not_found) co_return text;
  }
  if (source.kind == SourceKind::folder) {
    auto text = co_await services_.offload.run(
        [&files = services_.files, path = io::Path(playlist_beside(source.path.string()))] {
          return io::read_whole(files, path, k_playlist_limit);
        });
    if (text || text.error().code != ErrorCode::not_found) co_return text;
  }
  co_return co_await services_.instance.read(playlist_beside(file.url), std::move(origin),
                                             k_playlist_limit);
}

io::Task<> Sources::drop(Source source) const {
  if (source.kind != SourceKind::download) co_return;
  (void)co_await services_.offload.run(
      [&files = services_.files, path = source.path] { return files.remove(path); });
}

io::Task<Result<ScannedFile>> Sources::scan(Source source, OldFile file, std::string origin,
                                            FileScan scan) const {
  if (source.kind == SourceKind::store) {
    CO_TRY(std::shared_ptr<blob::ObjectReader> reader,
           co_await config_.store->open(source.object_key));
    co_return co_await services_.depot.scan(std::move(reader), std::move(scan));
  }
  if (source.kind == SourceKind::download) {
    CO_TRY_VOID(co_await services_.instance.download(source.url, std::move(origin), source.path,
                                                     file.size));
  }
  auto shared = std::make_shared<FileScan>(std::move(scan));
  co_return co_await services_.offload.run([&files = services_.files, path = source.path, shared] {
    return scan_file(files, path, std::move(*shared));
  });
}

}  // namespace shoal::peertube
