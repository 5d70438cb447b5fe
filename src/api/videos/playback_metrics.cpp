#include "api/core/body.h"
#include "api/core/reply.h"
#include "api/videos/routes.h"
#include "api/videos/video_access.h"
#include "base/metrics.h"

namespace shoal::api {
namespace {

/// No single report is believed beyond this: 15 s at 10 Gbit/s, and far more errors than can be.
constexpr std::int64_t k_most_bytes = std::int64_t{20} << 30;
constexpr std::int64_t k_most_events = 10'000;

struct Report {
  std::string player;
  std::string video;
  std::int64_t resolution_changes = 0;
  std::int64_t errors = 0;
  std::int64_t stalls = 0;
  std::int64_t bytes_http = 0;
  std::int64_t bytes_p2p = 0;
  std::int64_t bytes_uploaded = 0;
};

Report read_report(Fields& body) {
  Report report;
  report.player = body.choice("playerMode", {"p2p-media-loader", "web-video", "webtorrent", "hls"})
                      .value_or("");
  if (report.player.empty()) body.refuse("playerMode");
  body.integer("resolution", 0, 100'000);
  body.integer("fps", 0, 1'000);
  if (!body.boolean("p2pEnabled")) body.refuse("p2pEnabled");
  body.integer("p2pPeers", 0, k_most_events);
  report.resolution_changes = body.required_integer("resolutionChanges", 0, k_most_events);
  report.errors = body.required_integer("errors", 0, k_most_events);
  report.stalls = body.integer("bufferStalled", 0, k_most_events).value_or(0);
  report.bytes_p2p = body.required_integer("downloadedBytesP2P", 0, k_most_bytes);
  report.bytes_http = body.required_integer("downloadedBytesHTTP", 0, k_most_bytes);
  report.bytes_uploaded = body.required_integer("uploadedBytesP2P", 0, k_most_bytes);
  report.video = body.required_text("videoId", {.min = 1, .max = 36});
  return report;
}

/// Labels come from a bounded set: the player only. Videos and resolutions would not be.
void count(Metrics& metrics, const Report& report) {
  const Labels labels{{"playerMode", report.player}};
  const auto add = [&](std::string_view name, std::string_view help, std::int64_t amount) {
    metrics.counter(name, help, labels).add(static_cast<double>(amount));
  };
  add("peertube_playback_errors_count", "Playback errors", report.errors);
  add("peertube_playback_resolution_changes_count", "Changes of quality while playing",
      report.resolution_changes);
  add("peertube_playback_buffer_stalled_count", "Times that a player waited for data",
      report.stalls);
  add("peertube_playback_http_downloaded_bytes", "Bytes that players got from servers",
      report.bytes_http);
  add("peertube_playback_p2p_downloaded_bytes", "Bytes that players got from each other",
      report.bytes_p2p);
  add("peertube_playback_p2p_uploaded_bytes", "Bytes that players gave to each other",
      report.bytes_uploaded);
}

/// A report must not tell which hidden videos there are.
Answer<catalog::VideoAccess> find_reported(db::Session& session, const catalog::VideoKey& key,
                                           const Watcher& watcher) {
  auto video = find_watchable(session, key, watcher);
  if (!video && (video.error().status == 401 || video.error().status == 403))
    return refuse(404, "Video not found");
  return video;
}

io::Task<Reply> report_playback(Call& call) {
  if (!call.context.config.metrics_enabled)
    co_return refuse(403, "Playback metrics are not collected by this instance.");
  CO_TRY(auto body, co_await read_fields(call, BodyLimits::of_anybody()));
  const Report report = read_report(body);
  const auto key = catalog::parse_video_key(report.video);
  if (!key && body.ok()) body.refuse("videoId");
  CO_TRY_VOID(body.check());
  CO_TRY_VOID(co_await call.context.database.read(
      [&key, watcher = Watcher::of(call, *key)](db::Session& session) {
        return find_reported(session, *key, watcher);
      }));
  count(call.context.metrics, report);
  co_return no_content();
}

}  // namespace

void add_playback_metrics_routes(Routes& routes) {
  routes.post("/api/v1/metrics/playback", {.operation = "reportPlayback"}, report_playback);
}

}  // namespace shoal::api
