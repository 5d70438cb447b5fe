#include "db/replica_lag.h"

#include <gtest/gtest.h>

namespace shoal::db {
namespace {

SteadyTime at(int seconds) {
  return SteadyTime{} + std::chrono::hours{1} + Seconds{seconds};
}

TEST(ReplicaLag, is_unknown_before_the_primary_was_seen) {
  EXPECT_FALSE(ReplicaLag().lag(100, at(0)));
}

TEST(ReplicaLag, is_the_age_of_the_first_thing_that_is_missing) {
  ReplicaLag lag;
  for (const int i : {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
    lag.note_primary(std::int64_t{100} * i, at(i));
  EXPECT_EQ(lag.lag(350, at(10)), Seconds{6});  // 400 was there at 4
  EXPECT_EQ(lag.lag(900, at(10)), Seconds{0});
  EXPECT_EQ(lag.lag(1000, at(10)), Seconds{0});
}

TEST(ReplicaLag, a_primary_that_does_nothing_or_is_away_makes_nobody_old) {
  ReplicaLag lag;
  lag.note_primary(100, at(1));
  lag.note_primary(100, at(2));
  EXPECT_EQ(lag.lag(100, at(500)), Milliseconds{0});
  EXPECT_EQ(lag.lag(99, at(500)), Seconds{499});
}

TEST(ReplicaLag, one_that_never_comes_closer_costs_bounded_memory_and_stays_old) {
  ReplicaLag lag;
  for (int i = 1; i <= 5000; ++i) lag.note_primary(i, at(i));
  EXPECT_GE(lag.lag(0, at(5000)), Seconds{ReplicaLag::k_most_looks - 1});
}

}  // namespace
}  // namespace shoal::db
