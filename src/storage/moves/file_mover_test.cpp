#include "storage/moves/file_mover.h"

#include <thread>

#include "tests/support/forwarding_store.h"
#include "tests/support/moves_fixture.h"

namespace shoal::storage {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using tests::bytes_of;
using tests::Trouble;

class FileMoverTest : public tests::MoveTest {};
SHOAL_ON_ALL_MOVE_SHAPES(FileMoverTest);

TEST_P(FileMoverTest, a_file_moves_and_its_old_copy_stays_for_its_readers) {
  const std::string bytes = bytes_of(1, 2'500'000);
  const FileId file = add_file("a.mp4", bytes, near);
  const FileId other = add_file("b.mp4", "stays", near);
  const auto moving = move(file);
  ASSERT_TRUE(moving) << moving.error().message;
  EXPECT_THAT(places(file), ElementsAre("far:hls/a.mp4"));
  EXPECT_EQ(object(far, "hls/a.mp4"), bytes);
  EXPECT_THAT(places(other), ElementsAre("near:hls/b.mp4"));
  EXPECT_EQ(moved.size(), 1U);
  EXPECT_EQ(metrics.sum("shoal_moved_files_total"), 1);
  EXPECT_EQ(metrics.sum("shoal_moved_bytes_total"), 2'500'000);
  EXPECT_TRUE(scratch_is_empty());
  EXPECT_EQ(number("select count(*) from job"), 0);
  EXPECT_EQ(number("select outcome from job_history"), 1);
  EXPECT_EQ(object(near, "hls/a.mp4"), bytes) << "within the grace";
  expect_all_files_are_safe();
  expect_nothing_is_left_over();
}

TEST_P(FileMoverTest, an_empty_file_moves_too) {
  const FileId file = add_file("a", "", near);
  ASSERT_TRUE(move(file));
  EXPECT_THAT(places(file), ElementsAre("far:hls/a"));
  expect_all_files_are_safe();
}

TEST_P(FileMoverTest, a_file_moves_back_to_where_its_old_object_still_is) {
  const FileId file = add_file("a", "bytes", near);
  ASSERT_TRUE(move(file));
  ASSERT_TRUE(move(file, "far", "near"));
  EXPECT_THAT(places(file), ElementsAre("near:hls/a"));
  expect_all_files_are_safe();
  expect_nothing_is_left_over();
}

TEST_P(FileMoverTest, moving_what_has_moved_already_does_nothing) {
  const FileId file = add_file("a", "bytes", near);
  enqueue(file);
  ASSERT_TRUE(move(file));
  ASSERT_TRUE(run_next());
  EXPECT_THAT(places(file), ElementsAre("far:hls/a"));
  EXPECT_EQ(moved.size(), 1U);
  expect_nothing_is_left_over();
}

TEST_P(FileMoverTest, a_verified_copy_that_is_there_is_used) {
  const FileId file = add_file("a", "bytes", near);
  ASSERT_TRUE(wait(far.plain->put_bytes("elsewhere", "bytes", {})));
  write([&](db::Session& session) -> Result<> {
    session.execute(
        "insert into placement (file_id, store, object_key, state, created_at) "
        "values (:file, 'far', 'elsewhere', 2, 1)",
        {file});
    return {};
  });
  ASSERT_TRUE(move(file));
  EXPECT_THAT(places(file), ElementsAre("far:elsewhere"));
  expect_nothing_is_left_over();
}

TEST_P(FileMoverTest, an_object_that_no_row_names_is_neither_used_nor_deleted) {
  const FileId file = add_file("a", "bytes", near);
  ASSERT_TRUE(wait(far.plain->put_bytes("hls/a", "all that is left of something", {})));
  ASSERT_TRUE(move(file));
  EXPECT_THAT(places(file), ElementsAre("far:hls/a.2"));
  expect_all_files_are_safe();
  expect_nothing_is_left_over({"far:hls/a"});
}

TEST_P(FileMoverTest, what_an_earlier_try_has_left_wrong_is_passed_over_and_collected) {
  const FileId file = add_file("a", "bytes", near);
  write(
      [&](db::Session& session) { return announce_object(session, "far", "hls/a", clock->now()); });
  ASSERT_TRUE(wait(far.plain->put_bytes("hls/a", "bytez", {})));
  ASSERT_TRUE(move(file));
  EXPECT_THAT(places(file), ElementsAre("far:hls/a.2"));
  expect_all_files_are_safe();
  expect_nothing_is_left_over();
}

TEST_P(FileMoverTest, a_source_that_is_damaged_is_reported_and_stays) {
  const FileId file = add_file("a", bytes_of(3, 5000), near);
  damage(near, "hls/a");
  const auto moving = move(file);
  ASSERT_FALSE(moving);
  EXPECT_EQ(moving.error().code, ErrorCode::corrupt);
  EXPECT_THAT(moving.error().message, HasSubstr("a in store near"));
  EXPECT_THAT(places(file), ElementsAre("near:hls/a"));
  EXPECT_THAT(objects(far), IsEmpty());
  EXPECT_TRUE(scratch_is_empty());
  EXPECT_EQ(number("select count(*) from object_trash"), 0);
}

TEST_P(FileMoverTest, a_source_of_another_size_or_none_is_reported_and_stays) {
  const FileId file = add_file("a", "bytes", near);
  for (const char* found : {"more bytes", ""}) {
    ASSERT_TRUE(wait(near.plain->remove("hls/a")));
    if (*found != 0) ASSERT_TRUE(wait(near.plain->put_bytes("hls/a", found, {})));
    const auto moving = move(file);
    ASSERT_FALSE(moving);
    EXPECT_EQ(moving.error().code, ErrorCode::corrupt);
    EXPECT_THAT(places(file), ElementsAre("near:hls/a"));
  }
}

TEST_P(FileMoverTest, a_store_that_is_away_loses_nothing_and_is_asked_again) {
  const FileId file = add_file("a", "bytes", near);
  for (Store* store : {&near, &far}) {
    store->is_away = true;
    const auto moving = move(file);
    ASSERT_FALSE(moving);
    EXPECT_EQ(moving.error().code, ErrorCode::unavailable);
    EXPECT_THAT(places(file), ElementsAre("near:hls/a"));
    store->is_away = false;
  }
  reclaim();
  ASSERT_TRUE(run_next());
  EXPECT_THAT(places(file), ElementsAre("far:hls/a"));
  expect_nothing_is_left_over();
}

TEST_P(FileMoverTest, scratch_space_is_bounded) {
  const FileId file = add_file("a", bytes_of(1, 1000), near);
  scratch_limit = 999;
  const auto moving = move(file);
  if (std::get<1>(GetParam()) == tests::StoreKind::local) {
    EXPECT_TRUE(moving) << "a local file needs none";
    return;
  }
  ASSERT_FALSE(moving);
  EXPECT_EQ(moving.error().code, ErrorCode::too_large);
  EXPECT_THAT(places(file), ElementsAre("near:hls/a"));
}

TEST(ScratchSpace, gives_no_more_than_it_has_and_takes_it_back) {
  tests::TemporaryDirectory folder;
  io::PosixFileSystem files;
  ScratchSpace space(folder.path(), 100, files);
  auto first = space.take("1", 60);
  ASSERT_TRUE(first);
  EXPECT_TRUE(files.status((*first)->path()));
  EXPECT_EQ(space.take("2", 41).error().code, ErrorCode::busy);
  EXPECT_EQ(space.take("3", 101).error().code, ErrorCode::too_large);
  EXPECT_TRUE(space.take("4", 40));
  const io::Path path = (*first)->path();
  first->reset();
  EXPECT_FALSE(files.status(path));
  EXPECT_TRUE(space.take("5", 100));
}

TEST_P(FileMoverTest, an_object_that_anybody_was_told_of_is_never_taken_for_a_copy_again) {
  const FileId file = add_file("v/1/a", "bytes", near);
  write([](db::Session& session) -> Result<> {
    session.execute("update placement set exposure = 2");
    return {};
  });
  ASSERT_TRUE(move(file));
  EXPECT_EQ(object(near, "hls/v/1/a"), "bytes") << "for those who are reading it";
  ASSERT_TRUE(move(file, "far", "near"));
  EXPECT_THAT(places(file), ElementsAre("near:hls/v/1/a.2"));
  EXPECT_EQ(number("select count(*) from object_trash where object_key = 'hls/v/1/a' and "
                   "exposure = 2"),
            1);
  expect_nothing_is_left_over();
}

TEST_P(FileMoverTest, where_addresses_are_told_a_file_that_comes_back_has_another) {
  exposes = [](std::string_view store) { return store == "near"; };
  const FileId file = add_file("v/1/a", "bytes", near);
  ASSERT_TRUE(move(file));
  EXPECT_THAT(places(file), ElementsAre("far:hls/v/1/a"));
  ASSERT_TRUE(move(file, "far", "near"));
  ASSERT_EQ(places(file).size(), 1U);
  EXPECT_THAT(places(file)[0], testing::MatchesRegex("near:hls/v/[0-9a-f]{32}/a"));
  expect_nothing_is_left_over();
}

/// A store that does not keep what it is given.
class ForgetfulStore final : public tests::ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  bool checks_uploads() const override { return false; }
  io::Task<Result<>> put_file(std::string key, io::Path file, blob::ObjectTraits traits) override {
    return put_copy(std::move(key), std::move(file), std::move(traits));
  }
  io::Task<Result<>> put_copy(std::string key, io::Path, blob::ObjectTraits traits) override {
    if (keeps.empty()) co_return Result<>{};
    co_return co_await store().put_bytes(std::move(key), keeps, std::move(traits));
  }
  std::string keeps;
};

TEST_P(FileMoverTest, a_target_that_garbles_or_loses_what_it_takes_is_not_switched_to) {
  const FileId file = add_file("a", "bytes", near);
  auto good = std::move(far.troubled);
  for (const char* kept : {"bytez", "byte", ""}) {
    auto forgetful = std::make_unique<ForgetfulStore>(*far.plain);
    forgetful->keeps = kept;
    far.troubled = std::move(forgetful);
    const auto moving = move(file);
    ASSERT_FALSE(moving) << kept;
    EXPECT_EQ(moving.error().code, ErrorCode::internal);
    EXPECT_THAT(places(file), ElementsAre("near:hls/a"));
    expect_all_files_are_safe();
  }
  far.troubled = std::move(good);
  ASSERT_TRUE(move(file));
  expect_all_files_are_safe();
  expect_nothing_is_left_over();
}

TEST_P(FileMoverTest, an_object_that_waited_too_long_for_its_row_is_put_again) {
  const FileId file = add_file("a", "bytes", near);
  // The longest pause of all: between the last look at the copy and the switch.
  enqueue(file);
  const auto first = lease();
  trouble.arm(Trouble::Kind::none, 0);
  ASSERT_TRUE(run(*first));
  const std::uint64_t operations = trouble.operations();
  ASSERT_TRUE(move(file, "far", "near"));
  expect_nothing_is_left_over();
  enqueue(file);
  const auto job = lease();
  trouble.arm(Trouble::Kind::event, operations, [&] {
    clock->advance(std::chrono::hours(25));
    const auto lookup = [this](std::string_view name) {
      return name == "near" ? near.plain.get() : far.plain.get();
    };
    io::Runtime other(1);
    ASSERT_TRUE(tests::wait(other, collect_trash(*database, lookup, clock->now(), 100)));
  });
  const auto moving = run(*job);
  trouble.disarm();
  ASSERT_FALSE(moving) << "the object is gone";
  EXPECT_EQ(moving.error().code, ErrorCode::busy);
  expect_all_files_are_safe();
  reclaim();
  ASSERT_TRUE(run_next());
  EXPECT_THAT(places(file), ElementsAre("far:hls/a"));
  expect_all_files_are_safe();
}

TEST_P(FileMoverTest, a_deletion_beside_the_switch_forgets_neither_object) {
  const FileId file = add_file("a", "bytes", near);
  ASSERT_TRUE(wait(far.plain->put_bytes("hls/a", "bytes", {})));
  write(
      [&](db::Session& session) { return announce_object(session, "far", "hls/a", clock->now()); });
  std::jthread deletion;
  write([&](db::Session& session) -> Result<> {
    EXPECT_EQ(switch_placement(session, {file, "near", "far"}, "hls/a", clock->now(), clock->now()),
              true);
    if (!deletion.joinable()) deletion = std::jthread([&] { delete_file(file); });
    // SQLite lets it wait before its first statement, PostgreSQL at the first row of ours.
    for (int look = 0; look < 20'000 && session.engine() == db::Engine::postgresql; ++look) {
      if (session.query_one("select 1 from pg_stat_activity where datname = current_database() "
                            "and wait_event_type = 'Lock'"))
        break;
      // Within a transaction every look would show what the first one did.
      session.query("select cast(pg_stat_clear_snapshot() as text)");
    }
    return {};
  });
  deletion.join();
  EXPECT_THAT(places(file), IsEmpty());
  expect_nothing_is_left_over();
}

TEST_P(FileMoverTest, runs_as_jobs_of_a_runner) {
  const FileId file = add_file("a", bytes_of(4, 100'000), near);
  const auto mover = make_mover(*database);
  Metrics metrics;
  jobs::Runner runner(runtime, *database, progress, metrics, {.poll_every = Milliseconds{20}});
  mover->register_handlers(runner);
  enqueue(file);
  runner.start();
  for (int round = 0; round < 1000 && places(file).front() != "far:hls/a"; ++round) {
    runtime.run_until_done([](db::Notifier& notifier) -> io::Task<> {
      co_await notifier.wait(jobs::k_waiting_channel, notifier.count(jobs::k_waiting_channel),
                             Milliseconds{20});
    }(database->notifier()));
  }
  runtime.run_until_done(runner.stop());
  EXPECT_THAT(places(file), ElementsAre("far:hls/a"));
  expect_all_files_are_safe();
}

}  // namespace
}  // namespace shoal::storage
