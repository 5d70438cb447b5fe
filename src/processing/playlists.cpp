#include "processing/playlists.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "media/segments_sha256.h"

namespace shoal::processing {

namespace {

namespace m3u8 = media::m3u8;

m3u8::Variant make_variant(const RenditionPlan& rendition, std::string uri, std::string codecs) {
  m3u8::Variant variant;
  variant.uri = std::move(uri);
  variant.codecs = std::move(codecs);
  if (rendition.video != StreamMode::none) {
    variant.resolution = m3u8::Resolution{rendition.width, rendition.height};
    variant.frame_rate = rendition.fps.value();
  }
  return variant;
}

/// What a player must expect of segments that are partly still to come. The encoder may spend its
/// whole buffer, two seconds of its ceiling, on a segment of four; a copied picture's peak is
/// known.
BitsPerSecond expected_peak(const Plan& plan, const RunningRendition& running) {
  const RenditionPlan& rendition = *running.rendition;
  const std::uint64_t ceiling = rendition.max_bitrate.value;
  const std::uint64_t picture =
      rendition.video == StreamMode::encode ? ceiling + ceiling / 2 : ceiling;
  const BitsPerSecond measured = peak_bitrate(running.segments, plan.target_duration());
  return std::max(measured, {picture + plan.audio.bitrate.value});
}

const RenditionPlan& rendition_of(const Plan& plan, std::uint32_t resolution) {
  for (const RenditionPlan& rendition : plan.renditions) {
    if (rendition.resolution == resolution) return rendition;
  }
  SHOAL_CHECK(false && "a finished rendition is one of the plan's");
  return plan.renditions.front();
}

}  // namespace

void append_work(RunningRendition& running, const PackagedWork& work) {
  SHOAL_CHECK(running.work_of.empty() ? work.work_segment == 0
                                      : work.work_segment == running.work_of.back() + 1);
  running.codecs = work.codecs;
  running.has_audio = work.has_audio;
  for (const PackagedSegment& segment : work.segments) {
    running.segments.push_back(segment);
    running.work_of.push_back(work.work_segment);
  }
}

std::string running_playlist_name(const Plan& plan, const RenditionPlan& rendition) {
  return fmt::format("{}-{}-running.m3u8", running_prefix(plan), rendition.resolution);
}

std::string running_master_name(const Plan& plan) {
  return fmt::format("{}-running-master.m3u8", plan.running_id.text());
}

std::string running_playlist(const Plan& plan, const RunningRendition& running) {
  m3u8::MediaPlaylist playlist;
  playlist.type = m3u8::PlaylistType::event;
  playlist.target_duration = plan.target_duration();
  playlist.independent_segments = true;
  playlist.start = m3u8::StartPoint{0, true};
  playlist.map = m3u8::Map{running_init_name(plan, *running.rendition), std::nullopt};
  for (std::size_t i = 0; i < running.segments.size(); ++i) {
    playlist.segments.push_back({running_work_name(plan, *running.rendition, running.work_of[i]),
                                 running.segments[i].duration, running.segments[i].range});
  }
  playlist.ended = running.ended;
  return m3u8::write(playlist);
}

std::string running_master(const Plan& plan, const std::vector<RunningRendition>& renditions) {
  m3u8::MasterPlaylist master;
  master.independent_segments = true;
  master.start = m3u8::StartPoint{0, true};
  for (auto running = renditions.rbegin(); running != renditions.rend(); ++running) {
    if (running->segments.empty()) continue;
    const RenditionPlan& rendition = *running->rendition;
    auto variant = make_variant(rendition, running_playlist_name(plan, rendition), running->codecs);
    variant.bandwidth = expected_peak(plan, *running);
    master.variants.push_back(std::move(variant));
  }
  return master.variants.empty() ? std::string{} : m3u8::write(master);
}

std::string master_name(const Plan& plan) {
  return fmt::format("{}-master.m3u8", plan.master_id.text());
}

std::string digests_name(const Plan& plan) {
  return fmt::format("{}-segments-sha256.json", plan.digests_id.text());
}

std::string finished_master(const Plan& plan, const std::vector<FinishedRendition>& renditions) {
  std::vector<const FinishedRendition*> ascending;
  ascending.reserve(renditions.size());
  for (const FinishedRendition& rendition : renditions) ascending.push_back(&rendition);
  std::ranges::sort(ascending, {}, &FinishedRendition::resolution);
  m3u8::MasterPlaylist master;
  master.independent_segments = true;
  for (const FinishedRendition* finished : ascending) {
    auto variant = make_variant(rendition_of(plan, finished->resolution), finished->playlist_name,
                                finished->codecs);
    variant.bandwidth = finished->peak;
    variant.average_bandwidth = finished->average;
    master.variants.push_back(std::move(variant));
  }
  return m3u8::write(master);
}

std::string finished_digests(const std::vector<FinishedRendition>& renditions) {
  std::vector<media::FileDigests> files;
  for (const FinishedRendition& rendition : renditions) {
    media::FileDigests& file = files.emplace_back();
    file.file_name = rendition.file_name;
    for (const PackagedSegment& segment : rendition.segments) {
      file.segments.push_back(
          {segment.range.offset, segment.range.offset + segment.range.length - 1, segment.sha256});
    }
  }
  return media::write_segments_sha256(files);
}

}  // namespace shoal::processing
