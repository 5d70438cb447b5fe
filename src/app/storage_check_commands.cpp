#include "app/storage_check_commands.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "app/admin_commands.h"
#include "app/admin_print.h"
#include "app/command_stores.h"
#include "base/text.h"

namespace shoal::app {
namespace {

namespace json = boost::json;

constexpr std::chrono::seconds k_progress_every{5};

void print(const json::object& line) {
  fmt::print("{}\n", json::serialize(line));
}

/// How far it is, for who looks at a terminal.
class ProgressLine {
 public:
  explicit ProgressLine(std::string store) : store_(std::move(store)) {}
  void show(const storage::VerifyReport& report, const Clock& clock) {
    const SteadyTime now = clock.steady_now();
    if (::isatty(STDERR_FILENO) == 0 || now < next_) return;
    next_ = now + k_progress_every;
    fmt::print(stderr, "{}: {} of {} copies, {} read, {} bad\n", store_, report.looked,
               report.asked, readable_bytes(report.read), report.bad);
  }

 private:
  const std::string store_;
  SteadyTime next_{};
};

void print_bad(const storage::RecordedCopy& copy, const std::string& problem,
               storage::BadCopyFate fate, bool as_json) {
  const bool is_only = fate == storage::BadCopyFate::only_copy;
  if (as_json) {
    print({{"store", copy.store},
           {"finding", "bad"},
           {"file", copy.file.name},
           {"key", copy.object_key},
           {"problem", problem},
           {"hasGoodCopy", !is_only}});
    return;
  }
  fmt::print("{}: BAD {}: {}{}\n", copy.store, printable(copy.object_key), printable(problem),
             is_only ? "; there is no other good copy" : "");
}

void print_report(const std::string& store, const storage::VerifyReport& report, bool as_json) {
  if (as_json) {
    json::object line{{"store", store},
                      {"copies", report.asked},
                      {"looked", report.looked},
                      {"bytesRead", report.read},
                      {"bad", report.bad},
                      {"withoutGoodCopy", report.hopeless},
                      {"rightAgain", report.cured},
                      {"stopped", nullptr}};
    if (report.stopped) line["stopped"] = report.stopped->message;
    print(line);
    return;
  }
  fmt::print("{}: {} of {} copies, {} read: {} bad", store, report.looked, report.asked,
             readable_bytes(report.read), report.bad);
  if (report.hopeless > 0) fmt::print(", {} of them without a good copy", report.hopeless);
  if (report.cured > 0) fmt::print(", {} right again", report.cured);
  fmt::print("\n");
  if (report.stopped)
    fmt::print("{}: stopped: {}. The next run goes on.\n", store,
               printable(report.stopped->message));
}

Result<storage::VerifyReport> verify_store(db::Database& database, CommandStores& stores,
                                           storage::VerifyOrder order, bool as_json) {
  ProgressLine progress(order.store);
  storage::StoreVerifier verifier(
      {.database = database,
       .stores = [&stores](std::string_view name) { return stores.find(name); },
       .offload = stores.offload(),
       .clock = stores.clock(),
       .on_bad = [as_json](const storage::RecordedCopy& copy, const std::string& problem,
                           storage::BadCopyFate fate) { print_bad(copy, problem, fate, as_json); },
       .on_progress =
           [&](const storage::VerifyReport& report) { progress.show(report, stores.clock()); }});
  return stores.run(verifier.verify(std::move(order)));
}

void print_plan(const cli::RepairPlan& plan, bool is_dry_run, bool as_json) {
  for (const storage::BadCopy& copy : plan.examples) {
    if (as_json) {
      json::object line{{"store", copy.store},    {"finding", "noGoodCopy"}, {"file", copy.name},
                        {"key", copy.object_key}, {"problem", copy.problem}, {"video", nullptr},
                        {"videoUuid", nullptr}};
      if (copy.video) line["video"] = *copy.video;
      if (copy.video_uuid) line["videoUuid"] = copy.video_uuid->text();
      print(line);
    } else {
      fmt::print("{}: NO GOOD COPY of {} ({}): {}\n", copy.store, printable(copy.name),
                 copy.video ? printable(*copy.video) : "no video", printable(copy.problem));
    }
  }
  if (as_json) {
    print({{"queued", plan.queued},
           {"bytes", plan.bytes},
           {"running", plan.running},
           {"noGoodCopy", plan.hopeless},
           {"dryRun", is_dry_run}});
    return;
  }
  fmt::print("{} copies {} made again, {}; {} wait from before; {} have no good copy\n",
             plan.queued, is_dry_run ? "would be" : "will be", readable_bytes(plan.bytes),
             plan.running, plan.hopeless);
}

void print_orphan(const std::string& store, const storage::Orphan& orphan, bool as_json) {
  if (as_json) {
    print({{"store", store},
           {"finding", "orphan"},
           {"key", orphan.object_key},
           {"bytes", orphan.size},
           {"modifiedAt", to_iso8601(orphan.modified)}});
    return;
  }
  fmt::print("{}: orphan {} ({}, {})\n", store, printable(orphan.object_key),
             readable_bytes(orphan.size), to_iso8601(orphan.modified));
}

struct GcReport {
  storage::OrphanReport orphans;
  storage::VerifyReport copies;
  std::size_t abandoned = 0;  ///< uploads in parts
};

void print_gc(const std::string& store, const GcReport& report, bool deletes, bool as_json) {
  const storage::OrphanReport& orphans = report.orphans;
  if (as_json) {
    print({{"store", store},
           {"objects", orphans.objects},
           {"orphans", orphans.orphans},
           {"orphanBytes", orphans.bytes},
           {"tooYoung", orphans.young},
           {"scheduled", orphans.scheduled},
           {"abandonedUploads", report.abandoned},
           {"held", orphans.hold.has_value()},
           {"badCopies", report.copies.bad}});
    return;
  }
  fmt::print(
      "{}: {} objects, {} orphans of {}, {} too young to tell, {} abandoned uploads; {} "
      "copies without their object\n",
      store, orphans.objects, orphans.orphans, readable_bytes(orphans.bytes), orphans.young,
      report.abandoned, report.copies.bad);
  if (orphans.hold) {
    fmt::print("{}: {}\n", store, *orphans.hold);
  } else if (deletes) {
    fmt::print("{}: {} are in the trash now: see `shoal storage trash`\n", store,
               orphans.scheduled);
  } else if (orphans.orphans > 0) {
    fmt::print("{}: nothing was changed; `--delete` puts the orphans in the trash\n", store);
  }
}

Result<GcReport> collect(db::Database& database, CommandStores& stores, storage::OrphanOrder order,
                         bool as_json) {
  GcReport report;
  const std::string name = order.store;
  const bool changes = order.schedules;
  const UtcTime before = stores.clock().now() - order.older_than;
  storage::OrphanFinder finder(
      {.database = database,
       .stores = [&stores](std::string_view store) { return stores.find(store); },
       .clock = stores.clock(),
       .on_orphan = [&](const storage::Orphan& orphan) { print_orphan(name, orphan, as_json); }});
  TRY(report.orphans, stores.run(finder.find(std::move(order))));
  if (blob::S3Store* const bucket = stores.find_bucket(name)) {
    TRY(report.abandoned, stores.run(bucket->abort_uploads(before, !changes)));
  }
  TRY(report.copies,
      verify_store(database, stores,
                   {.store = name, .depth = storage::VerifyDepth::size, .records = changes},
                   as_json));
  if (report.copies.stopped) return std::unexpected(*report.copies.stopped);
  return report;
}

void print_trash(const std::vector<storage::TrashedOrphan>& orphans, bool as_json) {
  for (const storage::TrashedOrphan& orphan : orphans) {
    if (as_json) {
      print(
          {{"store", orphan.store}, {"key", orphan.object_key}, {"dueAt", to_iso8601(orphan.due)}});
    } else {
      fmt::print("{:<20} {}  {}\n", orphan.store, to_iso8601(orphan.due),
                 printable(orphan.object_key));
    }
  }
}

void call(CLI::App* command, StorageCheckCommands::Chosen& chosen,
          std::function<Result<>(db::Database&)> work) {
  command->callback([&chosen, work = std::move(work)] {
    chosen = [work](const Config& config) { return with_database(config, work); };
  });
}

constexpr const char* k_json = "one line of JSON for each finding and each sum, for scripts";

}  // namespace

int StorageCheckCommands::for_each_store(
    const Config& config,
    const std::function<Result<bool>(db::Database&, CommandStores&, const std::string&)>& work)
    const {
  bool healthy = true;
  const int status = with_database(config, [&](db::Database& database) -> Result<> {
    TRY(const auto names, cli::registered_stores(database, store_));
    CommandStores stores(config, database);
    for (const std::string& name : names) {
      auto done = stores.open(name);
      if (done) {
        const auto found = work(database, stores, name);
        healthy = healthy && found && *found;
        if (!found) done = std::unexpected(found.error());
      }
      if (!done) healthy = complain(done.error()) == 0;
    }
    return {};
  });
  return status != 0 || !healthy ? 1 : 0;
}

void StorageCheckCommands::add_verify(CLI::App& group, Chosen& chosen) {
  CLI::App* command = group.add_subcommand(
      "verify", "Read copies again and compare; those verified longest ago first");
  command->add_option("--store", store_, "only of this store");
  CLI::Option* sample = command->add_option(
      "--sample", verify_.sample, "how many of the copies, 5% by default: 20 runs read all");
  command->add_flag("--full", verify_.is_full, "all copies")->excludes(sample);
  command->add_flag("--quick", verify_.is_quick, "only whether they are there, and their sizes");
  command->add_flag("--bad", verify_.only_bad, "only those found bad before");
  command->add_option("--older-than", verify_.older_than,
                      "only those not verified for so long: 30d");
  command->add_option("--limit-rate", verify_.limit_rate, "bytes a second: 20MB");
  command->add_flag("--json", as_json_, k_json);
  command->callback([this, &chosen] {
    chosen = [this](const Config& config) {
      const auto order = cli::plan_verify(verify_, SystemClock().now());
      if (!order) return complain(order.error());
      return for_each_store(config,
                            [&](db::Database& database, CommandStores& stores,
                                const std::string& name) -> Result<bool> {
                              storage::VerifyOrder one = *order;
                              one.store = name;
                              TRY(const auto report,
                                  verify_store(database, stores, std::move(one), as_json_));
                              print_report(name, report, as_json_);
                              return report.bad == 0 && !report.stopped;
                            });
    };
  });
}

void StorageCheckCommands::add_repair(CLI::App& group, Chosen& chosen) {
  CLI::App* command = group.add_subcommand(
      "repair", "Make bad copies again from good ones; the running server does it");
  command->add_option("--store", store_, "only of this store");
  command->add_flag("--dry-run", is_dry_run_, "only say what it would do");
  command->add_flag("--json", as_json_, k_json);
  command->callback([this, &chosen] {
    chosen = [this](const Config& config) {
      bool all = true;
      const int status = with_database(config, [&](db::Database& database) -> Result<> {
        TRY_VOID(cli::registered_stores(database, store_));
        TRY(const auto plan, cli::repair_copies(database, store_, is_dry_run_));
        print_plan(plan, is_dry_run_, as_json_);
        all = plan.hopeless == 0;
        return {};
      });
      return status != 0 || !all ? 1 : 0;
    };
  });
}

void StorageCheckCommands::add_gc(CLI::App& group, Chosen& chosen) {
  CLI::App* command = group.add_subcommand(
      "gc", "Find objects that nobody knows, and copies without their object; changes nothing");
  command->add_option("--store", store_, "only this store");
  command->add_flag("--delete", gc_.deletes,
                    "put the objects in the trash, from which they can be taken back");
  command->add_option("--older-than", gc_.older_than,
                      "only objects and uploads of this age, 2d by default");
  command->add_option("--keep-for", gc_.keep_for, "how long they lie in the trash, 7d by default");
  command->add_flag("--json", as_json_, k_json);
  command->callback([this, &chosen] {
    chosen = [this](const Config& config) {
      const auto order = cli::plan_gc(gc_);
      if (!order) return complain(order.error());
      return for_each_store(config,
                            [&](db::Database& database, CommandStores& stores,
                                const std::string& name) -> Result<bool> {
                              storage::OrphanOrder one = *order;
                              one.store = name;
                              TRY(const auto report,
                                  collect(database, stores, std::move(one), as_json_));
                              print_gc(name, report, order->schedules, as_json_);
                              return report.copies.bad == 0;
                            });
    };
  });
}

void StorageCheckCommands::add_trash(CLI::App& group, Chosen& chosen) {
  CLI::App* trash =
      group.add_subcommand("trash", "Objects that gc has put in the trash, and when they go");
  trash->add_option("--store", store_, "only of this store");
  trash->add_flag("--json", as_json_, "one line of JSON for each, for scripts");
  call(trash, chosen, [this](db::Database& database) -> Result<> {
    TRY(const auto orphans, cli::list_trash(database, store_));
    print_trash(orphans, as_json_);
    return {};
  });
  CLI::App* back = group.add_subcommand("take-back", "Take objects out of the trash again");
  back->add_option("--store", store_, "of this store")->required();
  CLI::Option* keys = back->add_option("keys", keys_, "as `shoal storage trash` names them");
  CLI::Option* all = back->add_flag("--all", is_all_, "all that gc has put there");
  keys->excludes(all);
  call(back, chosen, [this](db::Database& database) -> Result<> {
    if (keys_.empty() && !is_all_)
      return fail(ErrorCode::invalid, "name the objects, or say --all");
    TRY(const std::int64_t taken, cli::take_back(database, store_, keys_));
    fmt::print("{} taken back\n", taken);
    return {};
  });
  CLI::App* confirm = group.add_subcommand(
      "confirm", "This database is the right one, after a restore: deletions go on");
  confirm->add_option("store", store_, "only of this store");
  call(confirm, chosen,
       [this](db::Database& database) { return cli::confirm_store(database, store_); });
}

void StorageCheckCommands::add_to(CLI::App& group, Chosen& chosen) {
  add_verify(group, chosen);
  add_repair(group, chosen);
  add_gc(group, chosen);
  add_trash(group, chosen);
}

}  // namespace shoal::app
