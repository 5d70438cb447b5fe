#include <algorithm>
#include <array>

#include "storage/moves/move_batches.h"

namespace shoal::storage {
namespace {

constexpr Seconds k_rate_window{600};

constexpr std::string_view k_columns =
    "select id, from_store, to_store, state, rate_limit, parallel, planned, created_at, "
    "finished_at, filter, keeps_source from move_batch ";

void add(MoveCounts& counts, const db::Row& row) {
  counts.files += row.integer(1);
  counts.bytes += static_cast<std::uint64_t>(row.integer(2));
}

MoveProgress progress_of(db::Session& session, const db::Row& row) {
  MoveProgress progress;
  progress.id = row.id<MoveBatchId>(0);
  progress.from = row.text(1);
  progress.to = row.text(2);
  progress.state = static_cast<BatchState>(row.integer(3));
  progress.rate_limit = static_cast<std::uint64_t>(row.integer(4));
  progress.parallel = static_cast<int>(row.integer(5));
  progress.is_planned = row.boolean(6);
  progress.created_at = row.time(7);
  progress.finished_at = row.optional_time(8);
  // What cannot be read stops the batch, not the list of them.
  progress.filter = parse_filter(row.text(9)).value_or(MoveFilter());
  progress.keeps_source = row.boolean(10);

  const UtcTime now = progress.finished_at.value_or(session.now());
  const UtcTime since = std::max(now - k_rate_window, progress.created_at);
  std::uint64_t recent = 0;
  for (const db::Row& state : session.query(
           "select state, count(*), cast(coalesce(sum(size), 0) as bigint), "
           "cast(coalesce(sum(case when finished_at >= :since then size else 0 end), 0) as bigint) "
           "from move_item where batch_id = :id group by state",
           {since, progress.id})) {
    switch (state.integer(0)) {
      case 3:
        add(progress.done, state);
        recent = static_cast<std::uint64_t>(state.integer(3));
        break;
      case 4:
        add(progress.skipped, state);
        break;
      case 5:
        add(progress.failed, state);
        break;
      default:
        add(progress.waiting, state);
    }
  }
  const auto passed = std::chrono::ceil<Seconds>(now - since).count();
  if (passed > 0) progress.rate = recent / static_cast<std::uint64_t>(passed);
  if (progress.rate > 0 && progress.is_planned && progress.state == BatchState::running)
    progress.remaining = Seconds{progress.waiting.bytes / progress.rate};
  if (progress.failed.files > 0) {
    const auto error = session.query_one(
        "select error from move_item where batch_id = :id and state = 5 "
        "order by finished_at desc, file_id limit 1",
        {progress.id});
    if (error) progress.example_error = error->optional_text(0);
  }
  return progress;
}

/// Bytes per second of the newest batch between two stores that got anywhere; 0: none did.
std::uint64_t find_usual_rate(db::Session& session, const NewMoveBatch& batch) {
  const auto row = session.query_one(
      std::string(k_columns) +
          "where from_store = :from and to_store = :to and exists (select 1 from move_item i "
          "where i.batch_id = move_batch.id and i.state = 3) order by id desc limit 1",
      {batch.from, batch.to});
  return row ? progress_of(session, *row).rate : 0;
}

}  // namespace

std::vector<MoveProgress> list_move_batches(db::Session& session, std::size_t limit) {
  std::vector<MoveProgress> out;
  for (const db::Row& row :
       session.query(std::string(k_columns) + "order by id desc limit :limit", {limit}))
    out.push_back(progress_of(session, row));
  return out;
}

std::optional<MoveProgress> find_move_batch(db::Session& session, MoveBatchId id) {
  const auto row = session.query_one(std::string(k_columns) + "where id = :id", {id});
  if (!row) return std::nullopt;
  return progress_of(session, *row);
}

OpenMoves count_open_moves(db::Session& session) {
  OpenMoves open;
  open.batches =
      session.query_one("select count(*) from move_batch where finished_at is null")->integer(0);
  if (open.batches == 0) return open;
  std::array<std::int64_t*, 5> counts{&open.waiting, &open.queued, &open.done, &open.skipped,
                                      &open.failed};
  for (const db::Row& row :
       session.query("select i.state, count(*) from move_batch b join move_item i "
                     "on i.batch_id = b.id where b.finished_at is null group by i.state"))
    *counts.at(static_cast<std::size_t>(row.integer(0) - 1)) = row.integer(1);
  return open;
}

std::optional<Seconds> estimate_duration(db::Session& session, const NewMoveBatch& batch,
                                         std::uint64_t bytes) {
  if (bytes == 0) return Seconds{0};
  std::uint64_t rate = find_usual_rate(session, batch);
  if (batch.rate_limit > 0) rate = rate == 0 ? batch.rate_limit : std::min(rate, batch.rate_limit);
  if (rate == 0) return std::nullopt;
  return Seconds{bytes / rate + 1};
}

}  // namespace shoal::storage
