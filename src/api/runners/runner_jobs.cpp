#include <fmt/format.h>

#include <algorithm>

#include "api/core/body.h"
#include "api/core/paging.h"
#include "api/core/reply.h"
#include "api/runners/held_job.h"
#include "api/runners/job_json.h"
#include "api/runners/routes.h"
#include "base/machine_labels.h"
#include "jobs/remote_lease.h"
#include "jobs/twins.h"
#include "processing/pipeline/graph.h"
#include "processing/pipeline/records.h"
#include "processing/pipeline/whole.h"
#include "runners/coverage.h"

namespace shoal::api {
namespace {

constexpr std::size_t k_offered = 10;
constexpr std::size_t k_most_types = 100;
/// A request that waits holds a connection; a proxy before us gives up after a minute.
constexpr std::int64_t k_longest_wait = 30;
/// Jobs that become due while a runner waits announce themselves to nobody.
constexpr Milliseconds k_look_every{2'000};

/// What it is shown. Ours is only for who asks for it by name: a stock runner sends no types and
/// could do nothing with it, and one of ours would not be told of PeerTube's.
std::optional<runners::JobType> wanted_type(const std::optional<std::vector<std::string>>& types) {
  const auto names = [&](std::string_view type) {
    return std::ranges::find(*types, type) != types->end();
  };
  if (types && names(runners::k_segment_type)) return runners::JobType::segment;
  if (!types || names(runners::k_hls_type)) return runners::JobType::hls;
  return std::nullopt;
}

/// Labels are of our own workers; whole renditions need none.
bool may_do(const runners::Runner& runner, runners::JobType type, const Context& context) {
  return type == runners::JobType::hls ||
         runners::may_do_segments(runner, context.config.job_needs);
}

struct Offers {
  runners::Runner runner;
  std::vector<ShownJob> jobs;
};
io::Task<Answer<Offers>> find_offers(const Context& context, std::string token,
                                     std::optional<runners::JobType> wants) {
  co_return co_await context.database.read(
      [&context, token, wants](db::Session& session) -> Answer<Offers> {
        Offers out;
        TRY(out.runner, find_caller(session, token));
        if (!wants || !may_do(out.runner, *wants, context)) return out;
        for (auto& job : runners::find_waiting(session, out.runner.id, *wants, k_offered))
          out.jobs.push_back(show_job(session, context, std::move(job)));
        return out;
      });
}

/// Once there are some, or `patience` is over, or this node stops.
io::Task<Answer<Offers>> await_offers(const Context& context, std::string token,
                                      std::optional<runners::JobType> wants, Seconds patience) {
  const SteadyTime end = context.clock.steady_now() + patience;
  db::Notifier& notifier = context.database.notifier();
  while (true) {
    const auto seen = notifier.count(jobs::k_waiting_channel);
    CO_TRY(Offers found, co_await find_offers(context, token, wants));
    const auto left = std::chrono::floor<Milliseconds>(end - context.clock.steady_now());
    if (!wants || !found.jobs.empty() || left <= Milliseconds{0} || context.is_draining)
      co_return found;
    co_await notifier.wait(jobs::k_waiting_channel, seen, std::min(left, k_look_every));
  }
}

MachineLabels read_labels(Fields& body) {
  MachineLabels labels = body.texts("labels", k_most_labels).value_or(MachineLabels{});
  for (const std::string& label : labels) {
    const std::string wrong = check_machine_label(label);
    if (!wrong.empty()) body.refuse("labels", fmt::format("'{}' {}", label, wrong));
  }
  return ordered(std::move(labels));
}

/// What a worker has may change with every start of it.
io::Task<Answer<>> keep_labels(const Context& context, std::string token, MachineLabels labels) {
  CO_TRY(const runners::Runner runner,
         co_await context.database.read(
             [token](db::Session& session) { return find_caller(session, token); }));
  if (runner.labels == labels) co_return Answer<>{};
  co_return co_await context.database.write(
      [id = runner.id, labels = std::move(labels)](db::Session& session) -> Answer<> {
        runners::note_labels(session, id, labels);
        return {};
      });
}

io::Task<Reply> request_jobs(Call& call) {
  CO_TRY(Fields body, co_await read_fields(call, BodyLimits::of_anybody()));
  const std::string token = body.required_text("runnerToken", k_runner_token);
  auto wants = wanted_type(body.texts("jobTypes", k_most_types));
  MachineLabels labels = read_labels(body);
  const Seconds patience(body.integer("waitSeconds", 0, k_longest_wait).value_or(0));
  CO_TRY_VOID(body.check());
  const Context& context = call.context;
  if (wants == runners::JobType::segment) {
    CO_TRY_VOID(co_await keep_labels(context, token, std::move(labels)));
  }
  if (context.runner_services == nullptr) wants.reset();
  CO_TRY(const Offers found, co_await await_offers(context, token, wants, patience));
  const UtcTime now = context.clock.now();
  if (runners::is_contact_due(found.runner, now)) {
    CO_TRY_VOID(co_await call.context.database.write([runner = found.runner,
                                                      ip = call.request.client_address,
                                                      now](db::Session& session) -> Result<> {
      runners::note_contact(session, runner, ip, now);
      return {};
    }));
  }
  JsonWriter json;
  json.object([&] {
    json.key("availableJobs").array(found.jobs, [&](const ShownJob& shown) {
      json.object([&] {
        json.field("uuid", runners::uuid_of(shown.job.id));
        json.field("type", runners::to_string(shown.job.type));
        json.raw_field("payload", shown.payload);
      });
    });
  });
  co_return json_response(json);
}

Problem not_pending() {
  return Problem::bad_request("This runner job is not in pending state");
}

/// Whether a runner may put results into the store itself.
bool takes_puts(const RunnerServices& services) {
  return services.result_url &&
         services.result_url(services.stores->home_name(storage::FileKind::running_work), "any", 1);
}

/// What a job is to whom it was leased.
struct Work {
  std::string payload;
  Seconds longest{};     ///< lease
  bool is_over = false;  ///< others have done all of it
};
/// Nothing where what it needs is gone.
std::optional<Work> find_job_work(db::Session& session, const Context& context,
                                  const runners::RunnerJob& job) {
  const auto input = find_input(session, context, job.id, job.video);
  const auto plan = processing::find_plan(session, job.video);
  if (!input || !plan) return std::nullopt;
  if (job.type == runners::JobType::hls) {
    const auto rendition = find_rendition(session, job);
    if (!rendition) return std::nullopt;
    return Work{runners::write_hls_payload(*input, *rendition),
                processing::longest_lease(*plan, processing::k_whole, job.index)};
  }
  if (job.index >= plan->work_segments.size()) return std::nullopt;
  const processing::Plan left =
      context.runner_services->pipeline->segment_plan(session, job.video, *plan, job.index);
  return Work{
      runners::write_assignment(*input, job.index, left, takes_puts(*context.runner_services)),
      processing::longest_lease(*plan, processing::k_encode, job.index), !left.encodes()};
}

/// A segment that somebody is slow with may be made a second time.
std::optional<jobs::LeasedJob> lease(db::Session& session, const RunnerServices& services,
                                     const runners::Runner& runner, const runners::RunnerJob& job) {
  if (job.type == runners::JobType::hls)
    return jobs::lease_job(session, runner.worker(), job.id, services.hls_lease);
  if (job.state == runners::JobState::pending)
    return jobs::lease_job(session, runner.worker(), job.id, services.lease);
  return jobs::lease_twin(session, runner.worker(), job.id, services.lease);
}

struct Accepted {
  ShownJob shown;
  std::string token;
};
/// Nothing, and what was written stays, when the job turned out to be at its end.
Answer<std::optional<Accepted>> accept(db::Session& session, const Context& context,
                                       std::string_view uuid, std::string_view runner_token) {
  TRY(const runners::Runner runner, find_caller(session, runner_token));
  const auto id = runners::job_of(uuid);
  const auto known = id ? runners::find_job(session, *id) : std::nullopt;
  if (!known) return refuse(404, "Unknown runner job");
  if (!may_do(runner, known->type, context))
    return refuse(400, "This job needs labels that the runner has not");
  if (!runners::may_take(session, runner.id, *id)) return refuse(not_pending());
  const RunnerServices& services = *context.runner_services;
  const auto job = lease(session, services, runner, *known);
  // What was refused is not written.
  if (!job ||
      (known->type == runners::JobType::hls &&
       !processing::may_lend(session, known->video, static_cast<std::uint32_t>(known->index)))) {
    return refuse(Problem::conflict("This runner job is not in pending state anymore")
                      .with_code("runner_job_not_in_pending_state"));
  }
  if (job->attempt > job->max_attempts) {
    TRY_VOID(services.pipeline->fail_remote(session, *job, jobs::died_with_worker(*job), true));
    return std::optional<Accepted>();
  }
  auto work = find_job_work(session, context, *known);
  if (!work) {
    TRY_VOID(services.pipeline->fail_remote(session, *job,
                                            {ErrorCode::not_found, "what it needs is gone"}, true));
    return std::optional<Accepted>();
  }
  if (work->is_over) {
    TRY_VOID(jobs::complete(session, *job));
    return std::optional<Accepted>();
  }
  auto leased = runners::find_job(session, *id);
  Accepted accepted;
  accepted.shown = show_job(session, context, *std::move(leased));
  accepted.shown.payload = std::move(work->payload);
  accepted.token = runners::JobTokens(context.config.identity.secret)
                       .sign({{job->id, job->fence}, session.now() + work->longest}, runner.id);
  return std::optional(std::move(accepted));
}

io::Task<Reply> accept_job(Call& call) {
  CO_TRY(Fields body, co_await read_fields(call, BodyLimits::of_anybody()));
  const std::string token = body.required_text("runnerToken", k_runner_token);
  CO_TRY_VOID(body.check());
  CO_TRY_VOID(runner_services(call));
  const Context& context = call.context;
  CO_TRY(const auto accepted,
         co_await call.context.database.write(
             [&context, token, uuid = std::string(call.parameter("jobUUID"))](
                 db::Session& session) { return accept(session, context, uuid, token); }));
  if (!accepted) co_return refuse(not_pending());
  JsonWriter json;
  json.object([&] {
    json.key("job").object([&] {
      write_job_members(json, accepted->shown);
      json.field("jobToken", accepted->token);
    });
  });
  co_return json_response(json);
}

/// False once its time is over: then the lease runs out.
bool extend(db::Session& session, const RunnerServices& services, const HeldJob& held) {
  const bool is_hls = held.job.kind == processing::k_whole;
  const auto left = std::chrono::floor<Seconds>(held.last - session.now());
  const Seconds lease = std::min(is_hls ? services.hls_lease : services.lease, left);
  return lease > Seconds{0} && jobs::extend(session, held.job, lease);
}

io::Task<Reply> update_job(Call& call) {
  CO_TRY(Fields body, co_await read_fields(call, BodyLimits::of_anybody()));
  const JobTokensText tokens = read_tokens(body);
  const auto progress = body.integer("progress", 0, 100);
  CO_TRY_VOID(body.check());
  CO_TRY(RunnerServices* const services, runner_services(call));
  const Context& context = call.context;
  CO_TRY(
      const HeldJob held,
      co_await call.context.database.write(
          [&context, tokens, services, now = context.clock.now(), ip = call.request.client_address,
           uuid = std::string(call.parameter("jobUUID"))](db::Session& session) -> Answer<HeldJob> {
            TRY(HeldJob found, find_held(session, context, uuid, tokens.runner, tokens.job));
            if (!extend(session, *services, found)) return refuse(not_in_processing_state());
            runners::note_contact(session, found.runner, ip, now);
            return found;
          }));
  if (progress && services->progress != nullptr)
    services->progress->set(held.job.id, static_cast<double>(*progress));
  co_return no_content();
}

/// Its time on this node is over.
void forget_progress(const RunnerServices& services, JobId job) {
  if (services.progress != nullptr) services.progress->remove(job);
}

io::Task<Reply> abort_job(Call& call) {
  CO_TRY(Fields body, co_await read_fields(call, BodyLimits::of_anybody()));
  const JobTokensText tokens = read_tokens(body);
  body.text("reason", {1, 5000});
  CO_TRY_VOID(body.check());
  CO_TRY(RunnerServices* const services, runner_services(call));
  const Context& context = call.context;
  CO_TRY(const JobId job,
         co_await call.context.database.write([&context, services, tokens,
                                               uuid = std::string(call.parameter("jobUUID"))](
                                                  db::Session& session) -> Answer<JobId> {
           TRY(const HeldJob held, find_held(session, context, uuid, tokens.runner, tokens.job));
           TRY_VOID(services->pipeline->release_remote(session, held.job));
           return held.job.id;
         }));
  forget_progress(*services, job);
  co_return no_content();
}

io::Task<Reply> fail_job(Call& call) {
  CO_TRY(Fields body, co_await read_fields(call, BodyLimits::of_anybody()));
  const JobTokensText tokens = read_tokens(body);
  const std::string message = body.required_text("message", {1, 5000});
  CO_TRY_VOID(body.check());
  CO_TRY(RunnerServices* const services, runner_services(call));
  const Context& context = call.context;
  CO_TRY(const JobId job,
         co_await call.context.database.write([&context, services, tokens, message,
                                               uuid = std::string(call.parameter("jobUUID"))](
                                                  db::Session& session) -> Answer<JobId> {
           TRY(const HeldJob held, find_held(session, context, uuid, tokens.runner, tokens.job));
           TRY_VOID(services->pipeline->fail_remote(session, held.job,
                                                    {ErrorCode::internal, message}, false));
           runners::note_failure(session, held.job.id, held.runner.id);
           return held.job.id;
         }));
  forget_progress(*services, job);
  co_return no_content();
}

}  // namespace

void add_runner_job_routes(Routes& routes) {
  routes.post("/api/v1/runners/jobs/request", {.operation = "requestRunnerJob"}, request_jobs);
  routes.post("/api/v1/runners/jobs/:jobUUID/accept", {.operation = "acceptRunnerJob"}, accept_job);
  routes.post("/api/v1/runners/jobs/:jobUUID/update", {.operation = "updateRunnerJob"}, update_job);
  routes.post("/api/v1/runners/jobs/:jobUUID/abort", {.operation = "abortRunnerJob"}, abort_job);
  routes.post("/api/v1/runners/jobs/:jobUUID/error", {.operation = "failRunnerJob"}, fail_job);
}

}  // namespace shoal::api
