#include "api/core/paging.h"
#include "api/core/reply.h"
#include "api/instance/routes.h"
#include "jobs/list.h"
#include "runners/coverage.h"

namespace shoal::api {
namespace {

/// In percent of media time; a job on another node shows 0 until it is done.
double progress_of(const Context& context, const jobs::ListedJob& job) {
  if (job.state == jobs::ListState::completed) return 100;
  if (context.job_progress == nullptr) return 0;
  return context.job_progress->get(job.id).value_or(0);
}

void write_job(JsonWriter& json, const Context& context, const jobs::ListedJob& job) {
  json.object([&] {
    json.field("id", std::to_string(job.id.value)).field("state", jobs::to_string(job.state));
    json.field("type", job.kind).key("data").raw(job.payload.empty() ? "{}" : job.payload);
    json.field("priority", job.priority).field("attempt", job.attempt);
    json.field("progress", progress_of(context, job));
    json.field("error", job.error).field("worker", job.worker);
    json.field("waitsFor", job.waits_for);
    json.key("videoId");
    if (job.video) {
      json.value(job.video->value);
    } else {
      json.null();
    }
    json.field("createdAt", job.created_at).field("finishedOn", job.finished_at);
    json.field("processedOn", job.started_at);
  });
}

io::Task<Reply> list(Call& call, std::string_view state_name) {
  Fields query = Fields::from(call.request.query, "query");
  const auto state = jobs::parse_list_state(state_name);
  if (!state) {
    co_return refuse(Problem::invalid_param("state",
                                            "Should be waiting, active, completed, failed, "
                                            "delayed or waiting-children",
                                            "params"));
  }
  const Page page = read_page(query);
  const Sort sort = read_sort(query, {"createdAt"}, "-createdAt");
  jobs::JobFilter filter;
  filter.state = *state;
  filter.kind = query.text("jobType", {1, 100});
  filter.start = page.start;
  filter.count = page.count;
  filter.newest_first = sort.descending;
  CO_TRY_VOID(query.check());
  CO_TRY(auto found,
         co_await call.context.database.read([filter, &needs = call.context.config.job_needs](
                                                 db::Session& session) -> Result<jobs::JobPage> {
           auto listed = jobs::list_jobs(session, filter);
           runners::explain_waits(session, needs, listed.jobs);
           return listed;
         }));
  co_return list_response(
      found.total, found.jobs,
      [&](JsonWriter& json, const jobs::ListedJob& job) { write_job(json, call.context, job); });
}

io::Task<Reply> get_all_jobs(Call& call) {
  co_return co_await list(call, "all");
}

io::Task<Reply> get_jobs(Call& call) {
  // As PeerTube: all states have the address without one.
  const std::string_view state = call.parameter("state");
  co_return co_await list(call, state == "all" ? "" : state);
}

}  // namespace

void add_jobs_routes(Routes& routes) {
  constexpr Access k_admin = Access::administrator;
  routes.get("/api/v1/jobs", {.operation = "getAllJobs", .access = k_admin}, get_all_jobs);
  routes.get("/api/v1/jobs/:state", {.operation = "getJobs", .access = k_admin}, get_jobs);
}

}  // namespace shoal::api
