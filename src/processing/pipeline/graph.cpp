#include "processing/pipeline/graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "processing/pipeline/records.h"

namespace shoal::processing {
namespace {

/// The first work segments decide how soon a viewer sees something.
constexpr std::size_t k_first_segments = 2;

/// A video whose jobs are added.
struct Subject {
  VideoId video;
  std::optional<AccountId> owner;  ///< nobody's once it is deleted
};

Subject find_subject(db::Session& session, VideoId video) {
  const auto row = session.query_one(
      "select c.account_id from video v join channel c on c.id = v.channel_id where v.id = :video",
      {video});
  return {video, row ? std::optional(row->id<AccountId>(0)) : std::nullopt};
}

jobs::NewJob new_job(std::string_view kind, const Subject& subject, int priority) {
  jobs::NewJob job;
  job.kind = kind;
  job.video = subject.video;
  job.owner = subject.owner;
  job.priority = priority;
  return job;
}

jobs::NewJob new_job(std::string_view kind, const Subject& subject, int priority,
                     std::size_t index) {
  jobs::NewJob job = new_job(kind, subject, priority);
  job.payload = index_payload(index);
  return job;
}

/// One for each work segment that some rendition lacks.
std::vector<JobId> enqueue_segments(db::Session& session, const Subject& subject,
                                    const Plan& plan) {
  const auto finished = find_finished_sizes(session, subject.video);
  std::vector<std::set<std::size_t>> made;
  made.reserve(plan.renditions.size());
  for (const RenditionPlan& rendition : plan.renditions) {
    if (rendition.video != StreamMode::copy && !finished.contains(rendition.resolution))
      made.push_back(find_positions(session, subject.video, rendition));
  }
  std::vector<JobId> all;
  for (std::size_t i = 0; i < plan.work_segments.size(); ++i) {
    if (std::ranges::all_of(made, [i](const auto& positions) { return positions.contains(i); }))
      continue;
    const bool early = i < k_first_segments && !plan.copies_top();
    all.push_back(jobs::enqueue(
        session, new_job(plan.encodes() ? k_encode : k_package, subject,
                         early ? jobs::Priority::first_segments : jobs::Priority::upload, i)));
  }
  return all;
}

/// The largest first: it is what a node is glad to be rid of.
void enqueue_whole(db::Session& session, const Subject& subject, const Plan& plan) {
  const auto finished = find_finished_sizes(session, subject.video);
  for (const RenditionPlan& rendition : plan.renditions) {
    // Others name it by its short side, and make an odd one not at all.
    const bool same = rendition.resolution == std::min(rendition.width, rendition.height);
    if (rendition.video != StreamMode::encode || !same || finished.contains(rendition.resolution))
      continue;
    jobs::enqueue(session, new_job(k_whole, subject, jobs::Priority::upload, rendition.resolution));
  }
}

}  // namespace

JobId enqueue_prepare(db::Session& session, VideoId video, std::uint32_t round) {
  const Subject subject = find_subject(session, video);
  return jobs::enqueue(session, new_job(k_prepare, subject, jobs::Priority::first_segments, round));
}

Result<> enqueue_work(db::Session& session, VideoId video, const Plan& plan) {
  TRY(const AudioManifest sound, find_audio(session, video));
  const Subject subject = find_subject(session, video);
  const std::size_t total = plan.work_segments.size();
  std::vector<JobId> all;
  const auto add = [&](const jobs::NewJob& job) { all.push_back(jobs::enqueue(session, job)); };
  const int first = jobs::Priority::first_segments;
  // The copied top rendition before the sound: its pieces wait for the sound anyway.
  if (!sound.complete) add(new_job(k_audio, subject, first - 2));
  if (plan.copies_top() && find_positions(session, video, plan.renditions.front()).size() < total)
    add(new_job(k_copy, subject, first - 1));
  for (const JobId job : enqueue_segments(session, subject, plan)) all.push_back(job);
  if (plan.offers_whole) enqueue_whole(session, subject, plan);
  jobs::enqueue(session, new_job(k_pictures, subject, first + 1));
  jobs::NewJob finish = finish_job(session, video);
  finish.after = std::move(all);
  jobs::enqueue(session, finish);
  return {};
}

bool enqueue_missing(db::Session& session, VideoId video, const Plan& plan) {
  jobs::NewJob finish = finish_job(session, video);
  finish.after = enqueue_segments(session, find_subject(session, video), plan);
  if (finish.after.empty()) return false;
  jobs::enqueue(session, finish);
  return true;
}

jobs::NewJob finish_job(db::Session& session, VideoId video) {
  return new_job(k_finish, find_subject(session, video), jobs::Priority::finish,
                 static_cast<std::size_t>(video.value));
}

void enqueue_finish(db::Session& session, VideoId video, const Plan& plan) {
  const Subject subject = find_subject(session, video);
  jobs::NewJob publish = new_job(k_publish, subject, jobs::Priority::finish);
  const auto made = find_finished_sizes(session, video);
  for (const RenditionPlan& rendition : plan.renditions) {
    if (made.contains(rendition.resolution)) continue;
    publish.after.push_back(jobs::enqueue(
        session, new_job(k_rendition, subject, jobs::Priority::finish, rendition.resolution)));
  }
  jobs::enqueue(session, publish);
}

void enqueue_storyboard(db::Session& session, VideoId video) {
  jobs::enqueue(session,
                new_job(k_storyboard, find_subject(session, video), jobs::Priority::background));
}

void enqueue_clean_up(db::Session& session, VideoId video, UtcTime when) {
  jobs::NewJob job = new_job(k_clean_up, find_subject(session, video), jobs::Priority::background);
  job.run_after = when;
  jobs::enqueue(session, job);
}

std::string index_payload(std::size_t index) {
  return fmt::format(R"({{"index":{}}})", index);
}

std::size_t payload_index(std::string_view payload) {
  return boost::json::parse(payload).at("index").to_number<std::size_t>();
}

}  // namespace shoal::processing
