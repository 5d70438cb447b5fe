#pragma once

#include <cstdint>
#include <set>
#include <string_view>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "db/session.h"
#include "processing/plan.h"

/// Renditions that machines make whole, which know no work segments. Each has a k_whole job beside
/// the segment jobs; nothing waits for it. While a runner has it, is *lent* the rendition, segment
/// jobs leave that rendition out, and what they still find of it is not recorded: a running
/// playlist never begins what will not go on. It comes back whole, as a single file; else, the last
/// segment job being over, finish queues what is missing of it. Functions over the caller's
/// transaction.
namespace shoal::processing {

/// `plan` without the encoded renditions of which this work segment is not to be made now: it is
/// there, or they are made whole, lent, or kept for runners, as all but the smallest are for the
/// first `patience`.
Plan plan_of_segment(db::Session& session, VideoId video, Plan plan, std::size_t work_segment,
                     Seconds patience);

/// The renditions that who was given that plan earlier may have left out.
std::set<std::uint32_t> find_optional(db::Session& session, VideoId video, const Plan& plan,
                                      std::size_t work_segment);

/// Whether a work segment of it is not wanted any more: the rendition is lent, or made whole. Who
/// takes it for a runner (may_lend) waits for this transaction.
bool is_made_elsewhere(db::Session& session, VideoId video, const RenditionPlan& rendition);
/// Whether nothing of a rendition is listed yet. To be asked in the transaction that leases it,
/// after that.
bool may_lend(db::Session& session, VideoId video, std::uint32_t resolution);

enum class Settled : std::uint8_t {
  complete,  ///< all renditions are made, or all their work segments
  queued,    ///< there are new segment jobs, and a new finish
  waiting,   ///< a runner is at one, or may still come: ask again
};
/// After the last segment job: what no runner has taken is offered no more, and what is missing is
/// queued.
Settled settle_whole(db::Session& session, VideoId video, const Plan& plan, Seconds patience);

/// One was made, or given up: segment jobs that have nothing left to do end, and finish looks
/// again.
void after_whole(db::Session& session, VideoId video, const Plan& plan);

/// How long a runner may have a job in all, however often it says that it is at it: ten minutes and
/// twelve times the length of what it makes.
Seconds longest_lease(const Plan& plan, std::string_view kind, std::size_t index);

}  // namespace shoal::processing
