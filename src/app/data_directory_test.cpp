#include "app/data_directory.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace shoal::app {
namespace {

namespace fs = std::filesystem;

struct DataDirectoryTest : testing::Test {
  DataDirectoryTest() {
    std::string pattern = (fs::temp_directory_path() / "shoal-data-XXXXXX").string();
    root = ::mkdtemp(pattern.data());
  }
  ~DataDirectoryTest() override { fs::remove_all(root); }
  fs::path root;
};

TEST_F(DataDirectoryTest, second_claim_names_the_process_that_has_it) {
  const auto first = DataDirectory::claim(root);
  ASSERT_TRUE(first) << first.error().message;
  const auto second = DataDirectory::claim(root);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::conflict);
  EXPECT_THAT(second.error().message, testing::HasSubstr(std::to_string(::getpid())));
}

TEST_F(DataDirectoryTest, is_free_again_once_its_owner_is_gone) {
  {
    ASSERT_TRUE(DataDirectory::claim(root));
  }
  EXPECT_TRUE(DataDirectory::claim(root));
}

TEST_F(DataDirectoryTest, empties_the_scratch_of_the_process_before_and_nothing_else) {
  for (const auto* folder : {"work", "media"}) {
    fs::create_directories(root / folder);
    std::ofstream(root / folder / "left") << "x";
  }
  ASSERT_TRUE(DataDirectory::claim(root));
  EXPECT_FALSE(fs::exists(root / "work" / "left"));
  EXPECT_TRUE(fs::exists(root / "media" / "left"));
}

TEST_F(DataDirectoryTest, a_folder_that_it_makes_is_its_users_alone) {
  const auto all = fs::perms::all;
  ASSERT_TRUE(DataDirectory::claim(root / "new"));
  EXPECT_EQ(fs::status(root / "new").permissions() & all, fs::perms::owner_all);
  fs::permissions(root, fs::perms::owner_all | fs::perms::group_read | fs::perms::group_exec);
  ASSERT_TRUE(DataDirectory::claim(root));
  EXPECT_EQ(fs::status(root).permissions() & fs::perms::group_all,
            fs::perms::group_read | fs::perms::group_exec)
      << "what somebody has set stays";
}

TEST_F(DataDirectoryTest, a_file_in_the_place_of_the_folder_is_explained) {
  std::ofstream(root / "file") << "x";
  const auto claimed = DataDirectory::claim(root / "file");
  ASSERT_FALSE(claimed);
  EXPECT_EQ(claimed.error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace shoal::app
