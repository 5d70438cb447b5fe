#include "cli/storage.h"

#include <fmt/format.h>

#include "base/config/units.h"

namespace shoal::cli {
namespace {

constexpr std::size_t k_shown_batches = 20;

std::unexpected<Error> unreadable(std::string_view option, std::string_view text,
                                  std::string_view example) {
  return fail(ErrorCode::invalid,
              fmt::format("--{} {} cannot be read: write it as {}", option, text, example));
}

Result<storage::MoveFilter> read_filter(const MoveOptions& options, UtcTime now) {
  storage::MoveFilter filter;
  for (const std::string& video : options.videos) TRY_VOID(storage::add_video(filter, video));
  if (!options.channel.empty()) filter.channel = options.channel;
  if (!options.older_than.empty()) {
    const auto age = config::parse_duration(options.older_than);
    if (!age) return unreadable("older-than", options.older_than, "30d");
    filter.published_before = now - *age;
  }
  filter.views_below = options.less_viewed_than;
  for (const std::string& word : options.kinds) {
    const auto kind = storage::parse_kind(word);
    if (!kind) return unreadable("kind", word, "original, rendition, playlist or caption");
    filter.kinds.push_back(*kind);
  }
  return filter;
}

Result<> check_store(db::Session& session, const std::string& name) {
  if (session.query_one("select 1 from store where name = :name", {name})) return {};
  return fail(ErrorCode::not_found,
              fmt::format("there is no store '{}': `shoal storage list` names them", name));
}

template <class Change>
Result<> change_batch(db::Database& database, std::int64_t id, Change change) {
  return database.write_blocking(
      [&](db::Session& session) -> Result<> { return change(session, storage::MoveBatchId{id}); });
}

}  // namespace

Result<std::vector<storage::StoreUsage>> list_stores(db::Database& database) {
  return database.read_blocking(
      [](db::Session& session) -> Result<std::vector<storage::StoreUsage>> {
        return storage::count_store_usage(session);
      });
}

Result<PlannedMove> plan_move(db::Database& database, const MoveOptions& options,
                              const storage::MovePrices& prices, UtcTime now) {
  PlannedMove planned;
  planned.batch = {.from = options.from,
                   .to = options.to,
                   .filter = {},
                   .parallel = options.parallel,
                   .keeps_source = options.keeps_source};
  TRY(planned.batch.filter, read_filter(options, now));
  if (!options.limit_rate.empty()) {
    const auto rate = config::parse_bytes(options.limit_rate);
    if (!rate || rate->value == 0) return unreadable("limit-rate", options.limit_rate, "20MB");
    planned.batch.rate_limit = rate->value;
  }
  if (options.from == options.to)
    return fail(ErrorCode::invalid, "--from and --to name the same store");
  return database.read_blocking([&](db::Session& session) -> Result<PlannedMove> {
    TRY_VOID(check_store(session, options.from));
    TRY_VOID(check_store(session, options.to));
    PlannedMove out = planned;
    out.estimate = storage::estimate_move(session, out.batch.filter, options.from, prices);
    out.duration = storage::estimate_duration(session, out.batch, out.estimate.bytes);
    return out;
  });
}

Result<storage::MoveBatchId> start_move(db::Database& database,
                                        const storage::NewMoveBatch& batch) {
  return database.write_blocking(
      [&](db::Session& session) { return storage::create_move_batch(session, batch); });
}

Result<std::vector<storage::MoveProgress>> list_moves(db::Database& database) {
  return database.read_blocking(
      [](db::Session& session) -> Result<std::vector<storage::MoveProgress>> {
        return storage::list_move_batches(session, k_shown_batches);
      });
}

Result<> pause_move(db::Database& database, std::int64_t id) {
  return change_batch(database, id, storage::pause_move_batch);
}

Result<> resume_move(db::Database& database, std::int64_t id) {
  return change_batch(database, id, storage::resume_move_batch);
}

Result<> cancel_move(db::Database& database, std::int64_t id) {
  TRY_VOID(change_batch(database, id, storage::cancel_move_batch));
  for (bool more = true; more;) {
    TRY(more, database.write_blocking([id](db::Session& session) -> Result<bool> {
      return storage::cancel_queued_moves(session, storage::MoveBatchId{id});
    }));
  }
  return {};
}

}  // namespace shoal::cli
