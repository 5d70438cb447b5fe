#include "api/runners/held_job.h"

#include <fmt/format.h>

#include "jobs/remote_lease.h"
#include "processing/pipeline/records.h"

namespace shoal::api {

Answer<runners::Runner> find_caller(db::Session& session, std::string_view runner_token) {
  auto runner = runners::find_runner(session, runner_token);
  if (runner) return *std::move(runner);
  return refuse(Problem::not_found("Unknown runner token").with_code("unknown_runner_token"));
}

Answer<HeldJob> find_held(db::Session& session, const Context& context, std::string_view uuid,
                          std::string_view runner_token, std::string_view job_token) {
  auto runner = runners::find_runner(session, runner_token);
  const auto id = runners::job_of(uuid);
  if (!runner || !id) return refuse(404, "Unknown runner job");
  const runners::JobTokens tokens(context.config.identity.secret);
  const auto lease = tokens.verify(job_token, *id, runner->id);
  if (!lease) return refuse(404, "Unknown runner job");
  auto job = jobs::find_lease(session, lease->key);
  if (!job) return refuse(not_in_processing_state());
  return HeldJob{*std::move(runner), *std::move(job), lease->last};
}

Problem not_in_processing_state() {
  return Problem::bad_request("Job is not in \"processing\" state")
      .with_code("runner_job_not_in_processing_state");
}

JobTokensText read_tokens(Fields& body) {
  JobTokensText tokens;
  tokens.runner = body.required_text("runnerToken", k_runner_token);
  tokens.job = body.required_text("jobToken", k_runner_token);
  return tokens;
}

Result<runners::SegmentInput> find_input(db::Session& session, const Context& context, JobId job,
                                         VideoId video) {
  TRY(const processing::VideoWork work, processing::find_work(session, video));
  if (!work.source) return fail(ErrorCode::not_found, "The uploaded file of this video is gone");
  return runners::SegmentInput{
      .url = fmt::format("{}/api/v1/runners/jobs/{}/files/videos/{}/max-quality",
                         context.config.origin, runners::uuid_of(job), work.uuid.text()),
      .size = work.source->size,
      .video = work.uuid};
}

Answer<RunnerServices*> runner_services(const Call& call) {
  RunnerServices* const services = call.context.runner_services;
  if (services == nullptr) return refuse(503, "This server does not process videos.");
  return services;
}

}  // namespace shoal::api
