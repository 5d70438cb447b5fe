#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"
#include "db/database.h"
#include "jobs/runner.h"
#include "storage/exposure/exposure_rows.h"
#include "storage/stores.h"
#include "storage/trash.h"

namespace shoal::storage {

inline constexpr std::string_view k_settle_exposure = "settle-exposure";
inline constexpr std::string_view k_settle_store = "settle-store";

/// Keeps what anybody may read in step with what anybody may see. A video that leaves the public
/// gets new objects under names that nobody knows (copied by the store itself); the old ones are
/// deleted at once, and CDNs are told to forget them. One that becomes public gets objects that are
/// open to all where its store sends viewers to them. Until then an object counts as what it was,
/// and no object that anybody was told of is ever more open than its row says. Each step may be
/// killed and repeated. Any thread.
class ExposureKeeper {
 public:
  struct Services {
    db::Database& database;
    const Stores& stores;
    const Clock& clock;
    Random& random;
    /// Deletes what is due, and has caches forget it.
    std::function<io::Task<Result<>>()> empty_trash;
    /// Objects of this video have other names now: caches forget where they found it.
    std::function<void(const Uuid& video)> on_changed;
  };
  explicit ExposureKeeper(Services services) : services_(std::move(services)) {}

  /// The keeper outlives the runner.
  void register_handlers(jobs::Runner& runner);

  /// One job of kind k_settle_exposure. Errors: unavailable (a store is away, or keeps what is to
  /// be deleted: the others are settled), conflict (the lease is lost), and those of the stores.
  io::Task<Result<>> run(const jobs::LeasedJob& job);
  /// One of kind k_settle_store.
  io::Task<Result<>> run_store(const jobs::LeasedJob& job);

 private:
  using Job = const jobs::LeasedJob&;
  io::Task<Result<bool>> settle(Job job, VideoId video, ExposedCopy copy, VideoOpenness openness);
  io::Task<Result<bool>> replace(Job job, VideoId video, ExposedCopy copy, VideoOpenness openness,
                                 Exposure wanted);
  io::Task<Result<>> settle_all(Job job, VideoId video, VideoOpenness openness);
  io::Task<Result<>> withdraw(VideoId video, Exposure at_least);

  const Services services_;
};

}  // namespace shoal::storage
