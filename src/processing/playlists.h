#pragma once

#include <string>
#include <vector>

#include "processing/packaging.h"
#include "processing/plan.h"

/// The playlists of a video, while it grows and when it is finished. Pure.
namespace shoal::processing {

/// What of one rendition may be listed: its work segments 0..n-1, without a hole.
struct RunningRendition {
  const RenditionPlan* rendition = nullptr;
  std::string codecs;
  bool has_audio = false;
  std::vector<PackagedSegment> segments;
  /// For each segment, the work segment whose object holds it.
  std::vector<std::size_t> work_of;
  bool ended = false;
};

/// Takes the next work segment (they must come in order: checked).
void append_work(RunningRendition& running, const PackagedWork& work);

std::string running_playlist_name(const Plan& plan, const RenditionPlan& rendition);
std::string running_master_name(const Plan& plan);

/// An EVENT playlist that starts at 0 in every player; each later one begins with the text of each
/// earlier one, and the last adds ENDLIST.
std::string running_playlist(const Plan& plan, const RunningRendition& running);
/// Lists the renditions that have a segment, the lowest first; empty when there is none.
std::string running_master(const Plan& plan, const std::vector<RunningRendition>& renditions);

std::string master_name(const Plan& plan);
std::string digests_name(const Plan& plan);
/// The lowest resolution first, as PeerTube.
std::string finished_master(const Plan& plan, const std::vector<FinishedRendition>& renditions);
std::string finished_digests(const std::vector<FinishedRendition>& renditions);

}  // namespace shoal::processing
