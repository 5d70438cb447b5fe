#include "processing/pipeline/graph.h"

#include <fmt/format.h>

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
  job.payload = fmt::format(R"({{"index":{}}})", index);
  return job;
}

}  // namespace

JobId enqueue_prepare(db::Session& session, VideoId video, std::uint32_t round) {
  const Subject subject = find_subject(session, video);
  return jobs::enqueue(session, new_job(k_prepare, subject, jobs::Priority::first_segments, round));
}

Result<> enqueue_work(db::Session& session, VideoId video, const Plan& plan) {
  TRY(const AudioManifest sound, find_audio(session, video));
  std::vector<std::set<std::size_t>> made;
  made.reserve(plan.renditions.size());
  for (const RenditionPlan& rendition : plan.renditions)
    made.push_back(find_positions(session, video, rendition));
  const auto is_missing = [&](StreamMode mode, std::size_t segment) {
    for (std::size_t i = 0; i < made.size(); ++i)
      if (plan.renditions[i].video == mode && !made[i].contains(segment)) return true;
    return false;
  };
  const Subject subject = find_subject(session, video);
  const std::size_t total = plan.work_segments.size();
  std::vector<JobId> all;
  const auto add = [&](const jobs::NewJob& job) { all.push_back(jobs::enqueue(session, job)); };
  const int first = jobs::Priority::first_segments;
  // The copied top rendition before the sound: its pieces wait for the sound anyway.
  if (!sound.complete) add(new_job(k_audio, subject, first - 2));
  if (plan.copies_top() && made.front().size() < total) add(new_job(k_copy, subject, first - 1));
  for (std::size_t i = 0; i < total; ++i) {
    if (!is_missing(StreamMode::encode, i) && !is_missing(StreamMode::none, i)) continue;
    const bool early = i < k_first_segments && !plan.copies_top();
    add(new_job(plan.encodes() ? k_encode : k_package, subject,
                early ? first : jobs::Priority::upload, i));
  }
  jobs::enqueue(session, new_job(k_pictures, subject, first + 1));
  jobs::NewJob finish = new_job(k_finish, subject, jobs::Priority::finish);
  finish.after = std::move(all);
  jobs::enqueue(session, finish);
  return {};
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

std::size_t payload_index(std::string_view payload) {
  return boost::json::parse(payload).at("index").to_number<std::size_t>();
}

}  // namespace shoal::processing
