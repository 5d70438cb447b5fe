#pragma once

#include <functional>
#include <string_view>

#include "base/clock.h"
#include "db/database.h"
#include "jobs/runner.h"
#include "storage/moves/file_copier.h"

namespace shoal::storage {

inline constexpr std::string_view k_move_file = "move-file";

/// Behind all processing: nobody waits for a move.
inline constexpr int k_move_priority = 200;

/// In the caller's transaction; done by whoever runs `move-file` jobs. The job belongs to no video,
/// so that what happens to one never shows as the processing of the other.
JobId enqueue_move(db::Session& session, const FileMove& move);

struct FileMoverConfig {
  io::Path scratch;  ///< a folder of this process alone
  /// Of all files at once that come from a store without local files; a larger one cannot move.
  std::uint64_t scratch_limit = std::uint64_t{64} << 30;
  std::size_t concurrency = 2;
  /// How long those who have the old copy open, or its place in mind, may read on.
  Milliseconds old_copy_kept_for{3'600'000};
};

/// Moves files from store to store: copy, verify, switch the rows, and leave the old object to the
/// trash. Until the switch the old placement counts, from then on the new one: a verified one is
/// there at every instant. Each step finds what was done before it, so a move may be killed
/// anywhere, done twice, and by two machines. Any thread.
class FileMover {
 public:
  struct Services {
    db::Database& database;
    StoreLookup stores;
    io::FileSystem& files;
    io::Offload& offload;  ///< for calls that take long
    const Clock& clock;
    /// A file of this video is somewhere else now: caches forget where they found it.
    std::function<void(const Uuid& video)> on_moved;
  };
  FileMover(FileMoverConfig config, Services services);

  /// The mover outlives the runner.
  void register_handlers(jobs::Runner& runner);

  /// One job of kind k_move_file. Errors: those of FileCopier::copy.
  io::Task<Result<>> run(const jobs::LeasedJob& job, jobs::JobContext& context);

 private:
  /// Nothing when the file is gone or moved already.
  io::Task<Result<std::optional<MovingFile>>> find(FileMove move);
  io::Task<Result<std::optional<std::string>>> copy(const jobs::LeasedJob& job,
                                                    jobs::JobContext& context, const FileMove& move,
                                                    const MovingFile& moving);

  const FileMoverConfig config_;
  const Services services_;
  ScratchSpace scratch_;
  FileCopier copier_;
};

}  // namespace shoal::storage
