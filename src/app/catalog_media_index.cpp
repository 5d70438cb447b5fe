#include "app/catalog_media_index.h"

#include <fmt/format.h>

#include "base/digest.h"
#include "base/text.h"
#include "catalog/media_lookup.h"
#include "catalog/videos.h"
#include "processing/pipeline/records.h"

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
  entry.modified = record.created_at;
  entry.video = record.video;
  entry.open_to_all = catalog::is_media_open(record.privacy);
  entry.is_picture = record.is_picture;
  entry.privacy_epoch = record.privacy_epoch;
  for (const auto& [store, key] : record.copies) entry.copies.push_back({store, key});
  entry.name = std::move(name);
  return entry;
}

/// The text of a running playlist, or nothing when the name is none of the video's.
std::optional<std::string> running_text(const processing::RunningWork& running,
                                        std::string_view name) {
  if (name == processing::running_master_name(running.plan)) {
    std::string text = processing::running_master(running.plan, running.renditions);
    return text.empty() ? std::nullopt : std::optional(std::move(text));
  }
  for (const processing::RunningRendition& rendition : running.renditions) {
    if (name == processing::running_playlist_name(running.plan, *rendition.rendition))
      return processing::running_playlist(running.plan, rendition);
  }
  return std::nullopt;
}

Result<MediaEntry> running_entry(db::Session& session, std::string name) {
  const auto nothing = [] { return fail(ErrorCode::not_found, "there is no such file"); };
  constexpr std::size_t k_uuid_length = 36;
  const auto uuid = Uuid::parse(std::string_view(name).substr(0, k_uuid_length));
  if (!uuid || !name.ends_with(".m3u8")) return nothing();
  const auto access = catalog::find_video_access(session, catalog::VideoKey(*uuid));
  if (!access) return nothing();
  TRY(const auto running, processing::find_running(session, access->id));
  auto text = running_text(*running, name);
  if (!text) return nothing();
  MediaEntry entry;
  entry.content_type = "application/vnd.apple.mpegurl";
  entry.etag = make_etag(to_hex(Sha256::of(*text)));
  entry.size = text->size();
  entry.video = *uuid;
  entry.open_to_all = catalog::is_media_open(access->privacy);
  entry.privacy_epoch = access->privacy_epoch;
  entry.text = std::make_shared<const std::string>(*std::move(text));
  entry.name = std::move(name);
  return entry;
}

}  // namespace

io::Task<Result<MediaEntry>> CatalogMediaIndex::find(std::string name) {
  co_return co_await database_.read(
      [name = std::move(name)](db::Session& session) -> Result<MediaEntry> {
        if (const auto record = catalog::find_media_file(session, name))
          return stored_entry(name, *record);
        return running_entry(session, name);
      });
}

}  // namespace shoal::app
