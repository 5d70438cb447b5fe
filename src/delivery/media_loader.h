#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "delivery/block_cache.h"
#include "delivery/distrusted_copies.h"
#include "delivery/media_cache.h"
#include "delivery/media_index.h"
#include "delivery/missing_names.h"
#include "delivery/store_doors.h"
#include "io/single_flight.h"
#include "io/task.h"

namespace shoal::delivery {

/// Finds what a name stands for: in memory, else by the index and the stores, each name once at a
/// time. Any thread.
class MediaLoader {
 public:
  using Found = Result<std::shared_ptr<const CachedMedia>>;
  struct Services {
    MediaIndex& index;
    DoorsLookup stores;
    BlockCache& blocks;
    const Clock& clock;
    Metrics& metrics;
    bool has_disk_cache = false;
  };
  MediaLoader(MediaCache::Config cache, Services services);

  /// Null where the index must be asked.
  std::shared_ptr<const CachedMedia> find_fresh(std::string_view name) const;
  /// Errors: not_found; unavailable and others where it cannot be told or no copy can be had. With
  /// `except`, copies that have just failed, asks the index anew and opens none of them.
  io::Task<Found> find(std::string name, std::vector<Copy> except = {});
  /// This copy gave other bytes than were recorded.
  void distrust(std::string_view name, const Copy& copy);
  /// A video changed its privacy or its files' places, or is gone.
  void forget_video(const Uuid& video);

 private:
  io::Task<Found> load(std::string name, std::vector<Copy> except);
  io::Task<Result<>> open_any(CachedMedia& media, std::string name, std::vector<Copy> except);
  io::Task<Result<>> open_copy(CachedMedia& media, Candidate candidate,
                               std::shared_ptr<const CachedMedia> known);
  /// The copy is read by this reader from now on. Errors: corrupt; the store's.
  io::Task<Result<>> take_reader(CachedMedia& media, Candidate candidate,
                                 std::shared_ptr<blob::ObjectReader> reader);
  io::Task<MediaHashes> hashes_of(const MediaEntry& entry);
  void take_copy(CachedMedia& media, const Candidate& candidate);
  const DoorCounters* counters_of(const std::string& store);

  Services services_;
  MediaCache cache_;
  MissingNames missing_;
  DistrustedCopies distrusted_;
  io::SingleFlight<Found> flights_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<const DoorCounters>> counters_;  ///< under mutex_; by store
};

}  // namespace shoal::delivery
