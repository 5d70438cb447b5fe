#include "peertube/adoption.h"

#include <fmt/format.h>

#include <algorithm>

#include "media/codecs.h"
#include "media/fmp4/init_segment.h"
#include "peertube/parse.h"
#include "processing/playlists.h"

namespace shoal::peertube {
namespace {

namespace fmp4 = media::fmp4;
namespace m3u8 = media::m3u8;

constexpr std::uint64_t k_init_limit = std::uint64_t{1} << 20;
constexpr std::string_view k_file_ending = "-fragmented.mp4";
constexpr std::size_t k_uuid_length = 36;

std::string_view last_part(std::string_view uri) {
  return uri.substr(uri.rfind('/') + 1);
}

/// Which name its playlist has; PeerTube's own rule.
std::string playlist_name_of(const std::string& name) {
  std::string_view stem = name;
  if (stem.ends_with(k_file_ending)) {
    stem.remove_suffix(k_file_ending.size());
  } else {
    stem.remove_suffix(std::string_view(".mp4").size());
  }
  return std::string(stem) + ".m3u8";
}

std::unexpected<Error> wrong(const OldFile& file, std::string_view why, ErrorCode code) {
  return fail(code, fmt::format("{}: {}", file.name, why));
}

m3u8::MediaPlaylist playlist_here(const std::string& name, const m3u8::MediaPlaylist& old) {
  m3u8::MediaPlaylist playlist;
  playlist.type = m3u8::PlaylistType::vod;
  playlist.independent_segments = true;
  playlist.map = m3u8::Map{name, old.map->range};
  playlist.target_duration = old.target_duration;
  playlist.ended = true;
  for (const m3u8::MediaSegment& segment : old.segments) {
    playlist.segments.push_back({name, segment.duration, segment.range});
    playlist.target_duration = std::max(playlist.target_duration, m3u8::rounded(segment.duration));
  }
  return playlist;
}

std::vector<processing::PackagedSegment> segments_of(const m3u8::MediaPlaylist& playlist,
                                                     const ScannedFile& scanned) {
  std::vector<processing::PackagedSegment> segments;
  segments.reserve(playlist.segments.size());
  for (std::size_t i = 0; i < playlist.segments.size(); ++i) {
    segments.push_back(
        {playlist.segments[i].duration, *playlist.segments[i].range, scanned.segments.at(i)});
  }
  return segments;
}

/// The old instance's own hashes, where it has some of this file.
Result<> compare(const OldFile& file, const std::vector<processing::PackagedSegment>& segments,
                 const std::vector<media::FileDigests>& old_digests) {
  const auto known = std::ranges::find(old_digests, file.name, &media::FileDigests::file_name);
  if (known == old_digests.end()) return {};
  for (const processing::PackagedSegment& segment : segments) {
    const auto same =
        std::ranges::find(known->segments, segment.range.offset, &media::SegmentDigest::first_byte);
    if (same != known->segments.end() && same->sha256 != segment.sha256) {
      return wrong(file, "its bytes are not those of the old instance's hash list",
                   ErrorCode::corrupt);
    }
  }
  return {};
}

processing::Microseconds length_of(const processing::FinishedRendition& finished) {
  processing::Microseconds time{0};
  for (const auto& segment : finished.segments) time += segment.duration;
  return time;
}

/// The UUID that a name begins with, else the video's own.
Uuid named_by(const OldVideo& video, std::string_view name, std::string_view ending) {
  const auto own = Uuid::parse(name.substr(0, k_uuid_length));
  return own && name.substr(k_uuid_length) == ending ? *own : video.uuid;
}

}  // namespace

Result<FileLayout> layout_of(const m3u8::MediaPlaylist& playlist, const OldFile& file) {
  if (!playlist.map || !playlist.map->range || playlist.segments.empty() || !playlist.ended ||
      last_part(playlist.map->uri) != file.name)
    return wrong(file, "its playlist is not one of a single file", ErrorCode::unsupported);
  FileLayout layout;
  const m3u8::ByteRange init = *playlist.map->range;
  if (init.length > k_init_limit || init.offset > k_init_limit)
    return wrong(file, "its initialization segment is too large", ErrorCode::unsupported);
  layout.head = static_cast<std::size_t>(init.offset + init.length);
  std::uint64_t end = layout.head;
  layout.ranges.reserve(playlist.segments.size());
  for (const m3u8::MediaSegment& segment : playlist.segments) {
    if (!segment.range || last_part(segment.uri) != file.name)
      return wrong(file, "its playlist is not one of a single file", ErrorCode::unsupported);
    const m3u8::ByteRange& range = *segment.range;
    const bool fits = range.offset >= end && range.length > 0 && range.offset < file.size &&
                      range.length <= file.size - range.offset;
    if (!fits) return wrong(file, "its playlist names bytes out of place", ErrorCode::corrupt);
    end = range.offset + range.length;
    layout.ranges.push_back(range);
  }
  return layout;
}

Result<AdoptedRendition> adopt_rendition(const OldFile& file, const std::string& name,
                                         const m3u8::MediaPlaylist& playlist,
                                         const ScannedFile& scanned,
                                         const std::vector<media::FileDigests>& old_digests) {
  const m3u8::ByteRange range = *playlist.map->range;
  TRY(const fmp4::InitSegment init,
      fmp4::parse_init_segment(media::ByteView(scanned.head).subspan(range.offset, range.length)));
  const fmp4::Track* const picture = init.find(fmp4::TrackKind::video);
  const fmp4::Track* const sound = init.find(fmp4::TrackKind::audio);
  if (picture == nullptr && sound == nullptr)
    return wrong(file, "it holds neither picture nor sound", ErrorCode::corrupt);
  if ((picture != nullptr) != (file.resolution > 0))
    return wrong(file, "it is not of the resolution that it is said to be", ErrorCode::corrupt);
  AdoptedRendition adopted;
  adopted.has_video = picture != nullptr;
  adopted.plan.resolution = file.resolution;
  adopted.plan.video =
      adopted.has_video ? processing::StreamMode::copy : processing::StreamMode::none;
  if (picture != nullptr) {
    adopted.plan.width = file.width > 0 ? file.width : picture->width;
    adopted.plan.height = file.height > 0 ? file.height : picture->height;
    adopted.plan.fps = {file.fps, 1};
  }
  processing::FinishedRendition& finished = adopted.finished;
  finished.resolution = file.resolution;
  finished.file_name = name;
  finished.playlist_name = playlist_name_of(name);
  finished.size = scanned.checksum.size;
  finished.has_audio = sound != nullptr;
  TRY(finished.codecs, media::codec_strings(init));
  finished.segments = segments_of(playlist, scanned);
  TRY_VOID(compare(file, finished.segments, old_digests));
  const m3u8::MediaPlaylist here = playlist_here(name, playlist);
  TRY_VOID(m3u8::check(here));
  finished.playlist = m3u8::write(here);
  finished.peak = processing::peak_bitrate(finished.segments, here.target_duration);
  const auto micros = std::max<std::int64_t>(1, length_of(finished).count());
  finished.average = {static_cast<std::uint64_t>(static_cast<double>(finished.size) * 8e6 /
                                                 static_cast<double>(micros))};
  return adopted;
}

Result<AdoptedPlaylists> adopt_playlists(const OldVideo& video,
                                         const std::vector<AdoptedRendition>& renditions) {
  processing::Plan plan;
  plan.master_id = named_by(video, video.master_name, "-master.m3u8");
  plan.digests_id = named_by(video, video.digests_name, "-segments-sha256.json");
  std::vector<processing::FinishedRendition> finished;
  finished.reserve(renditions.size());
  const bool has_sound = std::ranges::any_of(
      renditions, [](const AdoptedRendition& one) { return one.finished.has_audio; });
  for (const AdoptedRendition& rendition : renditions) {
    if (has_sound && !rendition.finished.has_audio) {
      return fail(ErrorCode::unsupported,
                  "its picture and its sound are in files of their own, which is not done here");
    }
    plan.renditions.push_back(rendition.plan);
    finished.push_back(rendition.finished);
  }
  AdoptedPlaylists playlists;
  playlists.master_name = processing::master_name(plan);
  playlists.master = processing::finished_master(plan, finished);
  playlists.digests_name = processing::digests_name(plan);
  playlists.digests = processing::finished_digests(finished);
  return playlists;
}

Milliseconds duration_of(const std::vector<AdoptedRendition>& renditions) {
  processing::Microseconds longest{0};
  for (const AdoptedRendition& rendition : renditions)
    longest = std::max(longest, length_of(rendition.finished));
  return std::chrono::ceil<Milliseconds>(longest);
}

}  // namespace shoal::peertube
