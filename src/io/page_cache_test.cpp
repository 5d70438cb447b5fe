#include "io/page_cache.h"

#include <gtest/gtest.h>

#include "io/file_system.h"
#include "tests/support/temporary_directory.h"

namespace shoal::io {
namespace {

TEST(PageCache, tells_cold_bytes_and_warms_them) {
  tests::TemporaryDirectory folder;
  PosixFileSystem files;
  auto file = files.open(folder.path() / "file", OpenMode::create_new);
  ASSERT_TRUE(file);
  const std::vector<std::byte> bytes(4 << 20, std::byte{7});
  ASSERT_TRUE((*file)->write_at(0, bytes));
  ASSERT_TRUE((*file)->sync());
  const int descriptor = (*file)->descriptor();
  EXPECT_TRUE(is_resident(descriptor, 0));
  EXPECT_TRUE(is_resident(descriptor, bytes.size() + 1));  // nothing to wait for
  drop_from_cache(descriptor);
  // (Where the folder lives in memory nothing was dropped, and what follows holds all the same.)
  read_ahead(descriptor, 0, bytes.size());
  for (std::size_t offset = 0; offset < bytes.size(); offset += 4096)
    EXPECT_TRUE(is_resident(descriptor, offset)) << offset;
}

TEST(PageCache, what_is_no_file_counts_as_resident) {
  EXPECT_TRUE(is_resident(-1, 0));
  read_ahead(-1, 0, 100);
  drop_from_cache(-1);
}

}  // namespace
}  // namespace shoal::io
