#include <algorithm>

#include "api/core/body.h"
#include "api/core/reply.h"
#include "api/storage/routes.h"
#include "api/storage/services.h"
#include "base/text.h"
#include "storage/moves/move_batches.h"

namespace shoal::api {
namespace {

using storage::MoveBatchId;
using storage::MoveProgress;

constexpr std::size_t k_listed = 20;
constexpr std::size_t k_most_videos = 500;
/// A list is kept for as long as counting its files took so many times over, at most k_keep_most.
constexpr int k_share_of_time = 20;
constexpr Milliseconds k_keep_least{1'000};
constexpr Milliseconds k_keep_most{30'000};

void write_counts(JsonWriter& json, std::string_view name, const storage::MoveCounts& counts) {
  json.key(name).object([&] { json.field("files", counts.files).field("bytes", counts.bytes); });
}

void write_filter(JsonWriter& json, const storage::MoveFilter& filter) {
  json.key("filter").object([&] {
    json.key("videos").array(filter.videos, [&](const Uuid& uuid) { json.value(uuid.text()); });
    json.key("videoIds").array(filter.video_ids, [&](VideoId id) { json.value(id.value); });
    json.field("channel", filter.channel).field("publishedBefore", filter.published_before);
    json.field("viewsBelow", filter.views_below);
    json.key("kinds").array(filter.kinds,
                            [&](storage::FileKind kind) { json.value(storage::to_string(kind)); });
  });
}

void write_move(JsonWriter& json, const MoveProgress& move) {
  json.object([&] {
    json.field("id", move.id.value).field("from", move.from).field("to", move.to);
    json.field("state", storage::to_string(move.state));
    write_filter(json, move.filter);
    json.field("rateLimit", move.rate_limit).field("parallel", move.parallel);
    json.field("keepSource", move.keeps_source);
    json.field("planned", move.is_planned);
    write_counts(json, "waiting", move.waiting);
    write_counts(json, "done", move.done);
    write_counts(json, "skipped", move.skipped);
    write_counts(json, "failed", move.failed);
    json.field("rate", move.rate).key("remainingSeconds");
    if (move.remaining) {
      json.value(static_cast<std::int64_t>(move.remaining->count()));
    } else {
      json.null();
    }
    json.field("error", move.example_error);
    json.field("createdAt", move.created_at).field("finishedAt", move.finished_at);
  });
}

io::Task<Reply> get_moves(Call& call) {
  Context& context = call.context;
  auto slot = co_await context.responses.open("admin/storage/moves");
  if (slot.text) co_return json_response(std::move(slot.text));
  const SteadyTime begin = context.clock.steady_now();
  CO_TRY(const auto moves, co_await context.database.read(
                               [](db::Session& session) -> Result<std::vector<MoveProgress>> {
                                 return storage::list_move_batches(session, k_listed);
                               }));
  const auto cost = std::chrono::ceil<Milliseconds>(context.clock.steady_now() - begin);
  JsonWriter json(4096);
  json.object([&] {
    json.field("total", static_cast<std::int64_t>(moves.size())).key("data");
    json.array(moves, [&](const MoveProgress& move) { write_move(json, move); });
  });
  co_return json_response(
      slot.keep(json.take(), std::clamp(cost * k_share_of_time, k_keep_least, k_keep_most)));
}

storage::MoveFilter read_filter(Fields& body) {
  storage::MoveFilter filter;
  const auto videos = body.texts("videos", k_most_videos);
  for (const std::string& video : videos.value_or(std::vector<std::string>())) {
    if (const auto added = storage::add_video(filter, video); !added)
      body.refuse("videos", added.error().message);
  }
  filter.channel = body.text("channel", {1, 120});
  filter.published_before = body.time("publishedBefore");
  filter.views_below = body.integer("viewsBelow", 0, std::int64_t{1} << 53);
  const auto kinds = body.texts("kinds", 16);
  for (const std::string& word : kinds.value_or(std::vector<std::string>())) {
    const auto kind = storage::parse_kind(word);
    if (kind) {
      filter.kinds.push_back(*kind);
    } else {
      body.refuse("kinds");
    }
  }
  return filter;
}

/// What a move between two stores costs; what the configuration does not know costs nothing.
storage::MovePrices prices_of(const Context& context, const storage::NewMoveBatch& batch) {
  std::vector<StoreStatus> statuses;
  if (context.storage_services != nullptr) statuses = context.storage_services->statuses();
  const auto prices = [&](const std::string& name) {
    const auto found = std::ranges::find(statuses, name, &StoreStatus::name);
    return found == statuses.end() ? storage::StorePrices() : found->prices;
  };
  return storage::prices_of_move(
      prices(batch.from), prices(batch.to),
      batch.keeps_source ? storage::SourceAfter::stays : storage::SourceAfter::goes);
}

struct Planned {
  storage::MoveEstimate estimate;
  std::optional<Seconds> duration;
};

void write_planned(JsonWriter& json, const Planned& planned) {
  const storage::MoveEstimate& estimate = planned.estimate;
  json.object([&] {
    json.field("files", estimate.files).field("bytes", estimate.bytes);
    json.field("reads", estimate.reads).field("looks", estimate.looks);
    json.field("writes", estimate.writes).field("costMicros", estimate.cost);
    json.field("monthlyBeforeMicros", estimate.monthly_before);
    json.field("monthlyAfterMicros", estimate.monthly_after).key("seconds");
    if (planned.duration) {
      json.value(static_cast<std::int64_t>(planned.duration->count()));
    } else {
      json.null();
    }
  });
}

io::Task<Reply> plan(Call& call, storage::NewMoveBatch batch) {
  const storage::MovePrices prices = prices_of(call.context, batch);
  CO_TRY(const Planned planned,
         co_await call.context.database.read(
             [batch = std::move(batch), prices](db::Session& session) -> Result<Planned> {
               Planned out;
               out.estimate = storage::estimate_move(session, batch.filter, batch.from, prices);
               out.duration = storage::estimate_duration(session, batch, out.estimate.bytes);
               return out;
             }));
  JsonWriter json;
  json.object([&] {
    json.key("estimate");
    write_planned(json, planned);
  });
  co_return json_response(json);
}

io::Task<Reply> add_move(Call& call) {
  CO_TRY(Fields body, co_await read_fields(call));
  storage::NewMoveBatch batch;
  batch.from = body.required_text("from", {1, 32});
  batch.to = body.required_text("to", {1, 32});
  batch.filter = read_filter(body);
  batch.rate_limit =
      static_cast<std::uint64_t>(body.integer("rateLimit", 0, std::int64_t{1} << 40).value_or(0));
  batch.parallel = static_cast<int>(body.integer("parallel", 1, 64).value_or(batch.parallel));
  batch.keeps_source = body.boolean("keepSource").value_or(false);
  const bool is_dry_run = body.boolean("dryRun").value_or(false);
  if (body.ok() && batch.from == batch.to) body.refuse("to", "Should be another store");
  CO_TRY_VOID(body.check());
  if (is_dry_run) co_return co_await plan(call, std::move(batch));

  CO_TRY(const MoveProgress made,
         co_await call.context.database.write(
             [batch = std::move(batch)](db::Session& session) -> Result<MoveProgress> {
               TRY(const MoveBatchId id, storage::create_move_batch(session, batch));
               return *storage::find_move_batch(session, id);
             }));
  call.context.responses.clear();
  JsonWriter json;
  json.object([&] {
    json.key("move");
    write_move(json, made);
  });
  co_return json_response(json);
}

using Change = Result<> (*)(db::Session& session, MoveBatchId id);

Answer<MoveBatchId> read_id(const Call& call) {
  const auto id = parse_int(call.parameter("id"));
  if (!id || *id < 1)
    return refuse(Problem::invalid_param("id", "Should be the number of a move", "params"));
  return MoveBatchId{*id};
}

io::Task<Reply> change(Call& call, Change work) {
  CO_TRY(const MoveBatchId id, read_id(call));
  CO_TRY_VOID(co_await call.context.database.write(
      [work, id](db::Session& session) -> Result<> { return work(session, id); }));
  call.context.responses.clear();
  co_return no_content();
}

io::Task<Reply> pause_move(Call& call) {
  co_return co_await change(call, storage::pause_move_batch);
}

io::Task<Reply> resume_move(Call& call) {
  co_return co_await change(call, storage::resume_move_batch);
}

io::Task<Reply> cancel_move(Call& call) {
  CO_TRY(const MoveBatchId id, read_id(call));
  CO_TRY(net::Response done, co_await change(call, storage::cancel_move_batch));
  for (bool more = true; more;) {
    CO_TRY(more, co_await call.context.database.write([id](db::Session& session) -> Result<bool> {
      return storage::cancel_queued_moves(session, id);
    }));
  }
  call.context.responses.clear();
  co_return done;
}

}  // namespace

void add_move_routes(Routes& routes) {
  constexpr Access k_admin = Access::administrator;
  routes.get("/api/v1/admin/storage/moves", {.operation = "getMoves", .access = k_admin},
             get_moves);
  routes.post("/api/v1/admin/storage/moves", {.operation = "addMove", .access = k_admin}, add_move);
  routes.post("/api/v1/admin/storage/moves/:id/pause",
              {.operation = "pauseMove", .access = k_admin}, pause_move);
  routes.post("/api/v1/admin/storage/moves/:id/resume",
              {.operation = "resumeMove", .access = k_admin}, resume_move);
  routes.post("/api/v1/admin/storage/moves/:id/cancel",
              {.operation = "cancelMove", .access = k_admin}, cancel_move);
}

}  // namespace shoal::api
