#include "app/data_directory.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <set>

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
  io::PosixFileSystem files;
};

/// Remembers what was made through it.
class WatchedFiles final : public io::FileSystem {
 public:
  Result<std::unique_ptr<io::File>> open(const io::Path& path, io::OpenMode mode) override {
    return real_.open(path, mode);
  }
  Result<io::FileStatus> status(const io::Path& path) override { return real_.status(path); }
  Result<> rename(const io::Path& from, const io::Path& to) override {
    return real_.rename(from, to);
  }
  Result<> link(const io::Path& from, const io::Path& to) override { return real_.link(from, to); }
  Result<> remove(const io::Path& path) override { return real_.remove(path); }
  Result<> create_directories(const io::Path& path) override {
    for (io::Path folder = path; !fs::exists(folder); folder = folder.parent_path())
      durable.insert(folder);
    return real_.create_directories(path);
  }
  Result<> remove_all(const io::Path& path) override { return real_.remove_all(path); }
  Result<std::vector<std::string>> list(const io::Path& path) override { return real_.list(path); }
  Result<> sync_directory(const io::Path& path) override { return real_.sync_directory(path); }
  Result<std::uint64_t> free_bytes(const io::Path& path) override { return real_.free_bytes(path); }
  std::set<io::Path> durable;

 private:
  io::PosixFileSystem real_;
};

TEST_F(DataDirectoryTest, second_claim_names_the_process_that_has_it) {
  const auto first = DataDirectory::claim(root, files);
  ASSERT_TRUE(first) << first.error().message;
  const auto second = DataDirectory::claim(root, files);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::conflict);
  EXPECT_THAT(second.error().message, testing::HasSubstr(std::to_string(::getpid())));
}

TEST_F(DataDirectoryTest, is_free_again_once_its_owner_is_gone) {
  {
    ASSERT_TRUE(DataDirectory::claim(root, files));
  }
  EXPECT_TRUE(DataDirectory::claim(root, files));
}

TEST_F(DataDirectoryTest, empties_the_scratch_of_the_process_before_and_nothing_else) {
  for (const auto* folder : {"work", "media"}) {
    fs::create_directories(root / folder);
    std::ofstream(root / folder / "left") << "x";
  }
  ASSERT_TRUE(DataDirectory::claim(root, files));
  EXPECT_FALSE(fs::exists(root / "work" / "left"));
  EXPECT_TRUE(fs::exists(root / "media" / "left"));
}

TEST_F(DataDirectoryTest, a_folder_that_it_makes_is_its_users_alone) {
  const auto all = fs::perms::all;
  ASSERT_TRUE(DataDirectory::claim(root / "new", files));
  EXPECT_EQ(fs::status(root / "new").permissions() & all, fs::perms::owner_all);
  fs::permissions(root, fs::perms::owner_all | fs::perms::group_read | fs::perms::group_exec);
  ASSERT_TRUE(DataDirectory::claim(root, files));
  EXPECT_EQ(fs::status(root).permissions() & fs::perms::group_all,
            fs::perms::group_read | fs::perms::group_exec)
      << "what somebody has set stays";
}

TEST_F(DataDirectoryTest, every_folder_is_made_by_the_call_that_syncs_its_name) {
  WatchedFiles watched;
  ASSERT_TRUE(DataDirectory::claim(root / "new" / "data", watched));
  std::set<io::Path> there{root / "new"};
  for (const auto& entry : fs::recursive_directory_iterator(root / "new"))
    if (entry.is_directory()) there.insert(entry.path());
  EXPECT_EQ(there.size(), 5U);
  EXPECT_EQ(watched.durable, there);
}

TEST_F(DataDirectoryTest, makes_a_node_of_its_own_that_stays_the_same) {
  SystemRandom random;
  std::string first;
  {
    const auto directory = DataDirectory::claim(root / "one", files);
    first = *directory->node_id(files, random);
    EXPECT_EQ(first.size(), 32U);
    EXPECT_EQ(*directory->node_id(files, random), first);
  }
  EXPECT_EQ(*DataDirectory::claim(root / "one", files)->node_id(files, random), first);
  EXPECT_NE(*DataDirectory::claim(root / "two", files)->node_id(files, random), first);
  std::ofstream(root / "one" / "node.id") << "written by hand";
  const auto again = DataDirectory::claim(root / "one", files)->node_id(files, random);
  ASSERT_TRUE(again) << "a new node then";
  EXPECT_EQ(again->size(), 32U);
}

TEST_F(DataDirectoryTest, a_file_in_the_place_of_the_folder_is_explained) {
  std::ofstream(root / "file") << "x";
  const auto claimed = DataDirectory::claim(root / "file", files);
  ASSERT_FALSE(claimed);
  EXPECT_EQ(claimed.error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace shoal::app
