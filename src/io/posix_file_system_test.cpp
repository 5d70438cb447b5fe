#include <gtest/gtest.h>
#include <sys/stat.h>

#include "io/file_system.h"
#include "io/system_error.h"
#include "tests/conformance/file_system_conformance.h"
#include "tests/support/temporary_directory.h"

namespace shoal::io {
namespace {

struct PosixFixture {
  tests::TemporaryDirectory directory;
  PosixFileSystem files;
  Path root() const { return directory.path(); }
};

INSTANTIATE_TYPED_TEST_SUITE_P(Posix, FileSystemConformance, PosixFixture);

TEST(PosixFileSystem, a_folder_or_a_pipe_is_not_a_file) {
  PosixFixture fixture;
  EXPECT_EQ(fixture.files.open(fixture.root(), OpenMode::read).error().code, ErrorCode::invalid);
  ASSERT_EQ(::mkfifo((fixture.root() / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(fixture.files.open(fixture.root() / "pipe", OpenMode::read).error().code,
            ErrorCode::invalid);
}

TEST(PosixFileSystem, system_errors_say_what_the_caller_can_do) {
  EXPECT_EQ(classify_errno(ENOSPC), ErrorCode::unavailable);
  EXPECT_EQ(classify_errno(EDQUOT), ErrorCode::unavailable);
  EXPECT_EQ(classify_errno(EROFS), ErrorCode::unavailable);
}

TEST(PosixFileSystem, write_durably_leaves_no_temporary_name) {
  PosixFixture fixture;
  const auto path = fixture.root() / "state";
  const std::string text = "content";
  ASSERT_TRUE(write_durably(fixture.files, path, std::as_bytes(std::span(text))));
  EXPECT_EQ(read_whole(fixture.files, path, 100), text);
  EXPECT_EQ(read_whole(fixture.files, path, 3).error().code, ErrorCode::too_large);
  EXPECT_EQ(fixture.files.list(fixture.root())->size(), 1U);
  EXPECT_EQ(write_durably(fixture.files, fixture.root() / "missing" / "x", {}).error().code,
            ErrorCode::not_found);
}

}  // namespace
}  // namespace shoal::io
