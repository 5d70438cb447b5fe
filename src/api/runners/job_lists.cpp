#include "api/core/paging.h"
#include "api/core/reply.h"
#include "api/runners/held_job.h"
#include "api/runners/job_json.h"
#include "api/runners/routes.h"

namespace shoal::api {
namespace {

struct ShownPage {
  std::int64_t total = 0;
  std::vector<ShownJob> jobs;
};

io::Task<Reply> list_jobs(Call& call) {
  Fields query = Fields::from(call.request.query, "query");
  const Page page = read_page(query);
  const Sort sort = read_sort(query, {"createdAt", "updatedAt"}, "-createdAt");
  CO_TRY_VOID(query.check());
  const Context& context = call.context;
  CO_TRY(const ShownPage shown,
         co_await call.context.database.read(
             [&context, page, newest = sort.descending](db::Session& session) -> Result<ShownPage> {
               auto found = runners::list_jobs(session, page.start, page.count, newest);
               ShownPage out;
               out.total = found.total;
               out.jobs.reserve(found.jobs.size());
               for (auto& job : found.jobs)
                 out.jobs.push_back(show_job(session, context, std::move(job)));
               return out;
             }));
  co_return list_response(shown.total, shown.jobs, [](JsonWriter& json, const ShownJob& job) {
    json.object([&] {
      write_job_members(json, job);
      json.key("privatePayload").object([&] {
        json.field("videoUUID", job.job.video_uuid.text());
      });
    });
  });
}

io::Task<Reply> cancel_job(Call& call) {
  CO_TRY(RunnerServices* const services, runner_services(call));
  const auto id = runners::job_of(call.parameter("jobUUID"));
  if (!id) co_return refuse(404, "Unknown runner job");
  CO_TRY_VOID(
      co_await call.context.database.write([services, id = *id](db::Session& session) -> Answer<> {
        const auto job = runners::find_job(session, id);
        if (!job) return refuse(404, "Unknown runner job");
        if (job->finished_at) return refuse(400, "Cannot cancel a job that has ended");
        TRY_VOID(services->cancel_job(session, id));
        return {};
      }));
  co_return no_content();
}

/// One that has not ended ends first; its row goes from the history then.
io::Task<Reply> delete_job(Call& call) {
  CO_TRY(RunnerServices* const services, runner_services(call));
  const auto id = runners::job_of(call.parameter("jobUUID"));
  if (!id) co_return refuse(404, "Unknown runner job");
  CO_TRY_VOID(
      co_await call.context.database.write([services, id = *id](db::Session& session) -> Answer<> {
        const auto job = runners::find_job(session, id);
        if (!job) return refuse(404, "Unknown runner job");
        if (!job->finished_at) TRY_VOID(services->cancel_job(session, id));
        runners::forget_job(session, id);
        return {};
      }));
  co_return no_content();
}

}  // namespace

void add_runner_job_list_routes(Routes& routes) {
  constexpr Access k_admin = Access::administrator;
  routes.get("/api/v1/runners/jobs", {.operation = "listRunnerJobs", .access = k_admin}, list_jobs);
  routes.post("/api/v1/runners/jobs/:jobUUID/cancel",
              {.operation = "cancelRunnerJob", .access = k_admin}, cancel_job);
  routes.del("/api/v1/runners/jobs/:jobUUID", {.operation = "deleteRunnerJob", .access = k_admin},
             delete_job);
}

}  // namespace shoal::api
