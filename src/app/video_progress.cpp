#include "app/video_progress.h"

#include <algorithm>
#include <numeric>

#include "processing/pipeline/records.h"

namespace shoal::app {
namespace {

using State = api::VideoProcessing::RenditionState;

api::VideoProcessing::Rendition describe(const processing::RunningWork& running, std::size_t i) {
  const std::size_t total = running.plan.work_segments.size();
  const std::size_t done = running.done[i];
  return {.resolution = running.plan.renditions[i].resolution,
          .state = done == total ? State::ready
                   : done > 0    ? State::running
                                 : State::waiting,
          .percent = total == 0 ? 0 : static_cast<int>(100 * done / total)};
}

}  // namespace

std::optional<api::VideoProcessing> PipelineProgress::find(db::Session& session,
                                                           VideoId video) const {
  const SteadyTime now = clock_.steady_now();
  {
    const std::scoped_lock lock(mutex_);
    const auto known = counted_.find(video.value);
    if (known != counted_.end() && now < known->second.at + k_keep) return known->second.found;
  }
  auto found = count(session, video);
  const std::scoped_lock lock(mutex_);
  if (counted_.size() >= k_videos)
    std::erase_if(counted_, [&](const auto& entry) { return entry.second.at + k_keep <= now; });
  if (counted_.size() < k_videos) counted_.insert_or_assign(video.value, Counted{now, found});
  return found;
}

std::optional<api::VideoProcessing> PipelineProgress::count(db::Session& session,
                                                            VideoId video) const {
  const auto found = processing::find_running(session, video);
  if (!found) {
    // Uploaded and not looked at yet.
    if (found.error().code == ErrorCode::not_found) return api::VideoProcessing{};
    return std::nullopt;
  }
  const processing::RunningWork& running = **found;
  if (running.ended) return std::nullopt;
  api::VideoProcessing out;
  for (std::size_t i = 0; i < running.plan.renditions.size(); ++i)
    out.renditions.push_back(describe(running, i));
  const std::size_t done =
      std::accumulate(running.done.begin(), running.done.end(), std::size_t{0});
  const std::size_t total = running.plan.work_segments.size() * running.plan.renditions.size();
  if (total == 0) return out;
  // The single files and publishing come after the last segment: never 100 before the end.
  out.percent = static_cast<int>(std::min<std::size_t>(99, 100 * done / total));
  if (done > 0) {
    const auto spent = clock_.now() - running.started;
    const auto left =
        spent * static_cast<std::int64_t>(total - done) / static_cast<std::int64_t>(done);
    out.remaining = std::chrono::ceil<Seconds>(left);
  }
  return out;
}

}  // namespace shoal::app
