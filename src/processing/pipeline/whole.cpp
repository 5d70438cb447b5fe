#include "processing/pipeline/whole.h"

#include <algorithm>
#include <set>

#include "jobs/remote_lease.h"
#include "jobs/states.h"
#include "processing/pipeline/graph.h"
#include "processing/pipeline/records.h"

namespace shoal::processing {
namespace {

constexpr Seconds k_least_lease{600};
constexpr int k_lease_per_second = 12;
/// Who takes a job only to end it.
constexpr std::string_view k_ender = "ended unneeded";

struct Offer {
  JobId job;
  std::uint32_t resolution = 0;
  bool is_lent = false;
  /// Nobody has had it yet.
  bool is_new = false;
  UtcTime created_at{};
};

std::vector<Offer> find_offers(db::Session& session, VideoId video) {
  std::vector<Offer> offers;
  for (const db::Row& row : session.query("select id, payload, state, attempt, created_at from job"
                                          " where video_id = :video and kind = :kind order by id",
                                          {video, k_whole})) {
    offers.push_back({.job = row.id<JobId>(0),
                      .resolution = static_cast<std::uint32_t>(payload_index(row.text(1))),
                      .is_lent = row.integer(2) == jobs::k_running,
                      .is_new = row.integer(3) == 0,
                      .created_at = row.time(4)});
  }
  return offers;
}

/// The smallest is made at once, so that there is something to watch.
std::uint32_t smallest_encoded(const Plan& plan) {
  std::uint32_t smallest = 0;
  for (const RenditionPlan& rendition : plan.renditions)
    if (rendition.video == StreamMode::encode) smallest = rendition.resolution;
  return smallest;
}

/// Encoded renditions that are lent, or kept for runners.
std::set<std::uint32_t> find_left_out(db::Session& session, VideoId video, const Plan& plan,
                                      Seconds patience) {
  std::set<std::uint32_t> out;
  const UtcTime now = session.now();
  for (const Offer& offer : find_offers(session, video)) {
    const bool is_kept = offer.is_new && offer.created_at + patience > now &&
                         offer.resolution != smallest_encoded(plan);
    if (offer.is_lent || is_kept) out.insert(offer.resolution);
  }
  return out;
}

/// Of which renditions nothing is to be made any more, for this work segment.
std::set<std::uint32_t> find_made(db::Session& session, VideoId video, const Plan& plan,
                                  std::size_t work_segment) {
  auto made = find_finished_sizes(session, video);
  for (const RenditionPlan& rendition : plan.renditions)
    if (has_work(session, video, rendition, work_segment)) made.insert(rendition.resolution);
  return made;
}

}  // namespace

Plan plan_of_segment(db::Session& session, VideoId video, Plan plan, std::size_t work_segment,
                     Seconds patience) {
  if (!plan.offers_whole) return plan;
  auto left_out = find_left_out(session, video, plan, patience);
  left_out.merge(find_made(session, video, plan, work_segment));
  std::erase_if(plan.renditions, [&](const RenditionPlan& rendition) {
    return rendition.video == StreamMode::encode && left_out.contains(rendition.resolution);
  });
  return plan;
}

std::set<std::uint32_t> find_optional(db::Session& session, VideoId video, const Plan& plan,
                                      std::size_t work_segment) {
  if (!plan.offers_whole) return {};
  auto out = find_made(session, video, plan, work_segment);
  for (const Offer& offer : find_offers(session, video)) out.insert(offer.resolution);
  return out;
}

bool is_made_elsewhere(db::Session& session, VideoId video, const RenditionPlan& rendition) {
  // An update locks the row: a runner that takes the job comes before this transaction, or after.
  const auto offer = session.query_one(
      "update job set priority = priority where video_id = :video and kind = :kind"
      " and payload = :payload returning state",
      {video, k_whole, index_payload(rendition.resolution)});
  if (offer && offer->integer(0) == jobs::k_running) return true;
  return find_finished_sizes(session, video).contains(rendition.resolution);
}

bool may_lend(db::Session& session, VideoId video, std::uint32_t resolution) {
  return !session
              .query_one(
                  "select 1 from work_segment where video_id = :video and height = :height limit 1",
                  {video, resolution})
              .has_value();
}

Settled settle_whole(db::Session& session, VideoId video, const Plan& plan, Seconds patience) {
  if (!plan.offers_whole) return Settled::complete;
  if (!find_left_out(session, video, plan, patience).empty()) return Settled::waiting;
  for (const Offer& offer : find_offers(session, video))
    (void)jobs::cancel(session, offer.job, "no runner took it in time");
  return enqueue_missing(session, video, plan) ? Settled::queued : Settled::complete;
}

void after_whole(db::Session& session, VideoId video, const Plan& plan) {
  const auto finished = find_finished_sizes(session, video);
  const bool all = std::ranges::all_of(plan.renditions, [&](const RenditionPlan& rendition) {
    return rendition.video != StreamMode::encode || finished.contains(rendition.resolution);
  });
  for (const db::Row& row :
       all ? session.query("select id from job where video_id = :video and kind = :kind"
                           " and state = 1 order by id",
                           {video, k_encode})
           : std::vector<db::Row>{}) {
    // Finish waits for them: to it they are done.
    if (const auto job = jobs::lease_job(session, k_ender, row.id<JobId>(0), Seconds{1}))
      (void)jobs::complete(session, *job);
  }
  jobs::hasten(session, finish_job(session, video));
}

Seconds longest_lease(const Plan& plan, std::string_view kind, std::size_t index) {
  Microseconds length = plan.boundaries.end;
  if (kind == k_encode && index < plan.work_segments.size()) {
    const WorkSegment& work = plan.work_segments[index];
    length = plan.boundaries.end_of(work.last - 1) - plan.boundaries.start_of(work.first);
  }
  return k_least_lease + std::chrono::ceil<Seconds>(length * k_lease_per_second);
}

}  // namespace shoal::processing
