#include "worker/worker_folder.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "tests/support/temporary_directory.h"

namespace shoal::worker {
namespace {

class WorkerFolderTest : public testing::Test {
 protected:
  WorkerFolder claim() {
    auto folder = WorkerFolder::claim(root, files);
    EXPECT_TRUE(folder) << folder.error().message;
    return *std::move(folder);
  }
  tests::TemporaryDirectory directory;
  const io::Path root = directory.path() / "worker";
  io::PosixFileSystem files;
};

TEST_F(WorkerFolderTest, keeps_its_token_for_its_server_and_its_owner) {
  {
    WorkerFolder folder = claim();
    EXPECT_EQ(folder.find_token("https://a").value(), std::nullopt);
    EXPECT_TRUE(folder.keep_token("https://a", "ptrt-1"));
  }
  const WorkerFolder folder = claim();
  EXPECT_EQ(folder.find_token("https://a").value(), "ptrt-1");
  EXPECT_EQ(folder.find_token("https://b").error().code, ErrorCode::conflict);
  struct stat status{};
  EXPECT_EQ(::stat(folder.membership_file().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600);
}

TEST_F(WorkerFolderTest, a_second_worker_is_refused_while_the_first_is_there) {
  std::optional<WorkerFolder> first(claim());
  EXPECT_EQ(WorkerFolder::claim(root, files).error().code, ErrorCode::conflict);
  first.reset();
  EXPECT_TRUE(WorkerFolder::claim(root, files));
}

TEST_F(WorkerFolderTest, what_a_killed_worker_left_is_cleared_away) {
  claim();
  EXPECT_TRUE(files.create_directories(root / "work" / "1"));
  std::ofstream(root / "sources" / "half") << "of it";
  claim();
  EXPECT_TRUE(files.list(root / "work")->empty());
  EXPECT_TRUE(files.list(root / "sources")->empty());
}

TEST_F(WorkerFolderTest, a_broken_token_file_is_an_error_and_not_a_new_registration) {
  const WorkerFolder folder = claim();
  for (const char* text : {"", "{", "{}", R"({"server":"https://a"})"}) {
    std::ofstream(folder.membership_file()) << text;
    EXPECT_EQ(folder.find_token("https://a").error().code, ErrorCode::corrupt) << text;
  }
}

}  // namespace
}  // namespace shoal::worker
