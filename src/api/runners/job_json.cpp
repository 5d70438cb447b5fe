#include "api/runners/job_json.h"

#include <algorithm>

#include "api/runners/held_job.h"
#include "processing/pipeline/records.h"

namespace shoal::api {

std::optional<processing::RenditionPlan> find_rendition(db::Session& session,
                                                        const runners::RunnerJob& job) {
  const auto plan = processing::find_plan(session, job.video);
  if (!plan) return std::nullopt;
  const auto found =
      std::ranges::find(plan->renditions, job.index, &processing::RenditionPlan::resolution);
  return found == plan->renditions.end() ? std::nullopt : std::optional(*found);
}

ShownJob show_job(db::Session& session, const Context& context, runners::RunnerJob job) {
  ShownJob shown;
  if (const auto input = find_input(session, context, job.id, job.video)) {
    if (job.type == runners::JobType::segment) {
      shown.payload = runners::write_offer(*input, job.index);
    } else if (const auto rendition = find_rendition(session, job)) {
      shown.payload = runners::write_hls_payload(*input, *rendition);
    }
  }
  if (job.worker) shown.runner = runners::find_holder(session, *job.worker);
  if (context.job_progress != nullptr) shown.progress = context.job_progress->get(job.id);
  shown.job = std::move(job);
  return shown;
}

void write_job_members(JsonWriter& json, const ShownJob& shown) {
  const runners::RunnerJob& job = shown.job;
  json.field("uuid", runners::uuid_of(job.id)).field("type", runners::to_string(job.type));
  json.key("state").object([&] {
    json.field("id", static_cast<int>(job.state)).field("label", runners::to_string(job.state));
  });
  json.field("progress", shown.progress).field("priority", job.priority);
  json.field("failures", job.failures).field("error", job.error);
  json.raw_field("payload", shown.payload);
  if (job.started_at) json.field("startedAt", *job.started_at);
  if (job.finished_at) json.field("finishedAt", *job.finished_at);
  json.field("createdAt", job.created_at);
  json.field("updatedAt", job.finished_at.value_or(job.started_at.value_or(job.created_at)));
  json.key("runner");
  if (!shown.runner) {
    json.null();
    return;
  }
  json.object([&] {
    json.field("id", shown.runner->id.value).field("name", shown.runner->name);
    json.field("description", shown.runner->description);
  });
}

}  // namespace shoal::api
