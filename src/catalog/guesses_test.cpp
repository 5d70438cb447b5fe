#include "catalog/guesses.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/support/database_fixture.h"
#include "tests/support/manual_clock.h"

namespace shoal::catalog {
namespace {

class GuessesTest : public tests::DatabaseTest {
 protected:
  GuessesTest() : GuessesTest(std::make_shared<tests::ManualClock>()) {}

  std::optional<Seconds> attempt(const std::string& key = "a") {
    return *database->write_blocking([&](db::Session& session) -> Result<std::optional<Seconds>> {
      return try_guess(session, key, {});
    });
  }
  template <class Work>
  void write(Work work) {
    ASSERT_TRUE(database->write_blocking([&](db::Session& session) -> Result<> {
      work(session);
      return {};
    }));
  }

  std::shared_ptr<tests::ManualClock> clock;

 private:
  explicit GuessesTest(const std::shared_ptr<tests::ManualClock>& manual)
      : DatabaseTest(manual), clock(manual) {}
};
SHOAL_ON_BOTH_ENGINES(GuessesTest);

TEST_P(GuessesTest, waits_double_after_the_free_ones_up_to_a_bound) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(attempt(), std::nullopt);
  for (const int wait : {1, 2, 4, 8, 16, 32, 60, 60}) {
    EXPECT_EQ(attempt(), Seconds{wait});
    clock->advance(Seconds{wait});
    EXPECT_EQ(attempt(), std::nullopt);
  }
  EXPECT_EQ(attempt("b"), std::nullopt) << "another key";
}

TEST_P(GuessesTest, who_was_right_or_long_away_begins_anew) {
  for (int i = 0; i < 6; ++i) attempt();
  write([](db::Session& session) { forget_guesses(session, "a"); });
  for (int i = 0; i < 5; ++i) EXPECT_EQ(attempt(), std::nullopt);
  EXPECT_EQ(attempt(), Seconds{1});
  clock->advance(Seconds{901});
  for (int i = 0; i < 5; ++i) EXPECT_EQ(attempt(), std::nullopt);
}

TEST_P(GuessesTest, tries_at_once_on_several_nodes_do_not_slip_through_together) {
  const auto second = db::Database::open(database.config(), database.metrics());
  ASSERT_TRUE(second);
  std::atomic<int> tried = 0;
  const auto guess = [&](db::Database& node) {
    for (int i = 0; i < 10; ++i) {
      const auto wait =
          node.write_blocking([&](db::Session& session) -> Result<std::optional<Seconds>> {
            return try_guess(session, "a", {});
          });
      if (wait && !*wait) ++tried;
    }
  };
  std::vector<std::thread> guessers;
  for (db::Database* node : {&*database, second->get(), &*database, second->get()})
    guessers.emplace_back(guess, std::ref(*node));
  for (std::thread& guesser : guessers) guesser.join();
  EXPECT_EQ(tried, 5);
}

TEST_P(GuessesTest, old_rows_go_and_who_was_let_in_is_remembered_longer) {
  attempt("failed");
  write([](db::Session& session) { note_known(session, "owner"); });
  clock->advance(std::chrono::hours{25});
  attempt("lately");
  write([](db::Session& session) {
    prune_guesses(session);
    EXPECT_EQ(session.query_one("select count(*) from guess")->integer(0), 2);
    EXPECT_TRUE(is_known(session, "owner"));
  });
  clock->advance(std::chrono::days{91});
  write([](db::Session& session) {
    prune_guesses(session);
    EXPECT_FALSE(is_known(session, "owner"));
  });
}

}  // namespace
}  // namespace shoal::catalog
