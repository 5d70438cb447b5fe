#include "catalog/views.h"

#include <set>

#include "base/digest.h"
#include "base/text.h"

namespace shoal::catalog {
namespace {

/// Reports come every few seconds; a longer step is a jump or a paused player.
constexpr Milliseconds k_longest_step{65'000};

/// When a viewer was counted is when the batch was written, some seconds late: who counts again in
/// memory must count again here.
constexpr Milliseconds k_counts_again = ViewCounter::k_window - Milliseconds{60'000};

UtcTime start_of_hour(UtcTime time) {
  return std::chrono::floor<std::chrono::hours>(time);
}

/// Those that no node has counted lately.
std::int64_t count_viewers(db::Session& session, const ViewBatch::Entry& entry, UtcTime now) {
  std::int64_t counted = 0;
  for (const std::string& viewer : std::set(entry.viewers.begin(), entry.viewers.end())) {
    counted += static_cast<std::int64_t>(session.execute(
        "insert into counted_view (video_id, viewer, counted_at)"
        " select id, :viewer, :now from video where id = :video"
        " on conflict (video_id, viewer) do update set counted_at = excluded.counted_at"
        " where counted_view.counted_at <= :again",
        {viewer, now, entry.video, now - k_counts_again}));
  }
  return counted;
}

}  // namespace

void add_views(db::Session& session, const ViewBatch& batch, UtcTime now) {
  const auto is_new = session.execute(
      "insert into view_batch (id, created_at) values (:id, :now) on conflict (id) do nothing",
      {batch.id, now});
  if (is_new == 0) return;
  for (const ViewBatch::Entry& entry : batch.entries) {
    const std::int64_t views = count_viewers(session, entry, now);
    const auto changed = session.execute(
        "update video set views = views + :views where id = :video", {views, entry.video});
    if (changed == 0) continue;
    session.execute(
        "insert into view_bucket (video_id, start, views, watch_ms)"
        " values (:video, :start, :views, :watched)"
        " on conflict (video_id, start) do update set views = view_bucket.views + excluded.views,"
        " watch_ms = view_bucket.watch_ms + excluded.watch_ms",
        {entry.video, entry.hour, views, entry.watched.count()});
  }
}

void prune_views(db::Session& session, UtcTime before, UtcTime now) {
  session.execute("delete from view_batch where created_at < :before", {before});
  session.execute("delete from counted_view where counted_at <= :before", {now - k_counts_again});
}

ViewCounter::ViewCounter(std::string secret, Clock& clock, Random& random, Metrics& metrics)
    : clock_(clock),
      random_(random),
      viewers_metric_(metrics.gauge("peertube_viewers_total", "Viewers watching now",
                                    {{"viewerType", "local"}, {"videoType", "local"}})),
      forgotten_metric_(metrics.counter("shoal_viewers_forgotten_total",
                                        "Viewers forgotten because the table was full")),
      dropped_metric_(metrics.counter("shoal_views_dropped_total",
                                      "Views not counted because too many videos wait for the"
                                      " database")),
      secret_(std::move(secret)) {}

std::string ViewCounter::key_of(VideoId video, std::string_view viewer) const {
  const Sha256Digest digest =
      hmac_sha256(secret_, std::to_string(video.value) + '\n' + std::string(viewer));
  return to_hex(std::span(digest).first(16));
}

ViewBatch::Entry* ViewCounter::entry_of(VideoId video, UtcTime now) {
  if (pending_.size() >= k_pending_limit && !pending_.contains(video)) return nullptr;
  const UtcTime hour = start_of_hour(now);
  auto& entry = pending_[video][to_millis(hour)];
  entry.video = video;
  entry.hour = hour;
  return &entry;
}

void ViewCounter::forget(Viewers& viewers) {
  by_key_.erase(viewers.front().key);
  viewers.pop_front();
}

void ViewCounter::forget_silent(UtcTime now) {
  while (!present_viewers_.empty() && now - present_viewers_.front().last > k_present) {
    Viewer& viewer = present_viewers_.front();
    viewer.present = false;
    const auto found = present_of_.find(viewer.video);
    if (--found->second == 0) present_of_.erase(found);
    past_viewers_.splice(past_viewers_.end(), present_viewers_, present_viewers_.begin());
  }
  while (!past_viewers_.empty() && now - past_viewers_.front().last > k_window)
    forget(past_viewers_);
  while (by_key_.size() > k_limit && !past_viewers_.empty()) {
    forgotten_metric_.add();
    forget(past_viewers_);
  }
  while (by_key_.size() > k_limit) {
    forgotten_metric_.add();
    const auto found = present_of_.find(present_viewers_.front().video);
    if (--found->second == 0) present_of_.erase(found);
    forget(present_viewers_);
  }
  viewers_metric_.set(static_cast<double>(present_viewers_.size()));
}

ViewCounter::Viewer& ViewCounter::touch(const std::string& key, const Report& report, UtcTime now) {
  auto found = by_key_.find(key);
  if (found == by_key_.end()) {
    // The list first: an entry of the map must never name a viewer that is not there.
    past_viewers_.push_back({.key = key,
                             .video = report.video,
                             .position = report.position,
                             .last = now,
                             .window_started = now});
    try {
      found = by_key_.emplace(key, std::prev(past_viewers_.end())).first;
    } catch (...) {
      past_viewers_.pop_back();
      throw;
    }
  }
  Viewer& viewer = *found->second;
  if (!viewer.present) ++present_of_[report.video];
  present_viewers_.splice(present_viewers_.end(), viewer.present ? present_viewers_ : past_viewers_,
                          found->second);
  viewer.present = true;
  viewer.last = now;
  if (now - viewer.window_started > k_window) {
    viewer.window_started = now;
    viewer.watched = Milliseconds{0};
    viewer.counted = false;
  }
  return viewer;
}

void ViewCounter::report(const Report& report) {
  const UtcTime now = clock_.now();
  const std::string key = key_of(report.video, report.viewer);
  const std::lock_guard lock(mutex_);
  Viewer& viewer = touch(key, report, now);
  const Milliseconds step = report.position - viewer.position;
  viewer.position = report.position;
  if (!report.seeked && step > Milliseconds{0} && step <= k_longest_step) {
    viewer.watched += step;
    if (auto* const entry = entry_of(report.video, now)) entry->watched += step;
  }
  const Milliseconds enough = std::min(k_counted_after, report.duration / 3);
  if (!viewer.counted && viewer.watched > Milliseconds{0} && viewer.watched >= enough) {
    viewer.counted = true;
    if (auto* const entry = entry_of(report.video, now)) {
      entry->viewers.push_back(key);
    } else {
      dropped_metric_.add();
    }
  }
  forget_silent(now);
}

std::int64_t ViewCounter::viewers(VideoId video) {
  const std::lock_guard lock(mutex_);
  forget_silent(clock_.now());
  const auto found = present_of_.find(video);
  return found == present_of_.end() ? 0 : found->second;
}

std::int64_t ViewCounter::viewers() {
  const std::lock_guard lock(mutex_);
  forget_silent(clock_.now());
  return static_cast<std::int64_t>(present_viewers_.size());
}

std::optional<ViewBatch> ViewCounter::next_batch() {
  const std::lock_guard lock(mutex_);
  if (writing_) return writing_;
  if (pending_.empty()) return std::nullopt;
  ViewBatch batch{.id = random_.hex(16), .entries = {}};
  for (std::size_t size = 0; !pending_.empty() && size < k_batch_limit;) {
    for (auto& [hour, entry] : pending_.begin()->second) {
      size += 1 + entry.viewers.size();
      batch.entries.push_back(std::move(entry));
    }
    pending_.erase(pending_.begin());
  }
  // In one order on all nodes, so that their transactions do not wait for each other in a circle.
  std::ranges::sort(batch.entries, {}, [](const auto& entry) { return entry.video.value; });
  writing_ = batch;
  return batch;
}

void ViewCounter::written(const ViewBatch& batch) {
  const std::lock_guard lock(mutex_);
  if (writing_ && writing_->id == batch.id) writing_.reset();
}

}  // namespace shoal::catalog
