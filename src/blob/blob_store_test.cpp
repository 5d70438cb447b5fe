#include <gtest/gtest.h>

#include "base/check.h"
#include "blob/local_store.h"
#include "blob/memory_store.h"
#include "tests/conformance/blob_store_conformance.h"
#include "tests/support/manual_clock.h"

namespace shoal::blob {
namespace {

struct LocalFixture {
  LocalFixture() {
    auto opened = LocalStore::open("local", directory.path(), "instance", files, disk, random);
    SHOAL_CHECK(opened.has_value());
    local = *std::move(opened);
  }
  BlobStore& store() { return *local; }

  tests::TemporaryDirectory directory;
  io::PosixFileSystem files;
  io::Offload disk{"disk", 1, 16};
  SystemRandom random;
  std::unique_ptr<LocalStore> local;
};

struct MemoryFixture {
  BlobStore& store() { return memory; }
  tests::ManualClock clock;
  MemoryStore memory{"memory", clock};
};

INSTANTIATE_TYPED_TEST_SUITE_P(Local, BlobStoreConformance, LocalFixture);
INSTANTIATE_TYPED_TEST_SUITE_P(Memory, BlobStoreConformance, MemoryFixture);

struct LocalStoreTest : testing::Test, LocalFixture {
  Result<std::unique_ptr<LocalStore>> open_as(std::string instance) {
    return LocalStore::open("local", directory.path(), std::move(instance), files, disk, random);
  }
  template <class T>
  T wait(io::Task<T> task) {
    std::optional<T> result;
    io::Runtime runtime(1);
    runtime.run_until_done([](io::Task<T> inner, std::optional<T>& out) -> io::Task<> {
      out.emplace(co_await std::move(inner));
    }(std::move(task), result));
    return std::move(*result);
  }
};

TEST_F(LocalStoreTest, opens_again_for_its_instance_and_for_no_other) {
  const auto again = open_as("instance");
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ((*again)->identity(), local->identity());
  const auto foreign = open_as("another");
  ASSERT_FALSE(foreign);
  EXPECT_EQ(foreign.error().code, ErrorCode::unavailable);
}

TEST_F(LocalStoreTest, without_its_marker_it_is_offline_and_nothing_is_missing) {
  ASSERT_TRUE(wait(local->put_bytes("k", "bytes")));
  ASSERT_TRUE(files.remove(directory.path() / ".shoal-store"));
  EXPECT_EQ(wait(local->open("other")).error().code, ErrorCode::unavailable);
  EXPECT_EQ(wait(local->put_bytes("new", "x")).error().code, ErrorCode::unavailable);
  const auto reopened = open_as("instance");
  ASSERT_FALSE(reopened);
  EXPECT_THAT(reopened.error().message, testing::HasSubstr("mounted"));
}

TEST_F(LocalStoreTest, what_a_crash_left_half_written_is_removed_when_it_opens) {
  const io::Path left = directory.path() / ".incoming" / "left";
  ASSERT_TRUE(files.open(left, io::OpenMode::create_new));
  ASSERT_TRUE(open_as("instance"));
  EXPECT_FALSE(std::filesystem::exists(left));
}

}  // namespace
}  // namespace shoal::blob
