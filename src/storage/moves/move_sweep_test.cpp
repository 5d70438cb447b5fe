// A move that is stopped, robbed of its lease, raced or made pointless before and after each
// operation on stores, files and database. After each: every file has a verified copy that holds
// what was recorded; the next try comes to an end; and what was put in vain is collected.
// SHOAL_TEST_OPERATION runs one operation of the sweep.
#include <cstdlib>

#include "io/task_group.h"
#include "tests/support/moves_fixture.h"

namespace shoal::storage {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using tests::bytes_of;
using tests::Trouble;

class MoveSweep : public tests::MoveTest {
 protected:
  /// Of one pair of stores more than one piece, as the others differ in nothing there.
  static std::uint64_t size() {
    const auto& [engine, from, to] = GetParam();
    return from == tests::StoreKind::memory && to == tests::StoreKind::local ? 1'200'000 : 3'000;
  }
  /// For each operation of a move: `arm(n, job)`, the move, then `check(file, outcome)`.
  template <class Arm, class Check>
  void sweep(Arm arm, Check check) {
    const char* chosen = std::getenv("SHOAL_TEST_OPERATION");
    const std::uint64_t first = chosen != nullptr ? std::strtoull(chosen, nullptr, 10) : 1;
    std::uint64_t most = 0;
    for (std::uint64_t n = first; !HasFailure(); ++n) {
      SCOPED_TRACE("SHOAL_TEST_OPERATION=" + std::to_string(n));
      const std::string name = "file-" + std::to_string(n);
      const FileId file = add_file(name, bytes_of(n, size()), near);
      enqueue(file);
      const auto job = lease();
      ASSERT_TRUE(job);
      arm(n, *job, file);
      const auto outcome = run(*job);
      const std::uint64_t operations = trouble.operations();
      trouble.disarm();
      expect_all_files_are_safe();
      check(file, name, outcome);
      (void)disk.remove_all(folder.path() / "work");  // as the next start of the process does
      expect_nothing_is_left_over();
      if (operations < n || chosen != nullptr) break;
      most = n;
      delete_file(file);  // its object goes with the next one's left-overs
    }
    // Fewer would mean that the sweep does not see what a move does.
    if (chosen == nullptr) EXPECT_GT(most, 10U);
  }
  /// Until the file has moved.
  void try_again(FileId file, const std::string& name) {
    reclaim();
    if (places(file) != std::vector{"far:hls/" + name} || number("select count(*) from job") > 0) {
      const auto done = run_next();
      EXPECT_TRUE(done) << done.error().message;
    }
    EXPECT_THAT(places(file), ElementsAre(testing::StartsWith("far:hls/" + name)));
    expect_all_files_are_safe();
    EXPECT_EQ(number("select count(*) from job"), 0);
  }
  void sweep_trouble(Trouble::Kind kind) {
    sweep([&](std::uint64_t n, const jobs::LeasedJob&, FileId) { trouble.arm(kind, n); },
          [&](FileId file, const std::string& name, const Result<>&) { try_again(file, name); });
  }
};
SHOAL_ON_ALL_MOVE_SHAPES(MoveSweep);

TEST_P(MoveSweep, any_operation_may_fail) {
  sweep_trouble(Trouble::Kind::error);
}

TEST_P(MoveSweep, the_process_may_die_before_any_operation) {
  sweep_trouble(Trouble::Kind::death);
}

TEST_P(MoveSweep, the_process_may_die_after_any_operation) {
  sweep_trouble(Trouble::Kind::late_death);
}

TEST_P(MoveSweep, another_may_move_the_same_file_at_any_time) {
  sweep(
      [&](std::uint64_t n, const jobs::LeasedJob&, FileId file) {
        trouble.arm(Trouble::Kind::event, n, [this, file] {
          enqueue(file);
          const auto rival = run_on_another_machine(*lease());
          EXPECT_TRUE(rival) << rival.error().message;
        });
      },
      [&](FileId file, const std::string&, const Result<>& outcome) {
        EXPECT_TRUE(outcome) << outcome.error().message;
        EXPECT_EQ(places(file).size(), 1U);
        EXPECT_TRUE(places(file).front().starts_with("far:"));
      });
}

TEST_P(MoveSweep, a_holder_whose_lease_was_taken_over_writes_nothing) {
  sweep(
      [&](std::uint64_t n, const jobs::LeasedJob&, FileId) {
        trouble.arm(Trouble::Kind::event, n, [this] {
          reclaim();
          if (const auto again = lease()) {
            const auto second = run_on_another_machine(*again);
            EXPECT_TRUE(second) << second.error().message;
          }
        });
      },
      [&](FileId file, const std::string&, const Result<>&) {
        EXPECT_EQ(places(file).size(), 1U);
        EXPECT_TRUE(places(file).front().starts_with("far:"));
        EXPECT_EQ(number("select count(*) from job"), 0);
      });
}

TEST_P(MoveSweep, the_file_may_be_deleted_at_any_time) {
  sweep(
      [&](std::uint64_t n, const jobs::LeasedJob&, FileId file) {
        trouble.arm(Trouble::Kind::event, n, [this, file] { delete_file(file); });
      },
      [&](FileId file, const std::string&, const Result<>& outcome) {
        EXPECT_TRUE(outcome) << outcome.error().message;
        if (!places(file).empty()) delete_file(file);  // the operation was behind the end
        EXPECT_THAT(places(file), IsEmpty());
      });
}

TEST_P(MoveSweep, the_task_may_be_cancelled_at_any_time) {
  sweep([&](std::uint64_t n, const jobs::LeasedJob&,
            FileId) { trouble.arm(Trouble::Kind::event, n, [this] { group->cancel(); }); },
        [&](FileId file, const std::string& name, const Result<>&) { try_again(file, name); });
}

}  // namespace
}  // namespace shoal::storage
