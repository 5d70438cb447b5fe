#pragma once

#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/metrics.h"
#include "base/random.h"
#include "db/session.h"

namespace shoal::catalog {

/// Views to be added, once: `id` is new for each batch and stays when it is tried again.
struct ViewBatch {
  struct Entry {
    VideoId video;
    UtcTime hour{};  ///< start of the hour
    /// Each is a view, unless another node counted it before.
    std::vector<std::string> viewers{};
    Milliseconds watched{0};
  };
  std::string id;
  std::vector<Entry> entries;
};

/// Adds a batch to its videos and buckets, or does nothing when it was added before. What is of a
/// deleted video is dropped. A viewer counts once in ViewCounter::k_window, whatever the node.
void add_views(db::Session& session, const ViewBatch& batch, UtcTime now);
/// Forgets the ids of batches before `before`, and who counts again.
void prune_views(db::Session& session, UtcTime before, UtcTime now);

/// Counts who watches what, in memory, as players report it every few seconds. A viewer (a hash of
/// address and client under `secret`, which all nodes share) counts as one view of a video after
/// k_counted_after of watching, or a third of a shorter video, and again only after k_window.
/// Bounded: beyond k_limit viewers the one that was silent longest is forgotten. Any thread.
class ViewCounter {
 public:
  static constexpr Milliseconds k_counted_after{10'000};
  static constexpr Milliseconds k_window{3'600'000};
  /// A viewer who was silent for longer is gone.
  static constexpr Milliseconds k_present{120'000};
  static constexpr std::size_t k_limit = 100'000;
  static constexpr std::size_t k_batch_limit = 2'000;  ///< entries and viewers together
  /// Videos whose views may wait to be written, while the database is away.
  static constexpr std::size_t k_pending_limit = 50'000;

  ViewCounter(std::string secret, Clock& clock, Random& random, Metrics& metrics);

  struct Report {
    VideoId video;
    Milliseconds duration{0};  ///< of the video
    Milliseconds position{0};  ///< in the video
    bool seeked = false;       ///< the position jumped: nothing was watched since the last report
    std::string_view viewer;   ///< whatever tells viewers apart
  };
  void report(const Report& report);
  /// Viewers of a video now.
  std::int64_t viewers(VideoId video);
  std::int64_t viewers();

  /// What is to be written. Until written() the same batch comes again, so that a failed or
  /// doubtful write is repeated and counts once. Nothing when there is nothing.
  std::optional<ViewBatch> next_batch();
  void written(const ViewBatch& batch);

 private:
  struct Viewer {
    std::string key;
    VideoId video;
    Milliseconds position{0};
    Milliseconds watched{0};
    UtcTime last{};
    UtcTime window_started{};
    bool counted = false;
    bool present = false;
  };
  using Viewers = std::list<Viewer>;

  std::string key_of(VideoId video, std::string_view viewer) const;
  Viewer& touch(const std::string& key, const Report& report, UtcTime now);
  void forget(Viewers& viewers);
  void forget_silent(UtcTime now);
  /// Null while no more videos may wait.
  ViewBatch::Entry* entry_of(VideoId video, UtcTime now);

  Clock& clock_;
  Random& random_;
  Gauge viewers_metric_;
  Counter forgotten_metric_;
  Counter dropped_metric_;
  const std::string secret_;
  std::mutex mutex_;
  /// Both with the one that reported last at the back.
  Viewers present_viewers_;
  Viewers past_viewers_;
  std::unordered_map<std::string, Viewers::iterator> by_key_;
  std::unordered_map<VideoId, std::int64_t> present_of_;
  std::unordered_map<VideoId, std::unordered_map<std::int64_t, ViewBatch::Entry>> pending_;
  std::optional<ViewBatch> writing_;
};

}  // namespace shoal::catalog
