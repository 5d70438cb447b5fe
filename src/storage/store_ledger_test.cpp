#include "storage/store_ledger.h"

#include <gmock/gmock.h>

#include "storage/files.h"
#include "storage/trash.h"
#include "tests/support/moves_fixture.h"

namespace shoal::storage {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using tests::Trouble;

class StoreLedgerTest : public tests::MoveTest {
 protected:
  void SetUp() override { register_stores(); }
  Result<> tend() { return wait(ledger.tend(*near.plain)); }
  /// By a process that has just started.
  Result<> tend_anew() {
    StoreLedger anew(*database, *clock);
    return wait(anew.tend(*near.plain));
  }
  std::string hold() {
    return write([](db::Session& session) -> Result<std::string> {
      return find_hold(session, "near").value_or("");
    });
  }
  std::vector<std::string> marks() {
    return *wait(near.plain->list(std::string(k_ledger_prefix), "", 100));
  }
  /// The database becomes what it was when `number` was its count.
  void restore(int number) {
    write([&](db::Session& session) -> Result<> {
      session.execute("update store set ledger = :number, hold = null where name = 'near'",
                      {number});
      return {};
    });
  }

  StoreLedger ledger{*database, *clock};
};
SHOAL_ON_ALL_MOVE_SHAPES(StoreLedgerTest);

TEST_P(StoreLedgerTest, counts_the_hours_and_keeps_one_mark) {
  EXPECT_FALSE(ledger.is_tended("near"));
  ASSERT_TRUE(tend());
  ASSERT_TRUE(tend());
  EXPECT_TRUE(ledger.is_tended("near"));
  EXPECT_FALSE(ledger.is_tended("far"));
  EXPECT_THAT(marks(), ElementsAre("shoal-ledger/000000000001"));
  clock->advance(std::chrono::hours(1));
  EXPECT_FALSE(ledger.is_tended("near"));
  ASSERT_TRUE(tend());
  EXPECT_THAT(marks(), ElementsAre("shoal-ledger/000000000002"));
  ASSERT_TRUE(tend_anew());
  EXPECT_THAT(marks(), ElementsAre("shoal-ledger/000000000003"));
}

TEST_P(StoreLedgerTest, an_older_database_deletes_nothing_until_an_administrator_confirms) {
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(tend_anew());
  restore(2);
  const auto tended = tend_anew();
  ASSERT_FALSE(tended);
  EXPECT_EQ(tended.error().code, ErrorCode::conflict);
  EXPECT_THAT(tended.error().message, HasSubstr("shoal storage confirm near"));
  EXPECT_THAT(hold(), HasSubstr("older than what is in the store"));
  EXPECT_EQ(tend_anew().error().code, ErrorCode::conflict) << "it stays so";

  ASSERT_TRUE(wait(near.plain->put_bytes("k", "bytes", {})));
  ASSERT_TRUE(wait(far.plain->put_bytes("k", "bytes", {})));
  write([&](db::Session& session) -> Result<> {
    for (const char* store : {"near", "far"}) {
      TRY_VOID(announce_object(session, store, "k", clock->now()));
      give_up_object(session, store, "k", clock->now());
    }
    return {};
  });
  const auto collect = [this] {
    const auto lookup = [this](std::string_view name) { return find_store(name); };
    return wait(collect_trash(*database, lookup, clock->now() + Seconds{1}, 100))->deleted;
  };
  EXPECT_EQ(collect(), 1U) << "in the other store";
  EXPECT_EQ(object(near, "k"), "bytes");

  write([](db::Session& session) { return confirm_store(session, "near"); });
  ASSERT_TRUE(tend_anew());
  EXPECT_THAT(marks(), ElementsAre("shoal-ledger/000000000004"));
  EXPECT_EQ(collect(), 1U);
}

TEST_P(StoreLedgerTest, a_store_that_is_older_than_the_database_is_no_matter) {
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(tend_anew());
  ASSERT_TRUE(wait(near.plain->remove(marks().front())));
  ASSERT_TRUE(tend_anew());
  EXPECT_THAT(marks(), ElementsAre("shoal-ledger/000000000004"));
}

TEST_P(StoreLedgerTest, a_look_writes_nothing_into_the_store) {
  ASSERT_TRUE(tend());
  ASSERT_TRUE(wait(ledger.check(*near.plain)));
  EXPECT_THAT(marks(), ElementsAre("shoal-ledger/000000000001"));
  restore(0);
  EXPECT_EQ(wait(ledger.check(*near.plain)).error().code, ErrorCode::conflict);
}

TEST_P(StoreLedgerTest, dying_at_any_operation_raises_no_false_alarm) {
  for (const auto kind : {Trouble::Kind::error, Trouble::Kind::death, Trouble::Kind::late_death}) {
    std::uint64_t n = 1;
    for (; !HasFailure(); ++n) {
      tests::TroubledDatabase troubled(*database, trouble);
      StoreLedger dying(troubled, *clock);
      trouble.arm(kind, n);
      (void)wait(dying.tend(*near.troubled));
      const std::uint64_t operations = trouble.operations();
      trouble.disarm();
      const auto next = tend_anew();
      EXPECT_TRUE(next) << "operation " << n << ": " << next.error().message;
      EXPECT_EQ(marks().size(), 1U);
      if (operations < n) break;
    }
    EXPECT_GT(n, 3U);
  }
}

TEST_P(StoreLedgerTest, all_stores_are_held_and_confirmed_at_once) {
  write([](db::Session& session) -> Result<> {
    hold_deletions(session, "", "a test says so");
    return {};
  });
  EXPECT_EQ(number("select count(*) from store where hold is not null"), 2);
  write([](db::Session& session) { return confirm_store(session, ""); });
  EXPECT_EQ(number("select count(*) from store where hold is not null"), 0);
  EXPECT_EQ(
      database
          ->write_blocking([](db::Session& session) { return confirm_store(session, "nowhere"); })
          .error()
          .code,
      ErrorCode::not_found);
}

}  // namespace
}  // namespace shoal::storage
