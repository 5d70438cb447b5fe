#include "storage/files.h"

#include <gtest/gtest.h>

#include "base/digest.h"
#include "base/text.h"
#include "blob/memory_store.h"
#include "io/runtime.h"
#include "storage/trash.h"
#include "tests/support/database_fixture.h"
#include "tests/support/manual_clock.h"

namespace shoal::storage {
namespace {

TEST(Checksum, hashes_the_whole_and_each_block) {
  const std::string small = "hello";
  EXPECT_EQ(checksum_of(small).sha256, to_hex(Sha256::of(small)));
  EXPECT_EQ(checksum_of(small).block_sha256, "");
  const std::string large(k_checksum_block + 1, 'x');
  const Checksum sum = checksum_of(large);
  EXPECT_EQ(sum.size, large.size());
  EXPECT_EQ(sum.sha256, to_hex(Sha256::of(large)));
  EXPECT_EQ(sum.block_sha256,
            to_hex(Sha256::of(std::string_view(large).substr(0, k_checksum_block))) +
                to_hex(Sha256::of("x")));
}

class FilesTest : public tests::DatabaseTest {
 protected:
  FileId record(const std::string& name, const std::string& key) {
    const auto id = database->write_blocking([&](db::Session& session) -> Result<FileId> {
      return record_file(session,
                         {{}, FileKind::rendition, name, "video/mp4", checksum_of("bytes")},
                         "memory", key, clock.now());
    });
    return id ? *id : FileId{};
  }
  std::size_t collect() {
    std::size_t count = 0;
    io::Runtime runtime(1);
    runtime.run_until_done([](FilesTest& test, std::size_t& out) -> io::Task<> {
      const auto lookup = [&test](std::string_view name) -> blob::BlobStore* {
        return name == "memory" ? &test.store : nullptr;
      };
      const auto result = co_await collect_trash(*test.database, lookup, test.clock.now(), 100);
      out = result.value_or(999);
    }(*this, count));
    return count;
  }
  bool exists(const std::string& key) {
    bool found = false;
    io::Runtime runtime(1);
    runtime.run_until_done([](blob::BlobStore& from, std::string name, bool& out) -> io::Task<> {
      out = (co_await from.status(name)).has_value();
    }(store, key, found));
    return found;
  }
  void put(const std::string& key) {
    io::Runtime runtime(1);
    runtime.run_until_done([](blob::BlobStore& into, std::string name) -> io::Task<> {
      EXPECT_TRUE(co_await into.put_bytes(name, "bytes"));
    }(store, key));
  }
  tests::ManualClock clock;
  blob::MemoryStore store{"memory", clock};
};
SHOAL_ON_BOTH_ENGINES(FilesTest);

TEST_P(FilesTest, a_recorded_file_is_found_and_its_name_is_taken) {
  const FileId id = record("a.mp4", "k/a.mp4");
  const auto found = database->read_blocking(
      [&](db::Session& session) -> Result<StoredFile> { return *find_file(session, "a.mp4"); });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id, id);
  EXPECT_EQ(found->object_key, "k/a.mp4");
  const auto again = database->write_blocking([&](db::Session& session) -> Result<FileId> {
    return record_file(session,
                       {{}, FileKind::rendition, "a.mp4", "video/mp4", checksum_of("other")},
                       "memory", "k/b.mp4", clock.now());
  });
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::conflict);
}

TEST_P(FilesTest, trash_is_kept_until_it_is_due_and_then_deleted) {
  put("k/a.mp4");
  const FileId id = record("a.mp4", "k/a.mp4");
  ASSERT_TRUE(database->write_blocking([&](db::Session& session) -> Result<> {
    trash_file(session, id, clock.now() + Seconds(60));
    return {};
  }));
  EXPECT_EQ(collect(), 0U);
  EXPECT_TRUE(exists("k/a.mp4"));
  clock.advance(Seconds(61));
  EXPECT_EQ(collect(), 1U);
  EXPECT_FALSE(exists("k/a.mp4"));
  EXPECT_EQ(collect(), 0U);
}

TEST_P(FilesTest, an_object_that_is_a_copy_again_is_not_deleted) {
  put("k/a.mp4");
  ASSERT_TRUE(database->write_blocking([&](db::Session& session) -> Result<> {
    trash_object(session, "memory", "k/a.mp4", clock.now());
    return {};
  }));
  record("a.mp4", "k/a.mp4");
  EXPECT_EQ(collect(), 0U);
  EXPECT_TRUE(exists("k/a.mp4"));
}

}  // namespace
}  // namespace shoal::storage
