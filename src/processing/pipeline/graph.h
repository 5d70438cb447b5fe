#pragma once

#include <string_view>

#include "base/ids.h"
#include "db/session.h"
#include "jobs/queue.h"
#include "processing/plan.h"

/// The jobs of one video and what waits for what:
///
///     prepare ─┬─ audio ────────────┐
///              ├─ copy ─────────────┤
///              ├─ encode 0 … n-1 ───┼─ finish ─┬─ rendition (one each) ─── publish ─── clean up
///              └─ pictures                     └─ …             └─ storyboard
///
/// Where there is no picture, encode is package: the sound alone is cut, and nothing is encoded.
/// Each is small, leased, and done again from its inputs after a crash.
namespace shoal::processing {

inline constexpr std::string_view k_prepare = "video-prepare";
inline constexpr std::string_view k_audio = "video-audio";
inline constexpr std::string_view k_copy = "video-copy";
inline constexpr std::string_view k_encode = "video-encode";
/// A whole rendition; no node and no worker of ours does it: see whole.h.
inline constexpr std::string_view k_whole = "video-whole";
inline constexpr std::string_view k_package = "video-package";
inline constexpr std::string_view k_pictures = "video-pictures";
inline constexpr std::string_view k_storyboard = "video-storyboard";
inline constexpr std::string_view k_finish = "video-finish";
inline constexpr std::string_view k_rendition = "video-rendition";
inline constexpr std::string_view k_publish = "video-publish";
inline constexpr std::string_view k_clean_up = "video-clean-up";

/// Starts the processing of a video whose original is recorded. Belongs into the transaction that
/// makes the video. A later round is planned without copying.
JobId enqueue_prepare(db::Session& session, VideoId video, std::uint32_t round = 1);

/// After the plan is stored: what is not made yet, up to finish. Errors: corrupt.
Result<> enqueue_work(db::Session& session, VideoId video, const Plan& plan);
/// The work segments that are still missing, and finish after them; false, and nothing, where none
/// is.
bool enqueue_missing(db::Session& session, VideoId video, const Plan& plan);
/// What finish is, so that it may be hastened.
jobs::NewJob finish_job(db::Session& session, VideoId video);
/// After all work segments are there: the single files that are not made yet, then publish.
void enqueue_finish(db::Session& session, VideoId video, const Plan& plan);
void enqueue_storyboard(db::Session& session, VideoId video);
/// Deletes the running objects once nobody can be playing them any more.
void enqueue_clean_up(db::Session& session, VideoId video, UtcTime when);

/// What a payload says: the work segment, the height of the rendition, the round to prepare.
std::size_t payload_index(std::string_view payload);
std::string index_payload(std::size_t index);
inline std::size_t payload_index(const jobs::LeasedJob& job) {
  return payload_index(job.payload);
}

}  // namespace shoal::processing
