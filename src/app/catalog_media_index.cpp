#include "app/catalog_media_index.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/digest.h"
#include "base/text.h"
#include "catalog/media_lookup.h"
#include "catalog/videos.h"
#include "delivery/disk_cache/chunk_file.h"
#include "processing/pipeline/records.h"
#include "storage/files.h"

namespace shoal::app {
namespace {

using delivery::MediaEntry;

/// Half of a SHA-256 is as unique as anybody can tell, and short in every header.
std::string make_etag(std::string_view sha256_hex) {
  return fmt::format("\"{}\"", sha256_hex.substr(0, 32));
}

MediaEntry stored_entry(std::string name, const catalog::MediaFileRecord& record) {
  MediaEntry entry;
  const auto dot = name.rfind('.');
  const std::string_view extension =
      dot == std::string::npos ? std::string_view() : std::string_view(name).substr(dot);
  entry.download_name = record.height && *record.height > 0
                            ? fmt::format("{}-{}p{}", record.video_name, *record.height, extension)
                            : fmt::format("{}{}", record.video_name, extension);
  entry.content_type = record.content_type;
  entry.etag = make_etag(record.sha256);
  entry.size = record.size;
  entry.sha256 = record.sha256;
  entry.modified = record.created_at;
  entry.video = record.video;
  entry.open_to_all = catalog::is_media_open(record.privacy);
  entry.is_picture = record.is_picture;
  entry.privacy_epoch = record.privacy_epoch;
  for (const auto& [store, key, is_public] : record.copies)
    entry.copies.push_back({store, key, is_public});
  entry.name = std::move(name);
  return entry;
}

bool take(std::string_view& text, std::string_view token) {
  if (!text.starts_with(token)) return false;
  text.remove_prefix(token.size());
  return true;
}

/// One to five digits.
bool take_number(std::string_view& text) {
  const auto end = std::min(text.find_first_not_of("0123456789"), text.size());
  if (end == 0 || end > 5) return false;
  text.remove_prefix(end);
  return true;
}

auto nothing() {
  return fail(ErrorCode::not_found, "there is no such file");
}

}  // namespace

std::optional<Uuid> video_of_running_name(std::string_view name) {
  constexpr std::size_t k_uuid_length = 36;
  const auto video = Uuid::parse(name.substr(0, k_uuid_length));
  if (!video) return std::nullopt;
  std::string_view rest = name.substr(k_uuid_length);
  if (rest == "-running-master.m3u8") return video;
  if (take(rest, "-r") && !take_number(rest)) return std::nullopt;
  if (!take(rest, "-") || !take_number(rest) || rest != "-running.m3u8") return std::nullopt;
  return video;
}

std::shared_ptr<const CatalogMediaIndex::Playlists> CatalogMediaIndex::find_rendered(
    const Uuid& video) {
  const std::scoped_lock lock(mutex_);
  const auto found = std::ranges::find(rendered_, video, &Rendered::video);
  if (found == rendered_.end() || clock_.steady_now() >= found->at + k_keep) return nullptr;
  return found->playlists;
}

void CatalogMediaIndex::keep(Rendered rendered) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(rendered_, [&](const Rendered& old) { return old.video == rendered.video; });
  rendered_.push_front(std::move(rendered));
  if (rendered_.size() > k_videos) rendered_.pop_back();
}

Result<std::shared_ptr<const CatalogMediaIndex::Playlists>> CatalogMediaIndex::playlists_of(
    db::Session& session, VideoId id, const Uuid& video) {
  if (auto known = find_rendered(video)) return known;
  auto playlists = std::make_shared<Playlists>();
  const auto found = processing::find_running(session, id);
  if (!found && found.error().code != ErrorCode::not_found) return std::unexpected(found.error());
  if (found) {
    const processing::RunningWork& running = **found;
    const auto add = [&](std::string name, std::string text) {
      playlists->emplace(std::move(name), std::make_shared<const std::string>(std::move(text)));
    };
    std::string master = processing::running_master(running.plan, running.renditions);
    if (!master.empty()) add(processing::running_master_name(running.plan), std::move(master));
    for (const processing::RunningRendition& rendition : running.renditions)
      add(processing::running_playlist_name(running.plan, *rendition.rendition),
          processing::running_playlist(running.plan, rendition));
  }
  keep({video, clock_.steady_now(), playlists});
  return playlists;
}

Result<MediaEntry> CatalogMediaIndex::running_entry(db::Session& session, std::string name) {
  const auto video = video_of_running_name(name);
  if (!video) return nothing();
  const auto access = catalog::find_video_access(session, catalog::VideoKey(*video));
  if (!access) return nothing();
  TRY(const auto playlists, playlists_of(session, access->id, *video));
  const auto found = playlists->find(name);
  if (found == playlists->end()) return nothing();
  MediaEntry entry;
  entry.content_type = "application/vnd.apple.mpegurl";
  entry.text = found->second;
  entry.etag = make_etag(to_hex(Sha256::of(*entry.text)));
  entry.size = entry.text->size();
  entry.video = *video;
  entry.open_to_all = catalog::is_media_open(access->privacy);
  entry.privacy_epoch = access->privacy_epoch;
  entry.name = std::move(name);
  return entry;
}

std::vector<Sha256Digest> parse_hashes(std::string_view hex) {
  constexpr std::size_t k_digits = 2 * std::tuple_size_v<Sha256Digest>;
  if (hex.size() % k_digits != 0) return {};
  std::vector<Sha256Digest> hashes(hex.size() / k_digits);
  for (std::size_t i = 0; i < hashes.size(); ++i)
    if (!from_hex(hex.substr(i * k_digits, k_digits), hashes[i])) return {};
  return hashes;
}

std::vector<std::uint32_t> parse_sums(std::string_view hex) {
  constexpr std::size_t k_digits = 8;
  if (hex.size() % k_digits != 0) return {};
  std::vector<std::uint32_t> sums(hex.size() / k_digits);
  for (std::size_t i = 0; i < sums.size(); ++i) {
    std::array<std::byte, k_digits / 2> bytes{};
    if (!from_hex(hex.substr(i * k_digits, k_digits), bytes)) return {};
    for (const std::byte byte : bytes)
      sums[i] = (sums[i] << 8) | std::to_integer<std::uint32_t>(byte);
  }
  return sums;
}

io::Task<Result<delivery::MediaHashes>> CatalogMediaIndex::find_hashes(std::string name) {
  static_assert(delivery::k_chunk == storage::k_checksum_block);
  co_return co_await database_.read(
      [name = std::move(name)](db::Session& session) -> Result<delivery::MediaHashes> {
        const catalog::PartHashes found = catalog::find_part_hashes(session, name);
        return delivery::MediaHashes{parse_hashes(found.block_sha256), storage::k_checksum_range,
                                     parse_sums(found.range_crc32c)};
      });
}

io::Task<Result<MediaEntry>> CatalogMediaIndex::find(std::string name) {
  co_return co_await database_.read(
      [this, name = std::move(name)](db::Session& session) -> Result<MediaEntry> {
        if (const auto record = catalog::find_media_file(session, name))
          return stored_entry(name, *record);
        return running_entry(session, name);
      });
}

}  // namespace shoal::app
