#include "storage/moves/move_batches.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "jobs/queue.h"
#include "storage/moves/file_mover.h"

namespace shoal::storage {

// States stand as numbers in the SQL: those of items are 1 waiting, 2 queued, 3 done, 4 skipped,
// 5 failed.

namespace {

constexpr int k_most_parallel = 64;

struct BatchRow {
  std::string from;
  std::string to;
  MoveFilter filter;
  BatchState state = BatchState::running;
  int parallel = 1;
  FileId planned_to;
  bool is_planned = false;
  bool keeps_source = false;
};

Result<BatchRow> find_row(db::Session& session, MoveBatchId id) {
  const auto row = session.query_one(
      "select from_store, to_store, filter, state, parallel, planned_to, planned, keeps_source "
      "from move_batch where id = :id",
      {id});
  if (!row)
    return fail(ErrorCode::not_found, fmt::format("there is no batch of moves {}", id.value));
  TRY(MoveFilter filter, parse_filter(row->text(2)));
  return BatchRow{row->text(0),
                  row->text(1),
                  std::move(filter),
                  static_cast<BatchState>(row->integer(3)),
                  static_cast<int>(row->integer(4)),
                  row->id<FileId>(5),
                  row->boolean(6),
                  row->boolean(7)};
}

void set_state(db::Session& session, MoveBatchId id, BatchState state, bool is_over) {
  std::optional<UtcTime> finished;
  if (is_over) finished = session.now();
  session.execute(
      "update move_batch set state = :state, updated_at = :now, finished_at = :finished "
      "where id = :id",
      {static_cast<int>(state), session.now(), finished, id});
}

Result<> check_not_over(const BatchRow& row, MoveBatchId id) {
  if (row.state == BatchState::running || row.state == BatchState::paused) return {};
  return fail(ErrorCode::conflict, fmt::format("batch {} is {}", id.value, to_string(row.state)));
}

/// The next file that waits, as a job. False when none does.
bool queue_next(db::Session& session, MoveBatchId id, const BatchRow& batch) {
  // Those that end at the same time pass over each other's rows; SQLite has one writer.
  const char* skip = session.engine() == db::Engine::postgresql ? " for update skip locked" : "";
  const auto item = session.query_one(
      std::string("update move_item set state = 2 where batch_id = :batch and file_id = "
                  "(select file_id from move_item where batch_id = :batch and state = 1 "
                  "order by file_id limit 1") +
          skip + ") returning file_id",
      {id});
  if (!item) return false;
  const FileId file = item->id<FileId>(0);
  const JobId job = enqueue_move(session, {file, batch.from, batch.to, id, batch.keeps_source});
  session.execute("update move_item set job_id = :job where batch_id = :batch and file_id = :file",
                  {job, id, file});
  return true;
}

std::int64_t count_open_items(db::Session& session, MoveBatchId id) {
  return session
      .query_one(
          "select count(*) from (select 1 from move_item where batch_id = :id and "
          "state <= 2 limit 1) as open_items",
          {id})
      ->integer(0);
}

/// Nothing waits any more: the last one to see that ends the batch. Its row is locked, so that of
/// two that end at the same time the second sees the first one's item.
void end_when_over(db::Session& session, MoveBatchId id) {
  const auto running = session.query_one(
      "update move_batch set updated_at = :now where id = :id and state = 1 returning planned",
      {session.now(), id});
  if (running && running->boolean(0) && count_open_items(session, id) == 0)
    set_state(session, id, BatchState::done, true);
}

void queue_next_of_running(db::Session& session, MoveBatchId id) {
  const auto row = find_row(session, id);
  if (!row || row->state != BatchState::running) return;
  if (!queue_next(session, id, *row)) end_when_over(session, id);
}

/// Jobs that were cancelled by hand, or whose last words were lost, told nothing.
void take_back_lost_items(db::Session& session, MoveBatchId id) {
  session.execute(
      "update move_item set state = 5, finished_at = :now, error = coalesce((select h.error from "
      "job_history h where h.id = move_item.job_id), 'its job ended without a word') "
      "where batch_id = :id and state = 2 and not exists "
      "(select 1 from job where job.id = move_item.job_id)",
      {session.now(), id});
}

}  // namespace

std::string_view to_string(BatchState state) {
  switch (state) {
    case BatchState::running:
      return "running";
    case BatchState::paused:
      return "paused";
    case BatchState::cancelled:
      return "cancelled";
    case BatchState::done:
      return "done";
  }
  return "unknown";
}

Result<MoveBatchId> create_move_batch(db::Session& session, const NewMoveBatch& batch) {
  if (batch.from == batch.to) return fail(ErrorCode::invalid, "a move needs two different stores");
  if (batch.parallel < 1 || batch.parallel > k_most_parallel) {
    return fail(ErrorCode::invalid,
                fmt::format("from 1 to {} files can be moved at once", k_most_parallel));
  }
  for (const std::string& name : {batch.from, batch.to}) {
    if (!session.query_one("select 1 from store where name = :name", {name}))
      return fail(ErrorCode::not_found, fmt::format("there is no store '{}'", name));
  }
  const UtcTime now = session.now();
  const MoveBatchId id{session.insert(
      "insert into move_batch (from_store, to_store, filter, state, rate_limit, parallel, "
      "keeps_source, created_at, updated_at) values (:from, :to, :filter, 1, :rate, :parallel, "
      ":keeps, :created, :updated) returning id",
      {batch.from, batch.to, write_filter(batch.filter), batch.rate_limit, batch.parallel,
       batch.keeps_source, now, now})};
  enqueue_batch_watch(session, id, now);
  return id;
}

Result<> pause_move_batch(db::Session& session, MoveBatchId id) {
  TRY(const BatchRow row, find_row(session, id));
  TRY_VOID(check_not_over(row, id));
  set_state(session, id, BatchState::paused, false);
  return {};
}

Result<> resume_move_batch(db::Session& session, MoveBatchId id) {
  TRY(const BatchRow row, find_row(session, id));
  take_back_lost_items(session, id);
  const auto again = session.execute(
      "update move_item set state = 1, error = null, finished_at = null, job_id = null "
      "where batch_id = :id and state = 5",
      {id});
  if (row.state == BatchState::cancelled || (row.state == BatchState::done && again == 0)) {
    return fail(ErrorCode::conflict, fmt::format("batch {} is {}: nothing is left to do", id.value,
                                                 to_string(row.state)));
  }
  set_state(session, id, BatchState::running, false);
  if (row.state == BatchState::done) enqueue_batch_watch(session, id, session.now());
  keep_batch_going(session, id);
  return {};
}

Result<> cancel_move_batch(db::Session& session, MoveBatchId id) {
  TRY(const BatchRow row, find_row(session, id));
  TRY_VOID(check_not_over(row, id));
  set_state(session, id, BatchState::cancelled, true);
  return {};
}

bool cancel_queued_moves(db::Session& session, MoveBatchId id, std::size_t limit) {
  const db::Rows rows = session.query(
      "select file_id, job_id from move_item where batch_id = :id and state = 2 "
      "order by file_id limit :limit",
      {id, limit});
  for (const db::Row& row : rows) {
    // A job that has ended meanwhile says itself what became of its file, or is gone for good.
    (void)jobs::cancel(session, row.id<JobId>(1));
    session.execute(
        "update move_item set state = 4, finished_at = :now, error = 'cancelled' "
        "where batch_id = :id and file_id = :file and state = 2",
        {session.now(), id, row.integer(0)});
  }
  return rows.size() == limit;
}

std::optional<BatchLeave> find_batch_leave(db::Session& session, MoveBatchId id) {
  const auto row =
      session.query_one("select state, rate_limit, parallel from move_batch where id = :id", {id});
  if (!row) return std::nullopt;
  return BatchLeave{static_cast<BatchState>(row->integer(0)),
                    static_cast<std::uint64_t>(row->integer(1)), static_cast<int>(row->integer(2))};
}

Result<bool> plan_move_batch(db::Session& session, MoveBatchId id, std::size_t limit) {
  TRY(const BatchRow batch, find_row(session, id));
  if (batch.is_planned || batch.state == BatchState::cancelled) return false;
  const FileSelection selection = select_files(batch.filter, batch.from, batch.planned_to);
  std::vector<db::Value> arguments = selection.arguments;
  arguments.emplace_back(limit);
  const db::Rows rows = session.query(
      "select f.id, f.size " + selection.sql + " order by f.id limit :limit", arguments);
  FileId last = batch.planned_to;
  for (const db::Row& row : rows) {
    last = row.id<FileId>(0);
    session.execute(
        "insert into move_item (batch_id, file_id, state, size) values (:batch, :file, 1, :size)",
        {id, last, row.integer(1)});
  }
  const bool more = rows.size() == limit;
  session.execute(
      "update move_batch set planned_to = :last, planned = :planned, updated_at = :now "
      "where id = :id",
      {last, !more, session.now(), id});
  return more;
}

bool keep_batch_going(db::Session& session, MoveBatchId id) {
  const auto row = find_row(session, id);
  if (!row || row->state == BatchState::cancelled || row->state == BatchState::done) return false;
  take_back_lost_items(session, id);
  if (row->state == BatchState::paused) return true;
  auto queued =
      session.query_one("select count(*) from move_item where batch_id = :id and state = 2", {id})
          ->integer(0);
  while (queued < row->parallel + k_files_beside && queue_next(session, id, *row)) ++queued;
  if (queued == 0) end_when_over(session, id);
  return find_batch_leave(session, id)->state == BatchState::running;
}

void end_move_item(db::Session& session, const FileMove& move, ItemEnd end,
                   const std::optional<std::string>& error) {
  session.execute(
      "update move_item set state = :state, error = :error, finished_at = :now "
      "where batch_id = :batch and file_id = :file and state = 2",
      {static_cast<int>(end), error, session.now(), *move.batch, move.file});
  queue_next_of_running(session, *move.batch);
}

void put_back_move_item(db::Session& session, const FileMove& move) {
  session.execute(
      "update move_item set state = 1, job_id = null "
      "where batch_id = :batch and file_id = :file and state = 2",
      {*move.batch, move.file});
}

bool prune_move_batches(db::Session& session, std::size_t keep, std::size_t limit) {
  const auto oldest_kept = session.query_one(
      "select id from move_batch order by id desc limit 1 offset :keep", {keep - 1});
  if (!oldest_kept) return false;
  const std::int64_t first = oldest_kept->integer(0);
  const auto old = session.query_one(
      "select id from move_batch where id < :first and finished_at is not null and exists "
      "(select 1 from move_item where batch_id = move_batch.id) order by id limit 1",
      {first});
  if (!old) {
    session.execute("delete from move_batch where id < :first and finished_at is not null",
                    {first});
    return false;
  }
  session.execute(
      "delete from move_item where batch_id = :batch and file_id in "
      "(select file_id from move_item where batch_id = :batch order by file_id limit :limit)",
      {old->integer(0), limit});
  return true;
}

}  // namespace shoal::storage
