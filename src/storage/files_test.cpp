#include "storage/files.h"

#include <gtest/gtest.h>

#include "base/crc32c.h"
#include "base/digest.h"
#include "base/text.h"
#include "blob/memory_store.h"
#include "io/runtime.h"
#include "storage/trash.h"
#include "tests/support/database_fixture.h"
#include "tests/support/forwarding_store.h"
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

TEST(Checksum, has_a_sum_of_each_range_of_several) {
  std::string bytes(2 * k_checksum_range, 'x');
  bytes += "and a rest";
  const auto sum_of = [&](std::size_t from, std::size_t length) {
    return fmt::format("{:08x}", crc32c(std::as_bytes(std::span(bytes).subspan(from, length))));
  };
  EXPECT_EQ(checksum_of(bytes).range_crc32c, sum_of(0, k_checksum_range) +
                                                 sum_of(k_checksum_range, k_checksum_range) +
                                                 sum_of(2 * k_checksum_range, 10));
  EXPECT_EQ(checksum_of(bytes.substr(0, k_checksum_range)).range_crc32c, "");
  // However the bytes come.
  Checksummer sum;
  for (std::size_t at = 0; at < bytes.size(); at += 100'000)
    sum.update(std::as_bytes(std::span(bytes))
                   .subspan(at, std::min<std::size_t>(100'000, bytes.size() - at)));
  EXPECT_EQ(sum.finish().range_crc32c, checksum_of(bytes).range_crc32c);
}

/// Refuses some removals, and lets the test act in the middle of one.
class AwkwardStore final : public tests::ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  io::Task<Result<>> remove(std::string key) override {
    if (on_remove) on_remove();
    if (!fails.empty() && key.starts_with(fails))
      co_return fail(ErrorCode::unavailable, "the disk does not answer");
    co_return co_await store().remove(std::move(key));
  }
  std::string fails;
  std::function<void()> on_remove;
};

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
      const auto result =
          co_await collect_trash(*test.database, lookup, test.clock.now(), test.limit);
      out = result ? result->deleted : 999;
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
      EXPECT_TRUE(co_await into.put_bytes(name, "bytes", {}));
    }(store, key));
  }
  Result<> announce(const std::string& key, std::string_view into = "memory") {
    return database->write_blocking(
        [&](db::Session& session) { return announce_object(session, into, key, clock.now()); });
  }
  std::int64_t count_trash() {
    return *database->read_blocking([](db::Session& session) -> Result<std::int64_t> {
      return session.query_one("select count(*) from object_trash")->integer(0);
    });
  }
  tests::ManualClock clock;
  blob::MemoryStore memory{"memory", clock};
  AwkwardStore store{memory};
  std::size_t limit = 100;
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

TEST_P(FilesTest, an_announced_object_without_a_row_is_collected_after_a_day) {
  ASSERT_TRUE(announce("k/a.mp4"));
  put("k/a.mp4");
  clock.advance(std::chrono::hours(23));
  EXPECT_EQ(collect(), 0U);
  EXPECT_TRUE(exists("k/a.mp4"));
  clock.advance(std::chrono::hours(2));
  EXPECT_EQ(collect(), 1U);
  EXPECT_FALSE(exists("k/a.mp4"));
}

TEST_P(FilesTest, a_recorded_object_is_not_announced_any_more) {
  ASSERT_TRUE(announce("k/a.mp4"));
  put("k/a.mp4");
  record("a.mp4", "k/a.mp4");
  EXPECT_EQ(count_trash(), 0);
  clock.advance(std::chrono::hours(48));
  EXPECT_EQ(collect(), 0U);
  EXPECT_TRUE(exists("k/a.mp4"));
}

TEST_P(FilesTest, an_object_that_is_given_up_goes_at_once_unless_it_is_recorded) {
  for (const std::string key : {"k/a.mp4", "k/b.mp4"}) {
    ASSERT_TRUE(announce(key));
    put(key);
  }
  record("b.mp4", "k/b.mp4");
  ASSERT_TRUE(database->write_blocking([&](db::Session& session) -> Result<> {
    for (const std::string key : {"k/a.mp4", "k/b.mp4"})
      give_up_object(session, "memory", key, clock.now());
    return {};
  }));
  EXPECT_EQ(collect(), 1U);
  EXPECT_FALSE(exists("k/a.mp4"));
  EXPECT_TRUE(exists("k/b.mp4"));
}

TEST_P(FilesTest, a_repeated_put_is_announced_anew) {
  ASSERT_TRUE(announce("k/a.mp4"));
  clock.advance(std::chrono::hours(23));
  ASSERT_TRUE(announce("k/a.mp4"));
  put("k/a.mp4");
  clock.advance(std::chrono::hours(23));
  EXPECT_EQ(collect(), 0U);
  EXPECT_TRUE(exists("k/a.mp4"));
}

TEST_P(FilesTest, an_object_that_is_being_deleted_is_neither_announced_nor_recorded) {
  ASSERT_TRUE(announce("k/a.mp4"));
  ASSERT_TRUE(announce("k/b.mp4"));
  clock.advance(std::chrono::hours(25));
  store.on_remove = [&] {
    const auto again = announce("k/a.mp4");
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, ErrorCode::busy);
    EXPECT_EQ(record("a.mp4", "k/a.mp4"), FileId{});
  };
  EXPECT_EQ(collect(), 2U);
  store.on_remove = nullptr;
  EXPECT_TRUE(announce("k/a.mp4"));
}

TEST_P(FilesTest, an_object_that_is_a_copy_again_is_not_deleted) {
  put("k/a.mp4");
  record("a.mp4", "k/a.mp4");
  // Another request with the same upload announces it once more and then finds it done.
  ASSERT_TRUE(announce("k/a.mp4"));
  clock.advance(std::chrono::hours(25));
  EXPECT_EQ(collect(), 0U);
  EXPECT_TRUE(exists("k/a.mp4"));
  EXPECT_EQ(count_trash(), 0);
}

TEST_P(FilesTest, what_cannot_be_deleted_does_not_stand_in_front_of_the_rest) {
  limit = 2;
  for (const std::string key : {"away/1", "away/2", "away/3"}) ASSERT_TRUE(announce(key, "tape"));
  for (const std::string key : {"stuck/1", "stuck/2"}) ASSERT_TRUE(announce(key));
  clock.advance(Seconds(1));
  ASSERT_TRUE(announce("k/a.mp4"));
  put("k/a.mp4");
  clock.advance(std::chrono::hours(25));
  store.fails = "stuck/";
  // A round for what is away, one for what is stuck.
  EXPECT_EQ(collect(), 0U);
  EXPECT_EQ(collect(), 0U);
  EXPECT_EQ(collect(), 1U);
  EXPECT_FALSE(exists("k/a.mp4"));
  EXPECT_EQ(count_trash(), 5);
  store.fails = "";
  EXPECT_EQ(collect(), 0U) << "put off";
  clock.advance(std::chrono::minutes(61));
  EXPECT_EQ(collect() + collect() + collect(), 2U);
  EXPECT_EQ(count_trash(), 3);
}

TEST_P(FilesTest, a_collector_that_died_is_followed_by_another) {
  ASSERT_TRUE(announce("k/a.mp4"));
  put("k/a.mp4");
  clock.advance(std::chrono::hours(25));
  ASSERT_TRUE(database->write_blocking([&](db::Session& session) -> Result<> {
    session.execute("update object_trash set deleting = 1, due_at = :until",
                    {clock.now() + std::chrono::minutes(10)});
    return {};
  }));
  EXPECT_EQ(collect(), 0U);
  clock.advance(std::chrono::minutes(11));
  EXPECT_EQ(collect(), 1U);
  EXPECT_FALSE(exists("k/a.mp4"));
}

TEST_P(FilesTest, a_server_that_is_alone_takes_over_from_a_dead_collector_at_once) {
  ASSERT_TRUE(announce("k/a.mp4"));
  put("k/a.mp4");
  ASSERT_TRUE(announce("k/waits.mp4"));
  ASSERT_TRUE(database->write_blocking([&](db::Session& session) -> Result<> {
    session.execute(
        "update object_trash set deleting = 1, due_at = :until where object_key = 'k/a.mp4'",
        {clock.now() + std::chrono::minutes(10)});
    release_trash(session);
    return {};
  }));
  EXPECT_EQ(collect(), 1U);
  EXPECT_FALSE(exists("k/a.mp4"));
  EXPECT_EQ(count_trash(), 1);
}

}  // namespace
}  // namespace shoal::storage
