#include "storage/store_registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/files.h"
#include "tests/support/database_fixture.h"
#include "tests/support/manual_clock.h"
#include "tests/support/volatile_file_system.h"

namespace shoal::storage {
namespace {

using testing::HasSubstr;

class StoreRegistryTest : public tests::DatabaseTest {
 protected:
  StoreRegistryTest() { mount(); }

  void mount() { ASSERT_TRUE(files.create_directories(root)); }
  /// The folder that is there when the disk is not.
  void unmount() {
    ASSERT_TRUE(files.rename(root, files.root() / "elsewhere"));
    mount();
  }
  void mount_again() {
    ASSERT_TRUE(files.remove_all(root));
    ASSERT_TRUE(files.rename(files.root() / "elsewhere", root));
  }
  LocalStoreSite site() const { return {"local", root, "instance"}; }
  Result<std::unique_ptr<blob::LocalStore>> open() {
    return open_registered_store(*database, site(), files, disk, random, clock.now());
  }
  void expect_offline() {
    const auto opened = open();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::unavailable);
    EXPECT_THAT(opened.error().message, HasSubstr("offline"));
    EXPECT_THAT(opened.error().message, HasSubstr("mount"));
    EXPECT_THAT(opened.error().message, HasSubstr("shoal store accept"));
    EXPECT_EQ(check_registered_store(*database, site(), files).error().code,
              ErrorCode::unavailable);
  }

  tests::ManualClock clock;
  tests::VolatileFileSystem files;
  const io::Path root = files.root() / "media";
  io::Offload disk{"disk", 1, 16};
  SeededRandom random{1};
};
SHOAL_ON_BOTH_ENGINES(StoreRegistryTest);

TEST_P(StoreRegistryTest, an_empty_folder_is_claimed_once_and_found_again) {
  EXPECT_TRUE(check_registered_store(*database, site(), files)) << "there is none yet";
  const auto first = open();
  ASSERT_TRUE(first) << first.error().message;
  const auto again = open();
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ((*again)->identity(), (*first)->identity());
  EXPECT_TRUE(check_registered_store(*database, site(), files));
}

TEST_P(StoreRegistryTest, a_disk_that_is_not_mounted_is_offline_and_left_alone) {
  ASSERT_TRUE(open());
  unmount();
  expect_offline();
  EXPECT_THAT(*files.list(root), testing::IsEmpty()) << "nothing is written under a mount point";
  mount_again();
  EXPECT_TRUE(open());
}

TEST_P(StoreRegistryTest, another_store_of_the_same_instance_is_not_this_one) {
  ASSERT_TRUE(open());
  unmount();
  ASSERT_TRUE(blob::LocalStore::open("local", root, {"instance"}, files, disk, random));
  expect_offline();
}

TEST_P(StoreRegistryTest, a_marker_that_a_kill_left_unregistered_is_registered) {
  const auto claimed = blob::LocalStore::open("local", root, {"instance"}, files, disk, random);
  ASSERT_TRUE(claimed);
  const auto opened = open();
  ASSERT_TRUE(opened);
  EXPECT_EQ((*opened)->identity(), (*claimed)->identity());
  unmount();
  expect_offline();
}

TEST_P(StoreRegistryTest, nodes_agree_on_what_to_claim_an_empty_place_with_until_it_is_registered) {
  const auto agree = [&](const std::string& proposal) {
    return *database->write_blocking([&](db::Session& session) -> Result<std::string> {
      return agree_on_claim(session, "local", proposal);
    });
  };
  EXPECT_EQ(agree("first"), "first");
  EXPECT_EQ(agree("second"), "first");
  ASSERT_TRUE(open());
  EXPECT_EQ(agree("third"), "third");
}

TEST_P(StoreRegistryTest, an_older_database_that_names_files_claims_no_empty_folder) {
  ASSERT_TRUE(database->write_blocking([&](db::Session& session) -> Result<> {
    record_file(session, {{}, FileKind::rendition, "a.mp4", "video/mp4", checksum_of("bytes")},
                "local", "k/a.mp4", clock.now());
    return {};
  }));
  expect_offline();
}

TEST_P(StoreRegistryTest, an_administrator_may_accept_a_new_folder_but_not_a_foreign_one) {
  const auto first = open();
  ASSERT_TRUE(first);
  unmount();
  ASSERT_TRUE(files.create_directories(root / "restored"));
  const auto accepted = accept_store(*database, site(), files, random, clock.now());
  ASSERT_TRUE(accepted) << accepted.error().message;
  EXPECT_EQ(accepted->generation, 2);
  const auto opened = open();
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ((*opened)->identity(), *accepted);
  mount_again();
  expect_offline();
  LocalStoreSite foreign = site();
  foreign.instance_id = "another";
  EXPECT_FALSE(accept_store(*database, foreign, files, random, clock.now()));
  ASSERT_TRUE(accept_store(*database, site(), files, random, clock.now()));
  EXPECT_TRUE(open());
}

}  // namespace
}  // namespace shoal::storage
