#include "api/instance/instance_metrics.h"

#include "api/instance/counts.h"
#include "api/instance/process_usage.h"
#include "api/storage/services.h"
#include "storage/moves/move_batches.h"

namespace shoal::api {
namespace {

constexpr Milliseconds k_keep{15'000};

void set_process(Metrics& metrics, const ProcessUsage& usage) {
  metrics.gauge("process_resident_memory_bytes", "Resident memory of this process")
      .set(static_cast<double>(usage.resident_bytes));
  metrics.gauge("process_cpu_seconds_total", "CPU time of this process and its ended children")
      .set(usage.cpu_seconds);
  metrics.gauge("process_open_fds", "Open file descriptors")
      .set(static_cast<double>(usage.open_files));
}

void set_instance(Metrics& metrics, const Counts& counts) {
  const auto set = [&](std::string_view name, std::string_view help, std::int64_t value,
                       const Labels& labels = {}) {
    metrics.gauge(name, help, labels).set(static_cast<double>(value));
  };
  constexpr std::string_view k_active = "Users who logged in lately";
  set("peertube_users_total", "Users", counts.users);
  set("peertube_active_users", k_active, counts.active_day, {{"userType", "daily"}});
  set("peertube_active_users", k_active, counts.active_week, {{"userType", "weekly"}});
  set("peertube_active_users", k_active, counts.active_month, {{"userType", "monthly"}});
  set("peertube_channels_total", "Video channels", counts.channels);
  constexpr std::string_view k_channels = "Channels that published lately";
  set("peertube_active_channels", k_channels, counts.channels_day, {{"channelType", "daily"}});
  set("peertube_active_channels", k_channels, counts.channels_week, {{"channelType", "weekly"}});
  set("peertube_active_channels", k_channels, counts.channels_month, {{"channelType", "monthly"}});
  set("peertube_videos_total", "Public videos", counts.videos, {{"videoOrigin", "local"}});
  set("peertube_video_views_total", "Views of all videos", counts.views, {{"viewOrigin", "local"}});
  set("peertube_video_bytes_total", "Bytes of all files", counts.file_bytes,
      {{"videoOrigin", "local"}});
}

struct Queue {
  std::string kind;
  std::string state;
  std::int64_t jobs = 0;
};

std::vector<Queue> read_queues(db::Session& session) {
  std::vector<Queue> queues;
  for (const db::Row& row :
       session.query("select kind, case state when 1 then 'waiting' when 2 then 'active' else "
                     "'waiting-children' end as phase, count(*) from job group by kind, phase")) {
    queues.push_back({row.text(0), row.text(1), row.integer(2)});
  }
  return queues;
}

/// Kinds are the program's own words, so the labels are bounded; a queue that ran empty is set to
/// 0.
void set_queues(Metrics& metrics, const std::vector<Queue>& queues,
                std::map<std::pair<std::string, std::string>, bool>& known) {
  for (auto& [labels, seen] : known) seen = false;
  const auto gauge = [&](const std::string& kind, const std::string& state) {
    return metrics.gauge("peertube_job_queue_total", "Jobs by type and state",
                         {{"jobType", kind}, {"state", state}});
  };
  for (const Queue& queue : queues) {
    gauge(queue.kind, queue.state).set(static_cast<double>(queue.jobs));
    known[{queue.kind, queue.state}] = true;
  }
  for (const auto& [labels, seen] : known) {
    if (!seen) gauge(labels.first, labels.second).set(0);
  }
}

void set_usage(Metrics& metrics, const storage::StorageUsage& usage, std::uint64_t limit) {
  for (const storage::StoreUsage& store : usage.stores) {
    const Labels labels{{"store", store.name}};
    metrics.gauge("shoal_store_files", "Verified copies of files in a store", labels)
        .set(static_cast<double>(store.files));
    metrics.gauge("shoal_store_bytes", "Bytes of verified copies in a store", labels)
        .set(static_cast<double>(store.bytes));
    metrics.gauge("shoal_store_trash_objects", "Objects that will be deleted from a store", labels)
        .set(static_cast<double>(store.objects_in_trash));
  }
  metrics.gauge("shoal_staging_bytes", "Bytes on the local disk on their way to somewhere else")
      .set(static_cast<double>(usage.staged_bytes));
  metrics.gauge("shoal_staging_limit_bytes", "The most of them that new uploads may make; 0: any")
      .set(static_cast<double>(limit));
}

void set_moves(Metrics& metrics, const storage::OpenMoves& moves) {
  metrics.gauge("shoal_move_batches", "Moves of many files that are not over")
      .set(static_cast<double>(moves.batches));
  const auto set = [&](const char* state, std::int64_t files) {
    metrics.gauge("shoal_move_files", "Files of the moves that are not over", {{"state", state}})
        .set(static_cast<double>(files));
  };
  set("waiting", moves.waiting);
  set("queued", moves.queued);
  set("done", moves.done);
  set("skipped", moves.skipped);
  set("failed", moves.failed);
}

}  // namespace

io::Task<> refresh_metrics(Context& context) {
  {
    const std::scoped_lock lock(context.scraped.mutex);
    const SteadyTime now = context.clock.steady_now();
    if (context.scraped.at && now < *context.scraped.at + k_keep) co_return;
    context.scraped.at = now;
  }
  struct Read {
    Counts counts;
    std::vector<Queue> queues;
    ProcessUsage usage;
    storage::OpenMoves moves;
  };
  // The transaction is on a pool thread, where looking through /proc may take its time.
  const auto read = co_await context.database.read(
      [now = context.clock.now()](db::Session& session) -> Result<Read> {
        return Read{count_all(session, now), read_queues(session), process_usage(),
                    storage::count_open_moves(session)};
      });
  if (!read) co_return;
  set_process(context.metrics, read->usage);
  set_instance(context.metrics, read->counts);
  set_moves(context.metrics, read->moves);
  if (const StorageServices* services = context.storage_services; services != nullptr) {
    const auto usage = co_await services->usage->get();
    if (usage) set_usage(context.metrics, **usage, services->staging_limit);
  }
  const std::scoped_lock lock(context.scraped.mutex);
  set_queues(context.metrics, read->queues, context.scraped.queues);
}

}  // namespace shoal::api
