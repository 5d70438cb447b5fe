#include <fmt/format.h>

#include <algorithm>

#include "media/fmp4/fragment.h"
#include "media/fmp4/init_segment.h"
#include "media/fmp4/stitch.h"
#include "processing/packaging.h"

namespace shoal::processing {

namespace {

namespace fmp4 = media::fmp4;
namespace m3u8 = media::m3u8;

constexpr std::size_t k_copy_block = std::size_t{1} << 20;

Result<std::uint64_t> append_file(io::FileSystem& files, const Path& from, io::File& out,
                                  std::uint64_t at) {
  TRY(auto in, files.open(from, io::OpenMode::read));
  media::Bytes block(k_copy_block);
  for (std::uint64_t offset = 0;;) {
    TRY(const std::size_t got, in->read_at(offset, block));
    if (got == 0) return offset;
    TRY_VOID(out.write_at(at + offset, std::span(block).first(got)));
    offset += got;
  }
}

Result<> check_parts(const Plan& plan, const std::vector<PackagedWork>& parts) {
  if (parts.size() != plan.work_segments.size()) {
    return fail(ErrorCode::conflict, "not all work segments are finished");
  }
  for (std::size_t k = 0; k < parts.size(); ++k) {
    const WorkSegment& work = plan.work_segments[k];
    if (parts[k].work_segment != k || parts[k].segments.size() != work.last - work.first) {
      return fail(ErrorCode::corrupt, fmt::format("work segment {} is not where it belongs", k));
    }
    if (parts[k].init != parts[0].init) {
      return fail(ErrorCode::corrupt,
                  fmt::format("work segment {} was encoded with other headers", k));
    }
  }
  return {};
}

/// An index of the whole file, for players that seek in it without a playlist.
fmp4::SegmentIndex make_index(const fmp4::Track& track,
                              const std::vector<PackagedSegment>& segments) {
  fmp4::SegmentIndex index;
  index.track_id = track.id;
  index.timescale = track.timescale;
  index.earliest_presentation_time = static_cast<std::uint64_t>(track.edit_media_time);
  for (const PackagedSegment& segment : segments) {
    if (index.references.size() == 0xffff) break;
    index.references.push_back({static_cast<std::uint32_t>(segment.range.length),
                                static_cast<std::uint32_t>(fmp4::rescale(
                                    segment.duration.count(), track.timescale, 1'000'000)),
                                true});
  }
  return index;
}

m3u8::MediaPlaylist make_playlist(const Plan& plan, const std::string& file_name,
                                  std::uint64_t init_size,
                                  const std::vector<PackagedSegment>& segments) {
  m3u8::MediaPlaylist playlist;
  playlist.type = m3u8::PlaylistType::vod;
  playlist.target_duration = plan.target_duration();
  playlist.independent_segments = true;
  playlist.map = m3u8::Map{file_name, m3u8::ByteRange{0, init_size}};
  for (const PackagedSegment& segment : segments) {
    playlist.segments.push_back({file_name, segment.duration, segment.range});
  }
  playlist.ended = true;
  return playlist;
}

/// Bytes and time of neighbouring segments.
struct Stretch {
  double bytes = 0;
  Microseconds time{0};

  void add(const PackagedSegment& segment) {
    bytes += static_cast<double>(segment.range.length);
    time += segment.duration;
  }
  double bits_per_second() const {
    return bytes * 8e6 / static_cast<double>(std::max<std::int64_t>(1, time.count()));
  }
};

double average_rate(std::span<const PackagedSegment> segments) {
  Stretch whole;
  for (const PackagedSegment& segment : segments) whole.add(segment);
  return whole.bits_per_second();
}

}  // namespace

BitsPerSecond peak_bitrate(std::span<const PackagedSegment> segments, Microseconds target) {
  double peak = 0;
  for (std::size_t first = 0; first < segments.size(); ++first) {
    Stretch stretch;
    for (std::size_t i = first; i < segments.size(); ++i) {
      stretch.add(segments[i]);
      if (stretch.time * 2 > target * 3) break;
      if (stretch.time * 2 >= target) peak = std::max(peak, stretch.bits_per_second());
    }
  }
  if (peak == 0) peak = average_rate(segments);
  return {static_cast<std::uint64_t>(peak)};
}

Result<FinishedRendition> finish_rendition(io::FileSystem& files, const Plan& plan,
                                           const RenditionPlan& rendition,
                                           const std::vector<PackagedWork>& parts,
                                           const Path& folder) {
  TRY_VOID(check_parts(plan, parts));
  FinishedRendition finished;
  finished.resolution = rendition.resolution;
  finished.file_name =
      fmt::format("{}-{}-fragmented.mp4", rendition.file_id.text(), rendition.resolution);
  finished.playlist_name =
      fmt::format("{}-{}.m3u8", rendition.file_id.text(), rendition.resolution);
  finished.codecs = parts.front().codecs;
  finished.has_audio = parts.front().has_audio;

  TRY(fmp4::InitSegment init, fmp4::parse_init_segment(parts.front().init));
  init.duration_ms = static_cast<std::uint64_t>(plan.boundaries.end.count() / 1000);
  const media::Bytes head = fmp4::write_init_segment(init);
  for (const PackagedWork& part : parts) {
    finished.segments.insert(finished.segments.end(), part.segments.begin(), part.segments.end());
  }
  const media::Bytes index =
      fmp4::write_segment_index(make_index(init.tracks.front(), finished.segments));
  TRY(auto out, files.open(folder / finished.file_name, io::OpenMode::create));
  TRY_VOID(out->truncate(0));
  TRY_VOID(out->write_at(0, head));
  TRY_VOID(out->write_at(head.size(), index));
  std::uint64_t at = head.size() + index.size();
  auto segment = finished.segments.begin();
  for (const PackagedWork& part : parts) {
    const Path name = folder / running_work_name(plan, rendition, part.work_segment);
    TRY(const std::uint64_t size, append_file(files, name, *out, at));
    std::uint64_t expected = 0;
    for (std::size_t i = 0; i < part.segments.size(); ++i, ++segment) {
      expected += segment->range.length;
      segment->range.offset += at;
    }
    if (size != expected) return fail(ErrorCode::corrupt, "a work segment's object changed");
    at += size;
  }
  finished.size = at;
  finished.playlist =
      m3u8::write(make_playlist(plan, finished.file_name, head.size(), finished.segments));
  finished.peak = peak_bitrate(finished.segments, plan.target_duration());
  finished.average = {static_cast<std::uint64_t>(average_rate(finished.segments))};
  return finished;
}

}  // namespace shoal::processing
