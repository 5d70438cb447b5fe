#include "processing/pipeline/graph.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "processing/pipeline/records.h"

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

JobId enqueue_prepare(db::Session& session, VideoId video, std::uint32_t round) {
  return jobs::enqueue(session, new_job(k_prepare, video, jobs::Priority::first_segments, round));
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
  const std::size_t total = plan.work_segments.size();
  std::vector<JobId> all;
  const auto add = [&](const jobs::NewJob& job) { all.push_back(jobs::enqueue(session, job)); };
  const int first = jobs::Priority::first_segments;
  // The copied top rendition before the sound: its pieces wait for the sound anyway.
  if (!sound.complete) add(new_job(k_audio, video, first - 2));
  if (plan.copies_top() && made.front().size() < total) add(new_job(k_copy, video, first - 1));
  for (std::size_t i = 0; i < total; ++i) {
    if (!is_missing(StreamMode::encode, i) && !is_missing(StreamMode::none, i)) continue;
    const bool early = i < k_first_segments && !plan.copies_top();
    add(new_job(plan.encodes() ? k_encode : k_package, video,
                early ? first : jobs::Priority::upload, i));
  }
  jobs::enqueue(session, new_job(k_pictures, video, first + 1));
  jobs::NewJob finish = new_job(k_finish, video, jobs::Priority::finish);
  finish.after = std::move(all);
  jobs::enqueue(session, finish);
  return {};
}

void enqueue_finish(db::Session& session, VideoId video, const Plan& plan) {
  jobs::NewJob publish = new_job(k_publish, video, jobs::Priority::finish);
  const auto made = find_finished_sizes(session, video);
  for (const RenditionPlan& rendition : plan.renditions) {
    if (made.contains(rendition.resolution)) continue;
    publish.after.push_back(jobs::enqueue(
        session, new_job(k_rendition, video, jobs::Priority::finish, rendition.resolution)));
  }
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

std::size_t payload_index(std::string_view payload) {
  return boost::json::parse(payload).at("index").to_number<std::size_t>();
}

}  // namespace shoal::processing
