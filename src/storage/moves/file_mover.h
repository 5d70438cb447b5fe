#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string_view>

#include "base/clock.h"
#include "base/metrics.h"
#include "db/database.h"
#include "io/semaphore.h"
#include "jobs/runner.h"
#include "storage/moves/file_copier.h"
#include "storage/moves/move_batches.h"
#include "storage/moves/transfer_pace.h"

namespace shoal::storage {

inline constexpr std::string_view k_move_file = "move-file";
/// Finds the files of a batch, and looks after it as long as it is not over.
inline constexpr std::string_view k_watch_batch = "move-batch";

/// Behind all processing: nobody waits for a move.
inline constexpr int k_move_priority = 200;

/// In the caller's transaction; done by whoever runs `move-file` jobs. The job belongs to no video,
/// so that what happens to one never shows as the processing of the other.
JobId enqueue_move(db::Session& session, const FileMove& move);

void enqueue_batch_watch(db::Session& session, MoveBatchId batch, UtcTime when);

struct FileMoverConfig {
  io::Path scratch;  ///< a folder of this process alone
  /// Of all files at once that come from a store without local files; a larger one cannot move.
  std::uint64_t scratch_limit = std::uint64_t{64} << 30;
  std::size_t concurrency = 18;  ///< files at once on this node, the prepared ones with them
  /// How long those who have the old copy open, or its place in mind, may read on.
  Milliseconds old_copy_kept_for{3'600'000};
};

/// Moves files from store to store: copy, verify, switch the rows, and leave the old object to the
/// trash. Until the switch the old placement counts, from then on the new one: a verified one is
/// there at every instant. Each step finds what was done before it, so a move may be killed
/// anywhere, done twice, and by two machines. Any thread.
///
/// A batch's rate limit holds on each node, over the reading of the sources: a file is read, to be
/// checked, in the time that it is given, and then goes into its store in one burst. So the rate
/// holds over several files, and not within the sending of one.
class FileMover {
 public:
  struct Services {
    db::Database& database;
    StoreLookup stores;
    io::FileSystem& files;
    io::Offload& offload;  ///< for calls that take long
    const Clock& clock;
    /// A file of this video is somewhere else now: caches forget where they found it.
    std::function<void(const Uuid& video)> on_moved{};
    /// Whether viewers are told where objects of a store are: a file that comes there gets a name
    /// of its own, and its exposure is settled. Empty: of none.
    std::function<bool(std::string_view store)> exposes{};
    /// Waits; empty: by a timer of the task's executor.
    std::function<io::Task<>(Milliseconds time)> wait_for{};
    Metrics* metrics = nullptr;  ///< counts files and bytes; or null
  };
  FileMover(FileMoverConfig config, Services services);

  /// The mover outlives the runner.
  void register_handlers(jobs::Runner& runner);

  /// One job of kind k_move_file. Errors: those of FileCopier::copy.
  io::Task<Result<>> run(const jobs::LeasedJob& job, jobs::JobContext& context);
  /// One of kind k_watch_batch.
  io::Task<Result<>> watch(const jobs::LeasedJob& job);

 private:
  using Job = const jobs::LeasedJob&;
  /// What a job knows before it begins.
  struct Start {
    std::optional<MovingFile> moving;  ///< nothing when the file is gone or moved already
    bool is_held_up = false;           ///< its batch is paused or cancelled
    BatchLeave leave;                  ///< of the batch, where there is one
  };
  /// What the files of one batch share on this node.
  struct BatchTraffic {
    explicit BatchTraffic(int parallel) : transfers(static_cast<std::size_t>(parallel)) {}
    TransferPace pace;  ///< under mutex_
    io::Semaphore transfers;
  };
  io::Task<Result<Start>> look(FileMove move);
  /// Nothing when there is nothing to copy any more.
  io::Task<Result<std::optional<std::string>>> copy(Job job, jobs::JobContext& context,
                                                    const FileMove& move, const Start& start);
  io::Task<Result<bool>> finish(Job job, FileMove move, std::optional<std::string> new_key);
  io::Task<Result<>> put_back(Job job, FileMove move);
  void count(const FileMove& move, const Start& start) const;
  std::shared_ptr<BatchTraffic> traffic_of(const FileMove& move, const BatchLeave& leave);
  io::Task<> hold(std::shared_ptr<BatchTraffic> traffic, std::uint64_t rate_limit,
                  std::uint64_t bytes);

  const FileMoverConfig config_;
  const Services services_;
  ScratchSpace scratch_;
  FileCopier copier_;
  std::mutex mutex_;
  std::map<MoveBatchId, std::shared_ptr<BatchTraffic>> traffic_;  ///< under mutex_
};

}  // namespace shoal::storage
