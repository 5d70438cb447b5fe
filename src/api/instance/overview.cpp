#include "api/core/reply.h"
#include "api/instance/process_usage.h"
#include "api/instance/routes.h"

namespace shoal::api {
namespace {

struct Figures {
  DiskUsage disk;
  ProcessUsage usage;
  std::int64_t shoal_bytes = 0;
  std::int64_t waiting = 0;
  std::int64_t running = 0;
  std::int64_t failed = 0;
  std::optional<UtcTime> oldest_waiting;
  std::int64_t videos = 0;
  std::int64_t users = 0;
};

Figures read_figures(db::Session& session, const std::string& folder) {
  Figures figures;
  // The transaction is on a pool thread already, where asking the disk and /proc may block.
  figures.disk = disk_usage(folder);
  figures.usage = process_usage();
  // A job for later (a clean-up in a day, a retry in a minute) is not behind: it waits on purpose.
  const auto jobs = session.query_one(
      "select coalesce(sum(case when state = 3 or (state = 1 and run_after <= :now) then 1 else 0"
      " end), 0), coalesce(sum(case when state = 2 then 1 else 0 end), 0),"
      " min(case when state = 1 and run_after <= :now then case when run_after > created_at then"
      " run_after else created_at end end) from job",
      {session.now()});
  figures.waiting = jobs->integer(0);
  figures.running = jobs->integer(1);
  figures.oldest_waiting = jobs->optional_time(2);
  figures.failed =
      session.query_one("select count(*) from job_history where outcome = 2")->integer(0);
  figures.shoal_bytes =
      session.query_one("select coalesce(sum(size), 0) from media_file")->integer(0);
  figures.videos = session.query_one("select count(*) from video")->integer(0);
  figures.users = session.query_one("select count(*) from users")->integer(0);
  return figures;
}

std::string render(Context& context, const Figures& figures) {
  const UtcTime now = context.clock.now();
  const auto rates = context.rates.sample();
  const auto seconds_since = [&](UtcTime since) {
    return std::max<std::int64_t>(0, std::chrono::floor<Seconds>(now - since).count());
  };
  JsonWriter json;
  json.object([&] {
    json.field("version", SHOAL_VERSION);
    json.field("uptimeSeconds", seconds_since(context.started_at));
    json.key("cpu").object([&] { json.field("percent", rates.cpu_percent); });
    json.key("memory").object([&] { json.field("residentBytes", figures.usage.resident_bytes); });
    json.key("disk").object([&] {
      json.field("totalBytes", figures.disk.total_bytes);
      json.field("freeBytes", figures.disk.free_bytes);
      json.field("usedByShoalBytes", figures.shoal_bytes);
    });
    json.key("http").object([&] {
      json.field("requestsPerSecond", rates.requests_per_second);
      json.field("bytesPerSecond", rates.bytes_per_second);
      json.field("openConnections", context.metrics.sum("shoal_http_connections"));
    });
    json.key("jobs").object([&] {
      json.field("waiting", figures.waiting).field("running", figures.running);
      json.field("failed", figures.failed);
      json.field("oldestWaitSeconds",
                 figures.oldest_waiting ? seconds_since(*figures.oldest_waiting) : 0);
    });
    json.field("viewers", context.metrics.sum("peertube_viewers_total"));
    json.field("videos", figures.videos).field("users", figures.users);
  });
  return json.take();
}

io::Task<Reply> get_overview(Call& call) {
  Context& context = call.context;
  // Charts ask every few seconds, perhaps from several screens.
  auto slot = co_await context.responses.open("overview");
  if (slot.text) co_return json_response(std::move(slot.text));
  CO_TRY(auto figures, co_await context.database.read([folder = context.config.data_folder](
                                                          db::Session& session) -> Result<Figures> {
    return read_figures(session, folder);
  }));
  co_return json_response(slot.keep(render(context, figures), Milliseconds{1000}));
}

}  // namespace

void add_overview_routes(Routes& routes) {
  routes.get("/api/v1/admin/overview",
             {.operation = "getAdminOverview", .access = Access::administrator}, get_overview);
}

}  // namespace shoal::api
