#include "tests/faults/disk_schedule.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace shoal::faults {
namespace {

TEST(DiskSchedule, keeps_its_promises_from_a_few_seeds) {
  int faults = 0;
  int restarts = 0;
  const char* chosen = std::getenv("SHOAL_TEST_SEED");
  const std::uint64_t first = chosen ? std::strtoull(chosen, nullptr, 10) : 1;
  for (std::uint64_t seed = first; seed < first + 12; ++seed) {
    const Report report = run_disk_schedule(seed);
    for (const auto& violation : report.violations)
      ADD_FAILURE() << "seed " << seed << ": " << violation;
    faults += report.faults;
    restarts += report.restarts;
  }
  EXPECT_GT(faults, 100);
  EXPECT_GT(restarts, 24);
}

}  // namespace
}  // namespace shoal::faults
