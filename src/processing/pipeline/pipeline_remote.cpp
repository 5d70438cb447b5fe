// What workers elsewhere bring back: checked, then stored and recorded as the local step does.
#include <fmt/format.h>

#include <algorithm>

#include "processing/pipeline/graph.h"
#include "processing/pipeline/incoming.h"
#include "processing/pipeline/pipeline.h"

namespace shoal::processing {

Pipeline::Incoming::~Incoming() {
  (void)pipeline_.services_.steps.files.remove_all(folder_);
  const std::scoped_lock lock(pipeline_.receiving_mutex_);
  pipeline_.receiving_.erase(lease_);
}

Result<std::unique_ptr<Pipeline::Incoming>> Pipeline::receive(Job job) {
  const jobs::LeaseKey lease{job.id, job.fence};
  {
    const std::scoped_lock lock(receiving_mutex_);
    if (!receiving_.insert(lease).second)
      return fail(ErrorCode::busy, "results of this job are arriving already");
  }
  auto incoming = std::make_unique<Incoming>(
      *this, lease, config_.scratch / fmt::format("remote-{}-{}", lease.id.value, lease.fence));
  TRY_VOID(services_.steps.files.create_directories(incoming->folder()));
  return incoming;
}

io::Task<Result<>> Pipeline::record_encoded(jobs::LeasedJob job, const Incoming& incoming,
                                            std::set<std::uint32_t> renditions) {
  CO_TRY(Input input, co_await input_of(job));
  std::erase_if(input.plan.renditions, [&](const RenditionPlan& rendition) {
    return rendition.video == StreamMode::encode && !renditions.contains(rendition.resolution);
  });
  const std::size_t segment = payload_index(job);
  if (segment >= input.plan.work_segments.size())
    co_return fail(ErrorCode::not_found, "the plan has no such work segment");
  // All of them before any is shown to a viewer.
  for (const RenditionPlan& rendition : input.plan.renditions) {
    if (rendition.video != StreamMode::encode) continue;
    CO_TRY_VOID(
        co_await check_piece(services_.steps, input.plan, rendition, segment, incoming.folder()));
  }
  CO_TRY_VOID(co_await store_encoded(job, input, incoming.folder()));
  co_return co_await services_.database.write(
      [job](db::Session& session) { return jobs::complete(session, job); });
}

io::Task<Result<>> Pipeline::record_whole(jobs::LeasedJob job, const Incoming& incoming) {
  CO_TRY(Input input, co_await input_of(job));
  const std::size_t resolution = payload_index(job);
  const auto found =
      std::ranges::find(input.plan.renditions, resolution, &RenditionPlan::resolution);
  if (found == input.plan.renditions.end() || found->video != StreamMode::encode)
    co_return fail(ErrorCode::not_found, "the plan has no such rendition");
  const RenditionPlan rendition = *found;
  Input whole{input.work, {}};
  CO_TRY(whole.plan,
         co_await check_whole(services_.steps, input.plan, rendition, incoming.folder()));
  std::vector<PackagedWork> parts(1);
  CO_TRY(parts.front(), co_await package_when_heard(whole, rendition, 0, incoming.folder()));
  CO_TRY(FinishedRendition finished,
         co_await processing::finish(services_.steps, whole.plan, rendition, std::move(parts),
                                     incoming.folder()));
  co_return co_await store_finished(job, input, rendition, std::move(finished), incoming.folder());
}

}  // namespace shoal::processing
