#include "catalog/instance.h"

#include <gtest/gtest.h>

#include <barrier>
#include <thread>

#include "tests/support/database_fixture.h"

namespace shoal::catalog {
namespace {

class InstanceTest : public tests::DatabaseTest {
 protected:
  InstanceIdentity identity_of(db::Database& node) {
    SystemRandom random;
    return *node.write_blocking([&](db::Session& session) -> Result<InstanceIdentity> {
      return ensure_identity(session, random, UtcTime{});
    });
  }
};
SHOAL_ON_BOTH_ENGINES(InstanceTest);

TEST_P(InstanceTest, nodes_that_start_for_the_first_time_at_once_are_one_instance) {
  for (int round = 0; round < 10; ++round) {
    ASSERT_TRUE(database->write_blocking([](db::Session& session) -> Result<> {
      session.execute("delete from setting");
      return {};
    }));
    const auto second = db::Database::open(database.config(), database.metrics());
    ASSERT_TRUE(second);
    std::barrier together(2);
    InstanceIdentity theirs;
    std::thread other([&] {
      together.arrive_and_wait();
      theirs = identity_of(**second);
    });
    together.arrive_and_wait();
    const InstanceIdentity ours = identity_of(*database);
    other.join();
    EXPECT_EQ(ours.client_id, theirs.client_id);
    EXPECT_EQ(ours.client_secret, theirs.client_secret);
    EXPECT_EQ(ours.secret, theirs.secret);
    EXPECT_EQ(identity_of(*database).secret, ours.secret);
  }
}

}  // namespace
}  // namespace shoal::catalog
