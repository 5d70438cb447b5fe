#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <set>
#include <tuple>

#include "base/digest.h"
#include "base/text.h"
#include "blob/local_store.h"
#include "blob/memory_store.h"
#include "io/runtime.h"
#include "io/task_group.h"
#include "storage/checks/file_repairer.h"
#include "storage/moves/file_mover.h"
#include "tests/support/database_fixture.h"
#include "tests/support/manual_clock.h"
#include "tests/support/trouble.h"
#include "tests/support/upload_fixture.h"

namespace shoal::tests {

enum class StoreKind { memory, local };

/// Which database, and what the stores "near" and "far" are made of.
using MoveShape = std::tuple<db::Engine, StoreKind, StoreKind>;

/// All pairs of stores over SQLite, and two over PostgreSQL: its part is the same for every pair.
inline std::vector<MoveShape> all_move_shapes() {
  using enum StoreKind;
  std::vector<MoveShape> shapes;
  for (const StoreKind near : {memory, local})
    for (const StoreKind far : {memory, local}) shapes.emplace_back(db::Engine::sqlite, near, far);
  shapes.emplace_back(db::Engine::postgresql, memory, local);
  shapes.emplace_back(db::Engine::postgresql, local, memory);
  return shapes;
}

inline std::string move_shape_name(const testing::TestParamInfo<MoveShape>& info) {
  const auto word = [](StoreKind kind) { return kind == StoreKind::memory ? "memory" : "local"; };
  const auto& [engine, near, far] = info.param;
  return std::string(engine == db::Engine::sqlite ? "sqlite" : "postgresql") + "_" + word(near) +
         "_to_" + word(far);
}

#define SHOAL_ON_ALL_MOVE_SHAPES(suite)                                                       \
  INSTANTIATE_TEST_SUITE_P(Shapes, suite, testing::ValuesIn(shoal::tests::all_move_shapes()), \
                           shoal::tests::move_shape_name)

/// A store "near" and a store "far" with files in them, and a mover between them that may be
/// stopped anywhere: what it calls goes through `trouble`. What the test itself does never fails.
class MoveTest : public testing::TestWithParam<MoveShape> {
 protected:
  /// One store as it is, and as the mover sees it.
  struct Store {
    Store(MoveTest& test, const std::string& name, StoreKind kind) {
      if (kind == StoreKind::memory) {
        plain = std::make_unique<blob::MemoryStore>(name, *test.clock);
        troubled = std::make_unique<TroubledStore>(*plain, test.trouble);
        return;
      }
      const io::Path root = test.folder.path() / name;
      const blob::StoreRegistration known{.instance_id = "instance"};
      SHOAL_CHECK(test.disk.create_directories(root).has_value());
      auto opened = blob::LocalStore::open(name, root, known, test.disk, test.pool, test.random);
      SHOAL_CHECK(opened.has_value());
      plain = *std::move(opened);
      // Each file operation inside counts, not only the whole.
      opened = blob::LocalStore::open(name, root, known, test.files, test.pool, test.random);
      SHOAL_CHECK(opened.has_value());
      troubled = *std::move(opened);
    }
    std::unique_ptr<blob::BlobStore> plain;
    std::unique_ptr<blob::BlobStore> troubled;
    bool is_away = false;
  };

  template <class T>
  T wait(io::Task<T> task) {
    return tests::wait(runtime, std::move(task));
  }
  template <class Work>
  auto write(Work work) {
    auto done = database->write_blocking(std::move(work));
    SHOAL_CHECK(done.has_value());
    if constexpr (!std::is_void_v<typename decltype(done)::value_type>) return *std::move(done);
  }
  std::int64_t number(const std::string& sql) {
    return write([&](db::Session& session) -> Result<std::int64_t> {
      return session.query_one(sql)->integer(0);
    });
  }

  /// A file of a video of its own, in `store`.
  FileId add_file(const std::string& name, const std::string& bytes, Store& store) {
    const std::string key = "hls/" + name;
    SHOAL_CHECK(wait(store.plain->put_bytes(key, bytes, {})).has_value());
    const Uuid uuid = Uuid::generate(random);
    return write([&](db::Session& session) -> Result<FileId> {
      const VideoId video{session.insert(
          "insert into video (uuid, channel_id, name, privacy, state, published_at, created_at, "
          "updated_at) values (:uuid, :channel, :name, 1, 1, 1, 1, 1) returning id",
          {uuid, uploader.channel, name})};
      return storage::record_file(
          session,
          {video, storage::FileKind::rendition, name, "video/mp4", storage::checksum_of(bytes)},
          store.plain->name(), key, clock->now());
    });
  }
  /// Another copy of it; where `bytes` is nothing only the row.
  storage::PlacementId add_copy(FileId file, Store& store, const std::string& key,
                                const std::optional<std::string>& bytes) {
    if (bytes) SHOAL_CHECK(wait(store.plain->put_bytes(key, *bytes, {})).has_value());
    return write([&](db::Session& session) -> Result<storage::PlacementId> {
      return storage::PlacementId{session.insert(
          "insert into placement (file_id, store, object_key, state, verified_at, created_at) "
          "values (:file, :store, :key, 2, :now, 1) returning id",
          {file, store.plain->name(), key, clock->now()})};
    });
  }
  /// As the API deletes a file.
  void delete_file(FileId file) {
    write([&](db::Session& session) -> Result<> {
      storage::trash_file(session, file, clock->now() + Seconds{60});
      return {};
    });
  }

  /// The rows of both stores, as they are when the program has opened them.
  void register_stores() {
    write([&](db::Session& session) -> Result<> {
      for (const char* name : {"near", "far"}) {
        session.execute(
            "insert into store (name, store_id, generation, registered_at) "
            "values (:name, 'id', 3, 1)",
            {name});
      }
      return {};
    });
  }

  storage::FileMoverConfig config() const {
    return {.scratch = folder.path() / "work",
            .scratch_limit = scratch_limit,
            .concurrency = 2,
            .old_copy_kept_for = k_grace};
  }
  std::unique_ptr<storage::FileMover> make_mover(db::Database& over) {
    return std::make_unique<storage::FileMover>(
        config(), storage::FileMover::Services{
                      .database = over,
                      .stores = [this](std::string_view name) { return find_store(name); },
                      .files = files,
                      .offload = pool,
                      .clock = *clock,
                      .on_moved = [this](const Uuid& video) { moved.insert(video); },
                      .exposes = exposes,
                      .wait_for = wait_for,
                      .metrics = &metrics});
  }
  std::unique_ptr<storage::FileRepairer> make_repairer(db::Database& over) {
    return std::make_unique<storage::FileRepairer>(
        storage::FileRepairerConfig{.scratch = folder.path() / "work",
                                    .scratch_limit = scratch_limit,
                                    .bad_copy_kept_for = k_grace},
        storage::FileRepairer::Services{
            .database = over,
            .stores = [this](std::string_view name) { return find_store(name); },
            .files = files,
            .offload = pool,
            .clock = *clock,
            .on_repaired = [this](const Uuid& video) { moved.insert(video); }});
  }
  blob::BlobStore* find_store(std::string_view name) {
    for (Store* store : {&near, &far})
      if (store->plain->name() == name && !store->is_away) return store->troubled.get();
    return nullptr;
  }

  JobId enqueue(FileId file, const std::string& from = "near", const std::string& to = "far") {
    return write([&](db::Session& session) -> Result<JobId> {
      return storage::enqueue_move(session, {file, from, to});
    });
  }
  /// The best waiting job, held by a worker that has just started.
  std::optional<jobs::LeasedJob> lease(std::string_view kind = storage::k_move_file) {
    const std::string worker = "worker-" + std::to_string(++workers);
    return write([&](db::Session& session) -> Result<std::optional<jobs::LeasedJob>> {
      return jobs::lease_next(session, worker, {std::string(kind)}, Seconds{30});
    });
  }
  /// Jobs of workers that are gone wait again.
  void reclaim() {
    write([](db::Session& session) -> Result<> {
      jobs::reclaim_all(session);
      return {};
    });
  }
  /// One process's work on one job, without what the runner does after it. `group` cancels it.
  Result<> run(const jobs::LeasedJob& job) {
    TroubledDatabase troubled(*database, trouble);
    const auto mover = make_mover(troubled);
    const auto repairer = make_repairer(troubled);
    jobs::JobContext context(job, troubled, progress);
    Result<> outcome = fail(ErrorCode::unavailable, "the task was cancelled");
    group = std::make_unique<io::TaskGroup>(runtime.executor(0), "move");
    group->spawn([](storage::FileMover& over, storage::FileRepairer& repairs,
                    const jobs::LeasedJob& leased, jobs::JobContext& with,
                    Result<>& out) -> io::Task<> {
      if (leased.kind == storage::k_watch_batch) {
        out = co_await over.watch(leased);
      } else if (leased.kind == storage::k_repair_file) {
        out = co_await repairs.run(leased, with);
      } else {
        out = co_await over.run(leased, with);
      }
    }(*mover, *repairer, job, context, outcome));
    runtime.run_until_done(group->drain());
    group.reset();
    return outcome;
  }
  /// The same where nothing goes wrong, also while this machine waits in the middle of something.
  Result<> run_on_another_machine(const jobs::LeasedJob& job) {
    const auto lookup = [this](std::string_view name) {
      return name == "near" ? near.plain.get() : far.plain.get();
    };
    storage::FileMoverConfig other = config();
    other.scratch = folder.path() / "work-2";
    storage::FileMover mover(other, {*database, lookup, disk, other_pool, *clock, {}});
    storage::FileRepairer repairer({.scratch = other.scratch},
                                   {*database, lookup, disk, other_pool, *clock, {}});
    jobs::JobContext context(job, *database, progress);
    io::Runtime its_own(1);
    if (job.kind == storage::k_repair_file) return tests::wait(its_own, repairer.run(job, context));
    return tests::wait(its_own, mover.run(job, context));
  }
  Result<> run_next() {
    const auto job = lease();
    if (!job) return fail(ErrorCode::not_found, "no job waits");
    return run(*job);
  }
  Result<> move(FileId file, const std::string& from = "near", const std::string& to = "far") {
    enqueue(file, from, to);
    return run_next();
  }

  std::string object(Store& store, const std::string& key) {
    auto reader = wait(store.plain->open(key));
    if (!reader) return "none";
    std::string bytes((*reader)->size(), '?');
    const auto got = wait((*reader)->read_at(0, std::as_writable_bytes(std::span(bytes))));
    return got == bytes.size() ? bytes : "short";
  }
  void damage(Store& store, const std::string& key) {
    std::string bytes = object(store, key);
    bytes.at(bytes.size() / 2) ^= 1;
    SHOAL_CHECK(wait(store.plain->remove(key)).has_value());
    SHOAL_CHECK(wait(store.plain->put_bytes(key, bytes, {})).has_value());
  }
  std::vector<std::string> objects(Store& store) { return *wait(store.plain->list("", "", 1000)); }
  /// "near:hls/a": where the verified copies of a file are.
  std::vector<std::string> places(FileId file) {
    return write([&](db::Session& session) -> Result<std::vector<std::string>> {
      std::vector<std::string> out;
      for (const db::Row& row :
           session.query("select store, object_key from placement where file_id = :file and "
                         "state = 2 order by store, object_key",
                         {file}))
        out.push_back(row.text(0) + ":" + row.text(1));
      return out;
    });
  }

  /// Every file has a verified placement, and each of them holds what was recorded.
  void expect_all_files_are_safe() {
    const db::Rows rows = write([](db::Session& session) -> Result<db::Rows> {
      return session.query(
          "select f.name, f.sha256, p.store, p.object_key from media_file f left join placement p "
          "on p.file_id = f.id and p.state = 2");
    });
    for (const db::Row& row : rows) {
      ASSERT_FALSE(row.is_null(2)) << row.text(0) << " has no verified copy";
      Store& store = row.text(2) == "near" ? near : far;
      EXPECT_EQ(to_hex(Sha256::of(object(store, row.text(3)))), row.text(1))
          << row.text(0) << " is wrong in " << row.text(2);
    }
  }
  /// When all trash is collected, both stores hold what rows name and nothing else.
  void expect_nothing_is_left_over(std::set<std::string> strangers = {}) {
    clock->advance(std::chrono::hours(26));
    for (int round = 0; round < 4 && number("select count(*) from object_trash") > 0; ++round) {
      if (round > 0) clock->advance(std::chrono::hours(2));
      const auto lookup = [this](std::string_view name) {
        return name == "near" ? near.plain.get() : far.plain.get();
      };
      ASSERT_TRUE(wait(storage::collect_trash(*database, lookup, clock->now(), 1000)));
    }
    EXPECT_EQ(number("select count(*) from object_trash"), 0);
    std::set<std::string> recorded = std::move(strangers);
    const db::Rows rows = write([](db::Session& session) -> Result<db::Rows> {
      return session.query("select store, object_key from placement");
    });
    for (const db::Row& row : rows) recorded.insert(row.text(0) + ":" + row.text(1));
    std::set<std::string> stored;
    for (Store* store : {&near, &far})
      for (const std::string& key : objects(*store))
        stored.insert(store->plain->name() + ":" + key);
    EXPECT_EQ(stored, recorded);
  }
  /// For each operation of a job: `begin(n, name)` makes a file and a job of `kind` for it;
  /// `arm(n, file)` brings the trouble; after the job `check(file, outcome)`. All files are safe
  /// then, and nothing is left over. SHOAL_TEST_OPERATION runs one operation alone.
  template <class Begin, class Arm, class Check>
  void sweep_operations(std::string_view kind, Begin begin, Arm arm, Check check) {
    const char* chosen = std::getenv("SHOAL_TEST_OPERATION");
    const std::uint64_t first = chosen != nullptr ? std::strtoull(chosen, nullptr, 10) : 1;
    std::uint64_t most = 0;
    for (std::uint64_t n = first; !HasFailure(); ++n) {
      SCOPED_TRACE("SHOAL_TEST_OPERATION=" + std::to_string(n));
      const FileId file = begin(n, "file-" + std::to_string(n));
      const auto job = lease(kind);
      ASSERT_TRUE(job);
      arm(n, file);
      const auto outcome = run(*job);
      const std::uint64_t operations = trouble.operations();
      trouble.disarm();
      expect_all_files_are_safe();
      check(file, outcome);
      (void)disk.remove_all(folder.path() / "work");  // as the next start of the process does
      expect_nothing_is_left_over();
      if (operations < n || chosen != nullptr) break;
      most = n;
      delete_file(file);  // its objects go with the next one's left-overs
    }
    // Fewer would mean that the sweep does not see what the job does.
    if (chosen == nullptr) EXPECT_GT(most, 10U);
  }
  bool scratch_is_empty() {
    const auto names = disk.list(folder.path() / "work");
    return !names || names->empty();
  }

  static constexpr Milliseconds k_grace{3'600'000};

  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  TestDatabase database{std::get<0>(GetParam()), clock};
  Uploader uploader = add_uploader(*database, "owner");
  TemporaryDirectory folder;
  io::PosixFileSystem disk;
  Trouble trouble;
  TroubledFiles files{trouble};
  io::Offload pool{"disk", 2, 64};
  io::Offload other_pool{"other disk", 2, 64};
  SeededRandom random{5};
  io::Runtime runtime{1};
  jobs::Progress progress;
  Store near{*this, "near", std::get<1>(GetParam())};
  Store far{*this, "far", std::get<2>(GetParam())};
  std::uint64_t scratch_limit = 64 << 20;
  std::set<Uuid> moved;
  Metrics metrics;
  std::function<bool(std::string_view)> exposes;
  std::function<io::Task<>(Milliseconds)> wait_for;
  std::unique_ptr<io::TaskGroup> group;
  int workers = 0;
};

}  // namespace shoal::tests
