#include "app/storage_commands.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "app/admin_commands.h"
#include "app/admin_print.h"
#include "app/store_check_command.h"
#include "app/store_prices.h"
#include "base/config/units.h"
#include "base/text.h"

namespace shoal::app {
namespace {

namespace json = boost::json;

json::object to_json(const storage::MoveCounts& counts) {
  return {{"files", counts.files}, {"bytes", counts.bytes}};
}

json::object to_json(const cli::PlannedMove& planned) {
  const storage::MoveEstimate& estimate = planned.estimate;
  json::object out{{"files", estimate.files},
                   {"bytes", estimate.bytes},
                   {"reads", estimate.reads},
                   {"looks", estimate.looks},
                   {"writes", estimate.writes},
                   {"costMicros", estimate.cost},
                   {"monthlyBeforeMicros", estimate.monthly_before},
                   {"monthlyAfterMicros", estimate.monthly_after},
                   {"seconds", nullptr}};
  if (planned.duration) out["seconds"] = planned.duration->count();
  return out;
}

json::object to_json(const storage::MoveProgress& progress) {
  json::object out{{"id", progress.id.value},
                   {"from", progress.from},
                   {"to", progress.to},
                   {"state", storage::to_string(progress.state)},
                   {"limitRate", progress.rate_limit},
                   {"parallel", progress.parallel},
                   {"keepSource", progress.keeps_source},
                   {"planned", progress.is_planned},
                   {"waiting", to_json(progress.waiting)},
                   {"done", to_json(progress.done)},
                   {"skipped", to_json(progress.skipped)},
                   {"failed", to_json(progress.failed)},
                   {"rate", progress.rate},
                   {"remainingSeconds", nullptr},
                   {"error", nullptr},
                   {"createdAt", to_iso8601(progress.created_at)},
                   {"finishedAt", nullptr}};
  if (progress.remaining) out["remainingSeconds"] = progress.remaining->count();
  if (progress.example_error) out["error"] = *progress.example_error;
  if (progress.finished_at) out["finishedAt"] = to_iso8601(*progress.finished_at);
  return out;
}

void print_stores(const std::vector<storage::StoreUsage>& stores, bool as_json) {
  json::array list;
  for (const storage::StoreUsage& store : stores) {
    if (as_json) {
      list.push_back({{"name", store.name},
                      {"registered", store.is_registered},
                      {"files", store.files},
                      {"bytes", store.bytes},
                      {"trash", store.objects_in_trash},
                      {"badCopies", store.bad_copies},
                      {"held", store.hold ? json::value(*store.hold) : json::value()}});
      continue;
    }
    fmt::print("{:<20} {:>8} files {:>9} {:>6} in the trash{}\n", printable(store.name),
               store.files, readable_bytes(store.bytes), store.objects_in_trash,
               store.is_registered ? "" : "  (never opened)");
    if (store.bad_copies > 0)
      fmt::print("{:<20} {:>8} bad copies: see `shoal storage repair`\n", "", store.bad_copies);
    if (store.hold) {
      fmt::print("{:<20} nothing is deleted there: {}; see `shoal storage confirm`\n", "",
                 printable(*store.hold));
    }
  }
  if (as_json) fmt::print("{}\n", json::serialize(list));
}

/// Small amounts show what they are.
std::string price(std::int64_t micros) {
  return fmt::format("{:.{}f}", static_cast<double>(micros) / 1e6, micros >= 1'000'000 ? 2 : 4);
}

void print_estimate(const cli::PlannedMove& planned, bool as_json) {
  if (as_json) {
    fmt::print("{}\n", json::serialize(to_json(planned)));
    return;
  }
  const storage::MoveEstimate& estimate = planned.estimate;
  fmt::print("{} files, {}; requests: {} reads, {} looks, {} writes\n", estimate.files,
             readable_bytes(estimate.bytes), estimate.reads, estimate.looks, estimate.writes);
  if (planned.duration) fmt::print("time: about {} min\n", planned.duration->count() / 60 + 1);
  if (estimate.cost > 0 || estimate.monthly_before > 0 || estimate.monthly_after > 0) {
    fmt::print("cost: about {} for requests and reading; to keep them {} a month, now {}\n",
               price(estimate.cost), price(estimate.monthly_after), price(estimate.monthly_before));
  }
}

void print_batch(const storage::MoveProgress& progress) {
  const std::int64_t files =
      progress.waiting.files + progress.done.files + progress.skipped.files + progress.failed.files;
  fmt::print("{:>6} {:<9} {}{} -> {}: {} of {}{} files, {} done, {} to go", progress.id.value,
             storage::to_string(progress.state), progress.keeps_source ? "copy " : "",
             printable(progress.from), printable(progress.to),
             progress.done.files + progress.skipped.files, progress.is_planned ? "" : "at least ",
             files, readable_bytes(progress.done.bytes), readable_bytes(progress.waiting.bytes));
  if (progress.state == storage::BatchState::running)
    fmt::print(", {}/s", readable_bytes(progress.rate));
  if (progress.remaining) fmt::print(", {} min left", progress.remaining->count() / 60 + 1);
  fmt::print("\n");
  if (progress.failed.files > 0) {
    fmt::print("       {} failed, {}; the last: {}\n", progress.failed.files,
               readable_bytes(progress.failed.bytes),
               printable(progress.example_error.value_or("")));
  }
}

void print_batches(const std::vector<storage::MoveProgress>& batches, bool as_json) {
  json::array list;
  for (const storage::MoveProgress& progress : batches) {
    if (as_json) {
      list.push_back(to_json(progress));
    } else {
      print_batch(progress);
    }
  }
  if (as_json) fmt::print("{}\n", json::serialize(list));
}

void call(CLI::App* command, StorageCommands::Chosen& chosen,
          std::function<Result<>(db::Database&)> work) {
  command->callback([&chosen, work = std::move(work)] {
    chosen = [work](const Config& config) { return with_database(config, work); };
  });
}

}  // namespace

void StorageCommands::add_moves(CLI::App& group, Chosen& chosen) {
  add_move(
      *group.add_subcommand(
          "move", "Move files to another store while they are served; the running server does it"),
      chosen, storage::SourceAfter::goes);
  add_move(*group.add_subcommand("copy", "Give files a second copy in another store"), chosen,
           storage::SourceAfter::stays);
}

void StorageCommands::add_move(CLI::App& command, Chosen& chosen, storage::SourceAfter source) {
  command.add_option("--from", move_.from, "where they are")->required();
  command.add_option("--to", move_.to, "where they go")->required();
  command.add_option("--videos", move_.videos, "only of these: numbers, UUIDs, ends of addresses");
  command.add_option("--channel", move_.channel, "only of this channel");
  command.add_option("--older-than", move_.older_than, "only of videos published so long ago: 30d");
  command
      .add_option("--less-viewed-than", move_.less_viewed_than, "only of videos with fewer views")
      ->check(CLI::NonNegativeNumber);
  command.add_option("--kind", move_.kinds,
                     "only such files: original, rendition, playlist, segments-sha256, thumbnail, "
                     "preview, storyboard, caption");
  command.add_option("--limit-rate", move_.limit_rate, "bytes a second of each node: 20MB");
  command
      .add_option("--parallel", move_.parallel,
                  "files at once, 2 by default; 16 at most on one node")
      ->check(CLI::Range(1, 64));
  command.add_flag("--dry-run", is_dry_run_, "only say what it would take");
  command.add_flag("--json", as_json_, "one line of JSON, for scripts");
  command.callback([this, &chosen, source] {
    move_.keeps_source = source == storage::SourceAfter::stays;
    chosen = [this, source](const Config& config) {
      const storage::MovePrices prices = storage::prices_of_move(
          prices_of(config, move_.from), prices_of(config, move_.to), source);
      return with_database(config,
                           [&](db::Database& database) { return start_move(database, prices); });
    };
  });
}

Result<> StorageCommands::start_move(db::Database& database,
                                     const storage::MovePrices& prices) const {
  TRY(const cli::PlannedMove planned, cli::plan_move(database, move_, prices, SystemClock().now()));
  if (is_dry_run_) {
    print_estimate(planned, as_json_);
    return {};
  }
  TRY(const storage::MoveBatchId id, cli::start_move(database, planned.batch));
  if (as_json_) {
    json::object out = to_json(planned);
    out["id"] = id.value;
    fmt::print("{}\n", json::serialize(out));
    return {};
  }
  print_estimate(planned, false);
  fmt::print("batch {}: see `shoal storage moves`\n", id.value);
  return {};
}

void StorageCommands::add_batch_commands(CLI::App& group, Chosen& chosen) {
  const auto add = [&](const char* name, const char* text,
                       Result<> (*change)(db::Database&, std::int64_t)) {
    CLI::App* command = group.add_subcommand(name, text);
    command->add_option("batch", batch_, "its number in `shoal storage moves`")->required();
    call(command, chosen,
         [this, change](db::Database& database) { return change(database, batch_); });
  };
  add("pause", "Begin no other file of a move", cli::pause_move);
  add("resume", "Go on with a move, and try again what failed", cli::resume_move);
  add("cancel", "End a move; what has moved stays where it is", cli::cancel_move);
}

void StorageCommands::add_to(CLI::App& program, Chosen& chosen) {
  CLI::App* group = program.add_subcommand("storage", "Stores of media, and moves between them");
  group->require_subcommand(1);
  CLI::App* list = group->add_subcommand("list", "All stores and what they hold");
  list->add_flag("--json", as_json_, "one line of JSON, for scripts");
  call(list, chosen, [this](db::Database& database) -> Result<> {
    TRY(const auto stores, cli::list_stores(database));
    print_stores(stores, as_json_);
    return {};
  });
  CLI::App* check = group->add_subcommand(
      "check", "Prove the S3 stores of the configuration: keys, put, get, CORS, delete");
  check->add_option("store", store_, "only this one");
  check->add_flag("--json", as_json_, "one line of JSON for each step, for scripts");
  check->callback([this, &chosen] {
    chosen = [this](const Config& config) { return check_stores(config, store_, as_json_); };
  });
  add_moves(*group, chosen);
  CLI::App* moves = group->add_subcommand("moves", "The newest moves and how far they are");
  moves->add_flag("--json", as_json_, "one line of JSON, for scripts");
  call(moves, chosen, [this](db::Database& database) -> Result<> {
    TRY(const auto batches, cli::list_moves(database));
    print_batches(batches, as_json_);
    return {};
  });
  add_batch_commands(*group, chosen);
  checks_.add_to(*group, chosen);
}

}  // namespace shoal::app
