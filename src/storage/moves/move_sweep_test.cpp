// A move that is stopped, robbed of its lease, raced or made pointless before and after each
// operation on stores, files and database. After each: every file has a verified copy that holds
// what was recorded; the next try comes to an end; and what was put in vain is collected.
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
  template <class Arm, class Check>
  void sweep(Arm arm, Check check) {
    const auto begin = [this](std::uint64_t n, const std::string& name) {
      const FileId file = add_file(name, bytes_of(n, size()), near);
      enqueue(file);
      return file;
    };
    sweep_operations(k_move_file, begin, arm, check);
  }
  /// Until the file has moved.
  void try_again(FileId file) {
    reclaim();
    const auto found = places(file);
    if (found.size() != 1 || !found.front().starts_with("far:") ||
        number("select count(*) from job") > 0) {
      const auto done = run_next();
      EXPECT_TRUE(done) << done.error().message;
    }
    EXPECT_THAT(places(file), ElementsAre(testing::StartsWith("far:hls/file-")));
    expect_all_files_are_safe();
    EXPECT_EQ(number("select count(*) from job"), 0);
  }
  void sweep_trouble(Trouble::Kind kind) {
    sweep([&](std::uint64_t n, FileId) { trouble.arm(kind, n); },
          [&](FileId file, const Result<>&) { try_again(file); });
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
      [&](std::uint64_t n, FileId file) {
        trouble.arm(Trouble::Kind::event, n, [this, file] {
          enqueue(file);
          const auto rival = run_on_another_machine(*lease());
          EXPECT_TRUE(rival) << rival.error().message;
        });
      },
      [&](FileId file, const Result<>& outcome) {
        EXPECT_TRUE(outcome) << outcome.error().message;
        EXPECT_EQ(places(file).size(), 1U);
        EXPECT_TRUE(places(file).front().starts_with("far:"));
      });
}

TEST_P(MoveSweep, a_holder_whose_lease_was_taken_over_writes_nothing) {
  sweep(
      [&](std::uint64_t n, FileId) {
        trouble.arm(Trouble::Kind::event, n, [this] {
          reclaim();
          if (const auto again = lease()) {
            const auto second = run_on_another_machine(*again);
            EXPECT_TRUE(second) << second.error().message;
          }
        });
      },
      [&](FileId file, const Result<>&) {
        EXPECT_EQ(places(file).size(), 1U);
        EXPECT_TRUE(places(file).front().starts_with("far:"));
        EXPECT_EQ(number("select count(*) from job"), 0);
      });
}

TEST_P(MoveSweep, the_file_may_be_deleted_at_any_time) {
  sweep(
      [&](std::uint64_t n, FileId file) {
        trouble.arm(Trouble::Kind::event, n, [this, file] { delete_file(file); });
      },
      [&](FileId file, const Result<>& outcome) {
        EXPECT_TRUE(outcome) << outcome.error().message;
        if (!places(file).empty()) delete_file(file);  // the operation was behind the end
        EXPECT_THAT(places(file), IsEmpty());
      });
}

TEST_P(MoveSweep, the_task_may_be_cancelled_at_any_time) {
  sweep([&](std::uint64_t n,
            FileId) { trouble.arm(Trouble::Kind::event, n, [this] { group->cancel(); }); },
        [&](FileId file, const Result<>&) { try_again(file); });
}

}  // namespace
}  // namespace shoal::storage
