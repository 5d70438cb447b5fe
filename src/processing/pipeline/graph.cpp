#include "processing/pipeline/graph.h"

#include <fmt/format.h>

#include <boost/json.hpp>

namespace shoal::processing {
namespace {

/// The first work segments decide how soon a viewer sees something.
constexpr std::size_t k_first_segments = 2;

jobs::NewJob new_job(std::string_view kind, VideoId video, int priority) {
  jobs::NewJob job;
  job.kind = kind;
  job.video = video;
  job.priority = priority;
  return job;
}

jobs::NewJob new_job(std::string_view kind, VideoId video, int priority, std::size_t index) {
  jobs::NewJob job = new_job(kind, video, priority);
  job.payload = fmt::format(R"({{"index":{}}})", index);
  return job;
}

}  // namespace

JobId enqueue_prepare(db::Session& session, VideoId video) {
  return jobs::enqueue(session, new_job(k_prepare, video, jobs::Priority::first_segments));
}

void enqueue_work(db::Session& session, VideoId video, const Plan& plan) {
  std::vector<JobId> all;
  const auto add = [&](const jobs::NewJob& job) { all.push_back(jobs::enqueue(session, job)); };
  const int first = jobs::Priority::first_segments;
  // The copied top rendition before the sound: its pieces wait for the sound anyway.
  if (plan.audio.mode != StreamMode::none) add(new_job(k_audio, video, first - 2));
  if (plan.copies_top()) add(new_job(k_copy, video, first - 1));
  const bool encodes = std::ranges::any_of(plan.renditions, [](const RenditionPlan& rendition) {
    return rendition.video != StreamMode::copy;
  });
  if (encodes) {
    for (std::size_t i = 0; i < plan.work_segments.size(); ++i) {
      const bool early = i < k_first_segments && !plan.copies_top();
      add(new_job(k_encode, video, early ? first : jobs::Priority::upload, i));
    }
  }
  jobs::enqueue(session, new_job(k_pictures, video, first + 1));
  jobs::NewJob finish = new_job(k_finish, video, jobs::Priority::finish);
  finish.after = std::move(all);
  jobs::enqueue(session, finish);
}

void enqueue_finish(db::Session& session, VideoId video, const Plan& plan) {
  jobs::NewJob publish = new_job(k_publish, video, jobs::Priority::finish);
  for (const RenditionPlan& rendition : plan.renditions)
    publish.after.push_back(jobs::enqueue(
        session, new_job(k_rendition, video, jobs::Priority::finish, rendition.resolution)));
  jobs::enqueue(session, publish);
}

void enqueue_storyboard(db::Session& session, VideoId video) {
  jobs::enqueue(session, new_job(k_storyboard, video, jobs::Priority::background));
}

void enqueue_clean_up(db::Session& session, VideoId video, UtcTime when) {
  jobs::NewJob job = new_job(k_clean_up, video, jobs::Priority::background);
  job.run_after = when;
  jobs::enqueue(session, job);
}

std::size_t payload_index(const jobs::LeasedJob& job) {
  const auto payload = boost::json::parse(job.payload);
  return payload.at("index").to_number<std::size_t>();
}

}  // namespace shoal::processing
