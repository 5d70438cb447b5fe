// What becomes of a video when one of its steps fails for good, and how it is tried again.
#include <tuple>

#include "catalog/videos.h"
#include "processing/pipeline/graph.h"
#include "processing/pipeline/pipeline.h"
#include "processing/pipeline/retry.h"

namespace shoal::processing {
namespace {

/// Without its pictures and its housekeeping a video plays as well as with them; and what no runner
/// makes whole is made of segments.
bool is_needed_to_play(std::string_view kind) {
  return kind != k_clean_up && kind != k_pictures && kind != k_storyboard && kind != k_whole;
}

/// A source whose index promised a stream that can be copied, and whose packets are otherwise, is
/// still worth what a decoder makes of it.
bool may_be_better_encoded(const Plan& plan, const Error& error) {
  return plan.round == 1 && (plan.copies_top() || plan.audio.mode == StreamMode::copy) &&
         error.code == ErrorCode::corrupt;
}

bool is_playable(db::Session& session, VideoId video) {
  return session
      .query_one("select 1 from work_segment where video_id = :video and position = 0 limit 1",
                 {video})
      .has_value();
}

/// Nothing more will be made of it. What was made stays playable: its playlists end where they are.
Result<> give_up(db::Session& session, VideoId video, std::string reason, UtcTime now) {
  jobs::cancel_video(session, video, "another job of its video ended badly");
  end_running(session, video, now);
  catalog::ProcessingOutcome outcome;
  outcome.state = is_playable(session, video) ? catalog::VideoState::published
                                              : catalog::VideoState::transcoding_failed;
  outcome.failure = std::move(reason);
  return catalog::record_processing(session, video, outcome, now);
}

/// All over, without copying.
Result<> begin_again(db::Session& session, VideoId video, const Plan& plan, UtcTime now,
                     UtcTime trash_due) {
  jobs::cancel_video(session, video, "its video is planned again");
  discard_work(session, video, trash_due);
  enqueue_prepare(session, video, plan.round + 1);
  catalog::ProcessingOutcome outcome;
  outcome.state = catalog::VideoState::to_transcode;
  return catalog::record_processing(session, video, outcome, now);
}

}  // namespace

void Pipeline::on_failed(db::Session& session, Job job, const Error& error) {
  if (!job.video || !is_needed_to_play(job.kind)) return;
  const VideoId video = *job.video;
  const UtcTime now = services_.clock.now();
  const auto plan = find_plan(session, video);
  const bool again = plan && may_be_better_encoded(*plan, error);
  // not_found: deleted meanwhile, and nobody is left to be told.
  std::ignore = again ? begin_again(session, video, *plan, now, now + config_.trash_for)
                      : give_up(session, video, error.message, now);
}

Result<> Pipeline::fail_remote(db::Session& session, const jobs::LeasedJob& job, const Error& error,
                               bool permanent) {
  TRY(const bool ended, jobs::fail_attempt(session, job, error.message, permanent));
  if (ended) on_failed(session, job, error);
  if (job.kind == k_whole) jobs::hasten(session, finish_job(session, *job.video));
  return {};
}

Result<> Pipeline::release_remote(db::Session& session, const jobs::LeasedJob& job) {
  TRY_VOID(jobs::release(session, job));
  if (job.kind == k_whole) jobs::hasten(session, finish_job(session, *job.video));
  return {};
}

Result<> retry(db::Session& session, VideoId video, UtcTime now) {
  TRY(const VideoWork work, find_work(session, video));
  const auto row = session.query_one(
      "select (select count(*) from job where job.video_id = v.id and kind not in (:a, :b, :c)),"
      " (select master_file_id from streaming_playlist s where s.video_id = v.id)"
      " from video v where v.id = :video",
      {k_clean_up, k_pictures, k_storyboard, video});
  if (row->integer(0) > 0)
    return fail(ErrorCode::conflict, "This video is already being transcoded");
  if (!row->is_null(1))
    return fail(ErrorCode::conflict, "All renditions of this video are already made");
  if (!work.source) return fail(ErrorCode::not_found, "The uploaded file of this video is gone");
  if (const auto plan = find_plan(session, video)) {
    reopen_running(session, video, now);
    TRY_VOID(enqueue_work(session, video, *plan));
  } else {
    enqueue_prepare(session, video);
  }
  catalog::ProcessingOutcome outcome;
  if (!is_playable(session, video)) outcome.state = catalog::VideoState::to_transcode;
  outcome.failure = std::optional<std::string>();
  return catalog::record_processing(session, video, outcome, now);
}

Result<> cancel(db::Session& session, JobId job, UtcTime now) {
  const auto row = session.query_one("select video_id, kind from job where id = :id", {job});
  TRY_VOID(jobs::cancel(session, job));
  if (row->is_null(0) || !is_needed_to_play(row->text(1))) return {};
  return give_up(session, row->id<VideoId>(0), "Its processing was cancelled by an administrator.",
                 now);
}

}  // namespace shoal::processing
