#include "scaling/fleet/decision_rows.h"

#include <gtest/gtest.h>

#include "tests/support/database_fixture.h"

namespace shoal::scaling {
namespace {

constexpr UtcTime k_start{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}};

class DecisionRows : public tests::DatabaseTest {
 protected:
  bool keep(const DecisionRecord& decision) {
    return *database->write_blocking(
        [&](db::Session& session) -> Result<bool> { return keep_decision(session, decision); });
  }
  std::vector<DecisionRecord> list(std::int64_t count = 1'000) {
    return *database->read_blocking(
        [&](db::Session& session) -> Result<std::vector<DecisionRecord>> {
          return list_decisions(session, count);
        });
  }
  static DecisionRecord decision(Seconds at, std::uint32_t wanted) {
    return {.decided_at = k_start + at,
            .driver = "process",
            .workers = 1,
            .wanted = wanted,
            .queued_jobs = 7,
            .queued_media_seconds = 1.5,
            .oldest_wait_seconds = 3,
            .reasons = {"because \"so\"", "and so"}};
  }
};
SHOAL_ON_BOTH_ENGINES(DecisionRows);

TEST_P(DecisionRows, what_is_decided_again_is_one_row_with_the_newest_figures) {
  EXPECT_TRUE(keep(decision(Seconds{0}, 2)));
  DecisionRecord again = decision(Seconds{15}, 2);
  again.queued_jobs = 9;
  EXPECT_FALSE(keep(again));
  const auto rows = list();
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].since, k_start);
  EXPECT_EQ(rows[0].decided_at, k_start + Seconds{15});
  EXPECT_EQ(rows[0].queued_jobs, 9);
  EXPECT_EQ(rows[0].queued_media_seconds, 1.5);
  EXPECT_EQ(rows[0].reasons, (std::vector<std::string>{"because \"so\"", "and so"}));
  EXPECT_FALSE(rows[0].error);
}

TEST_P(DecisionRows, a_change_and_an_error_are_rows_of_their_own) {
  keep(decision(Seconds{0}, 2));
  EXPECT_TRUE(keep(decision(Seconds{15}, 3)));
  DecisionRecord failed = decision(Seconds{30}, 3);
  failed.error = "no";
  EXPECT_TRUE(keep(failed));
  failed.decided_at += Seconds{15};
  EXPECT_FALSE(keep(failed));
  const auto rows = list(2);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].error, "no");
  EXPECT_EQ(rows[1].wanted, 3u);
}

TEST_P(DecisionRows, are_bounded) {
  for (std::uint32_t i = 0; i < k_most_decisions + 20; ++i) keep(decision(Seconds{i}, i));
  const auto rows = list();
  ASSERT_EQ(rows.size(), static_cast<std::size_t>(k_most_decisions));
  EXPECT_EQ(rows.front().wanted, k_most_decisions + 19);
}

TEST_P(DecisionRows, the_load_is_a_sample_each_quarter_of_an_hour_for_two_weeks) {
  const auto sample = [&](UtcTime now, double load) {
    ASSERT_TRUE(database->write_blocking([&](db::Session& session) -> Result<> {
      keep_load(session, now, load);
      return {};
    }));
  };
  const auto samples = [&] {
    return *database->read_blocking(
        [](db::Session& session) -> Result<std::vector<LoadSample>> { return list_load(session); });
  };
  sample(k_start, 1);
  sample(k_start + Seconds{15}, 2);
  sample(k_start + Rhythm::k_slot - Seconds{1}, 3);
  ASSERT_EQ(samples().size(), 1u);
  EXPECT_EQ(samples()[0].load, 1);
  EXPECT_EQ(samples()[0].at, k_start - Rhythm::k_slot);
  sample(k_start + Rhythm::k_slot, 4);
  EXPECT_EQ(samples().size(), 2u);
  sample(k_start + std::chrono::days(30), 5);
  ASSERT_EQ(samples().size(), 1u) << "those of before are forgotten";
  sample(k_start, 6);
  ASSERT_EQ(samples().size(), 1u) << "a clock that went back starts again";
  EXPECT_EQ(samples()[0].load, 6);
}

}  // namespace
}  // namespace shoal::scaling
