#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "db/session.h"
#include "storage/moves/move_filter.h"
#include "storage/moves/move_rows.h"

/// Moves of many files, as rows. Jobs are queued for `parallel` files of a batch, and for a few
/// more that are read and announced while those are sent; each that ends queues the next one in the
/// same transaction. Functions over the caller's transaction.
namespace shoal::storage {

enum class BatchState : int { running = 1, paused = 2, cancelled = 3, done = 4 };
std::string_view to_string(BatchState state);

struct NewMoveBatch {
  std::string from;
  std::string to;
  MoveFilter filter;
  std::uint64_t rate_limit = 0;  ///< bytes per second of each node; 0: none
  int parallel = 2;              ///< transfers at once on each node; 1 to 64
  bool keeps_source = false;     ///< the files get a second copy
};

/// The batch, and the job that looks for its files. Errors: invalid (one store, parallel),
/// not_found (no such store).
Result<MoveBatchId> create_move_batch(db::Session& session, const NewMoveBatch& batch);

struct MoveCounts {
  std::int64_t files = 0;
  std::uint64_t bytes = 0;
};

/// How far a batch is.
struct MoveProgress {
  MoveBatchId id;
  std::string from;
  std::string to;
  MoveFilter filter;
  BatchState state = BatchState::running;
  std::uint64_t rate_limit = 0;
  int parallel = 0;
  bool keeps_source = false;
  bool is_planned = false;  ///< all of its files are counted
  MoveCounts waiting;       ///< those that are on their way included
  MoveCounts done;
  MoveCounts skipped;  ///< deleted meanwhile, or elsewhere already
  MoveCounts failed;
  std::uint64_t rate = 0;                    ///< bytes per second, of the last ten minutes
  std::optional<Seconds> remaining;          ///< at that rate; nothing where nobody knows
  std::optional<std::string> example_error;  ///< of the file that failed last
  UtcTime created_at{};
  std::optional<UtcTime> finished_at;
};
/// The newest first.
std::vector<MoveProgress> list_move_batches(db::Session& session, std::size_t limit);
std::optional<MoveProgress> find_move_batch(db::Session& session, MoveBatchId id);

/// Files of the batches that are not over.
struct OpenMoves {
  std::int64_t batches = 0;
  std::int64_t waiting = 0;
  std::int64_t queued = 0;
  std::int64_t done = 0;
  std::int64_t skipped = 0;
  std::int64_t failed = 0;
};
OpenMoves count_open_moves(db::Session& session);

/// How long so many bytes between two stores will take: at the rate limit (0: none), or as fast as
/// the newest batch between them went, whichever is slower. Nothing where nobody knows.
std::optional<Seconds> estimate_duration(db::Session& session, const NewMoveBatch& batch,
                                         std::uint64_t bytes);

/// No file is begun any more; those on their way end. Errors: not_found, conflict (it is over).
Result<> pause_move_batch(db::Session& session, MoveBatchId id);
/// Goes on; what failed is tried again. Errors: not_found, conflict (it is over, and nothing
/// failed; it was cancelled).
Result<> resume_move_batch(db::Session& session, MoveBatchId id);
/// Files that have moved stay where they are. Then call cancel_queued_moves until it returns false.
/// Errors: not_found, conflict (it is over).
Result<> cancel_move_batch(db::Session& session, MoveBatchId id);
/// Ends the jobs of a cancelled batch; true when there are more.
bool cancel_queued_moves(db::Session& session, MoveBatchId id, std::size_t limit = 100);

// For FileMover.

/// Files on their way besides those that are being sent: one is read or announced, and of one that
/// was sent the rows are written. Without them the network waits for disk and database.
inline constexpr int k_files_beside = 2;

/// Whether a job of a batch may go on, and how fast.
struct BatchLeave {
  BatchState state = BatchState::running;
  std::uint64_t rate_limit = 0;
  int parallel = 1;
};
/// Nothing when the batch is forgotten.
std::optional<BatchLeave> find_batch_leave(db::Session& session, MoveBatchId id);

/// Makes items of the next `limit` files; true when there may be more.
Result<bool> plan_move_batch(db::Session& session, MoveBatchId id, std::size_t limit);
/// Queues files until enough are, after taking back those whose job ended without a word. True
/// while the batch is not over.
bool keep_batch_going(db::Session& session, MoveBatchId id);

enum class ItemEnd : int { done = 3, skipped = 4, failed = 5 };
/// What became of a job's file; the next one is queued.
void end_move_item(db::Session& session, const FileMove& move, ItemEnd end,
                   const std::optional<std::string>& error);
/// The job ends without having moved the file: it waits for a resumption.
void put_back_move_item(db::Session& session, const FileMove& move);

/// Forgets the items of all but the newest batches; true when there is more to forget.
bool prune_move_batches(db::Session& session, std::size_t keep = 20, std::size_t limit = 1000);

}  // namespace shoal::storage
