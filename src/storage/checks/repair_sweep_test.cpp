// A repair that is stopped, robbed of its lease, raced or made pointless before and after each
// operation on stores, files and database. After each: the good copy is there and right; the next
// try comes to an end; and what was put in vain is collected.
#include "tests/support/moves_fixture.h"

namespace shoal::storage {
namespace {

using testing::IsEmpty;
using tests::bytes_of;
using tests::Trouble;

class RepairSweep : public tests::MoveTest {
 protected:
  /// A file with a good copy in `near` and a bad one in `far`: damaged, or not there at all.
  FileId add_half_bad(std::uint64_t n, const std::string& name) {
    const FileId file = add_file(name, bytes_of(n, 3'000), near);
    const auto found = n % 2 == 0 ? std::optional<std::string>("damaged") : std::nullopt;
    const PlacementId id = add_copy(file, far, "hls/" + name, found);
    write([&](db::Session& session) -> Result<> {
      const RecordedCopy copy{.id = id, .file = {.id = file}, .store = "far"};
      EXPECT_EQ(record_bad(session, copy, "a test says so", clock->now()), BadCopyFate::out_of_use);
      enqueue_repair(session, {file, "far"});
      return {};
    });
    return file;
  }
  template <class Arm, class Check>
  void sweep(Arm arm, Check check) {
    const auto begin = [this](std::uint64_t n, const std::string& name) {
      return add_half_bad(n, name);
    };
    sweep_operations(k_repair_file, begin, arm, check);
  }
  void expect_repaired(FileId file) {
    EXPECT_EQ(places(file).size(), 2U);
    EXPECT_EQ(number("select count(*) from placement where problem is not null"), 0);
    EXPECT_EQ(number("select count(*) from job"), 0);
    expect_all_files_are_safe();
  }
  void sweep_trouble(Trouble::Kind kind) {
    sweep([&](std::uint64_t n, FileId) { trouble.arm(kind, n); },
          [&](FileId file, const Result<>&) {
            reclaim();
            if (const auto job = lease(k_repair_file)) {
              const auto done = run(*job);
              EXPECT_TRUE(done) << done.error().message;
            }
            expect_repaired(file);
          });
  }
};
SHOAL_ON_ALL_MOVE_SHAPES(RepairSweep);

TEST_P(RepairSweep, any_operation_may_fail) {
  sweep_trouble(Trouble::Kind::error);
}

TEST_P(RepairSweep, the_process_may_die_before_any_operation) {
  sweep_trouble(Trouble::Kind::death);
}

TEST_P(RepairSweep, the_process_may_die_after_any_operation) {
  sweep_trouble(Trouble::Kind::late_death);
}

TEST_P(RepairSweep, a_holder_whose_lease_was_taken_over_writes_nothing) {
  sweep(
      [&](std::uint64_t n, FileId) {
        trouble.arm(Trouble::Kind::event, n, [this] {
          reclaim();
          if (const auto again = lease(k_repair_file)) {
            const auto second = run_on_another_machine(*again);
            EXPECT_TRUE(second) << second.error().message;
          }
        });
      },
      [&](FileId file, const Result<>&) { expect_repaired(file); });
}

TEST_P(RepairSweep, the_good_copy_may_move_into_the_same_store_meanwhile) {
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
        EXPECT_TRUE(places(file).front().starts_with("far:"));
        EXPECT_EQ(number("select count(*) from placement where problem is not null"), 0);
      });
}

TEST_P(RepairSweep, the_file_may_be_deleted_at_any_time) {
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

}  // namespace
}  // namespace shoal::storage
