#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/check.h"
#include "blob/local_store.h"
#include "blob/memory_store.h"
#include "tests/conformance/blob_store_conformance.h"
#include "tests/support/manual_clock.h"
#include "tests/support/volatile_file_system.h"

namespace shoal::blob {
namespace {

struct LocalFixture {
  LocalFixture() {
    auto opened = LocalStore::open("local", directory.path(), {"instance"}, files, disk, random);
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

struct VolatileFixture {
  VolatileFixture() {
    auto opened =
        LocalStore::open("local", files.root() / "media", {"instance"}, files, disk, random);
    SHOAL_CHECK(opened.has_value());
    local = *std::move(opened);
  }
  BlobStore& store() { return *local; }
  io::FileSystem& source_files() { return files; }
  const io::Path& source_folder() const { return files.root(); }

  tests::VolatileFileSystem files;
  io::Offload disk{"disk", 1, 16};
  SeededRandom random{1};
  std::unique_ptr<LocalStore> local;
};

struct MemoryFixture {
  BlobStore& store() { return memory; }
  tests::ManualClock clock;
  MemoryStore memory{"memory", clock};
};

INSTANTIATE_TYPED_TEST_SUITE_P(Local, BlobStoreConformance, LocalFixture);
INSTANTIATE_TYPED_TEST_SUITE_P(Volatile, BlobStoreConformance, VolatileFixture);
INSTANTIATE_TYPED_TEST_SUITE_P(Memory, BlobStoreConformance, MemoryFixture);

struct LocalStoreTest : testing::Test, LocalFixture {
  Result<std::unique_ptr<LocalStore>> open_as(std::string instance) {
    return LocalStore::open("local", directory.path(), {std::move(instance)}, files, disk, random);
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
  ASSERT_TRUE(wait(local->put_bytes("k", "bytes", {})));
  ASSERT_TRUE(files.remove(directory.path() / ".shoal-store"));
  EXPECT_EQ(wait(local->open("other")).error().code, ErrorCode::unavailable);
  EXPECT_EQ(wait(local->put_bytes("new", "x", {})).error().code, ErrorCode::unavailable);
  const auto reopened = open_as("instance");
  ASSERT_FALSE(reopened);
  EXPECT_THAT(reopened.error().message, testing::HasSubstr("mounted"));
}

TEST_F(LocalStoreTest, what_is_asked_of_it_is_counted_by_outcome) {
  Metrics metrics;
  local->count_requests(metrics);
  ASSERT_TRUE(wait(local->put_bytes("k", "bytes", {})));
  EXPECT_FALSE(wait(local->put_bytes("k", "bytes", {})));
  ASSERT_TRUE(wait(local->open("k")));
  EXPECT_FALSE(wait(local->open("none")));
  ASSERT_TRUE(files.remove(directory.path() / ".shoal-store"));
  EXPECT_FALSE(wait(local->list("", "", 10)));
  const std::string page = metrics.render();
  for (const auto* series :
       {"operation=\"put\",outcome=\"ok\"", "operation=\"put\",outcome=\"conflict\"",
        "operation=\"open\",outcome=\"ok\"", "operation=\"open\",outcome=\"not_found\"",
        "operation=\"list\",outcome=\"unavailable\""})
    EXPECT_THAT(page, testing::HasSubstr(fmt::format(
                          "shoal_store_requests_total{{{},store=\"local\"}} 1", series)));
  EXPECT_EQ(metrics.sum("shoal_store_requests_total"), 5);
}

TEST_F(LocalStoreTest, folders_go_with_their_last_object) {
  for (const std::string key : {"hls/video/1/a", "hls/video/1/b", "hls/other/c"})
    ASSERT_TRUE(wait(local->put_bytes(key, "bytes", {})));
  ASSERT_TRUE(wait(local->remove("hls/video/1/a")));
  EXPECT_TRUE(std::filesystem::exists(directory.path() / "hls/video/1"));
  ASSERT_TRUE(wait(local->remove("hls/video/1/b")));
  EXPECT_FALSE(std::filesystem::exists(directory.path() / "hls/video"));
  EXPECT_TRUE(std::filesystem::exists(directory.path() / "hls/other/c"));
  ASSERT_TRUE(wait(local->remove("hls/other/c")));
  EXPECT_FALSE(std::filesystem::exists(directory.path() / "hls"));
  EXPECT_TRUE(wait(local->put_bytes("hls/video/1/a", "bytes", {})));
  EXPECT_TRUE(open_as("instance"));
}

TEST_F(LocalStoreTest, folders_that_a_kill_left_empty_go_with_the_repeated_removal) {
  ASSERT_TRUE(wait(local->put_bytes("hls/video/a", "bytes", {})));
  ASSERT_TRUE(files.remove(directory.path() / "hls/video/a"));
  ASSERT_TRUE(wait(local->remove("hls/video/a")));
  EXPECT_FALSE(std::filesystem::exists(directory.path() / "hls"));
  EXPECT_TRUE(wait(local->remove("hls/video/a")));
}

TEST_F(LocalStoreTest, puts_beside_removals_in_one_folder_all_succeed) {
  io::Offload busy("busy", 4, 64);
  auto opened = LocalStore::open("local", directory.path(), {"instance"}, files, busy, random);
  ASSERT_TRUE(opened);
  std::atomic<int> failures = 0;
  const auto work = [&](int who) {
    for (int i = 0; i < 150; ++i) {
      const std::string key = "a/b/" + std::to_string(who);
      if (!wait((*opened)->put_bytes(key, "bytes", {}))) ++failures;
      if (!wait((*opened)->remove(key))) ++failures;
    }
  };
  std::vector<std::jthread> threads;
  threads.reserve(3);
  for (int who = 0; who < 3; ++who) threads.emplace_back(work, who);
  threads.clear();
  EXPECT_EQ(failures, 0);
}

TEST_F(LocalStoreTest, what_a_crash_left_half_written_is_removed_when_it_opens) {
  const io::Path left = directory.path() / ".incoming" / "left";
  ASSERT_TRUE(files.open(left, io::OpenMode::create_new));
  ASSERT_TRUE(open_as("instance"));
  EXPECT_FALSE(std::filesystem::exists(left));
}

/// One put of a file, one of bytes and one of a copy on a disk that does something at its nth
/// operation.
class PutSweep : public testing::Test {
 protected:
  template <class T>
  static T wait(io::Task<T> task) {
    std::optional<T> result;
    io::Runtime runtime(1);
    runtime.run_until_done([](io::Task<T> inner, std::optional<T>& out) -> io::Task<> {
      out.emplace(co_await std::move(inner));
    }(std::move(task), result));
    return std::move(*result);
  }

  struct Disk : VolatileFixture {
    Disk() {
      write_source();
      const auto file = files.open(other, io::OpenMode::create);
      SHOAL_CHECK((*file)->write_at(0, std::as_bytes(std::span(bytes))).has_value());
      SHOAL_CHECK((*file)->sync().has_value());
      SHOAL_CHECK(files.create_directories(files.root() / "work").has_value());
      SHOAL_CHECK(files.sync_directory(files.root()).has_value());
    }
    void write_source() {
      const auto file = files.open(source, io::OpenMode::create);
      SHOAL_CHECK((*file)->write_at(0, std::as_bytes(std::span(bytes))).has_value());
    }
    std::string object(const std::string& key) {
      auto whole = io::read_whole(files, files.root() / "media" / key, 1 << 20);
      return whole ? *whole : "none";
    }
    const std::string bytes = std::string(10'000, 'v') + "end";
    const io::Path source = files.root() / "source";
    const io::Path other = files.root() / "other";  ///< synced
  };

  /// Puts both, with `trouble(files, n)` before, for every n; hands each result to `check`.
  template <class Trouble, class Check>
  static void sweep(Trouble trouble, Check check) {
    for (std::uint64_t n = 1;; ++n) {
      SCOPED_TRACE("operation " + std::to_string(n));
      Disk disk;
      trouble(disk.files, n);
      const auto before = disk.files.operations();
      const bool file = wait(disk.local->put_file("a/b/file", disk.source, {})).has_value();
      const bool bytes = wait(disk.local->put_bytes("a/bytes", disk.bytes, {})).has_value();
      const bool copy = wait(disk.local->put_copy("a/copy", disk.other, {})).has_value();
      check(disk, file, bytes, copy);
      if (HasFailure() || disk.files.operations() - before < n) return;
    }
  }
  static void expect_whole_or_absent(Disk& disk, const std::string& key, bool put) {
    const auto object = disk.object(key);
    EXPECT_TRUE(object == disk.bytes || (!put && object == "none"))
        << key << " holds " << object.size() << " bytes, put: " << put;
  }
};

TEST_F(PutSweep, after_any_one_failure_an_object_is_whole_or_absent_and_a_second_try_works) {
  for (const ErrorCode failure : {ErrorCode::unavailable, ErrorCode::busy}) {
    sweep([&](auto& files, std::uint64_t n) { files.fail_operation(n, failure); },
          [](Disk& disk, bool file, bool bytes, bool copy) {
            expect_whole_or_absent(disk, "a/b/file", file);
            expect_whole_or_absent(disk, "a/bytes", bytes);
            expect_whole_or_absent(disk, "a/copy", copy);
            // A failed sync has lost what was not synced: the source is written again.
            if (!file) disk.write_source();
            if (!file) file = wait(disk.local->put_file("a/b/file", disk.source, {})).has_value();
            if (!bytes) bytes = wait(disk.local->put_bytes("a/bytes", disk.bytes, {})).has_value();
            EXPECT_EQ(disk.object("a/b/file"), disk.bytes);
            EXPECT_EQ(disk.object("a/bytes"), disk.bytes);
            if (!copy) copy = wait(disk.local->put_copy("a/copy", disk.other, {})).has_value();
            EXPECT_EQ(disk.object("a/copy"), disk.bytes);
            EXPECT_EQ(*io::read_whole(disk.files, disk.other, 1 << 20), disk.bytes);
          });
  }
}

TEST_F(PutSweep, after_a_power_cut_what_was_put_is_there_and_nothing_is_half_there) {
  for (const bool torn : {false, true}) {
    sweep([](auto& files, std::uint64_t n) { files.cut_power_at(n); },
          [&](Disk& disk, bool file, bool bytes, bool copy) {
            SeededRandom random(disk.files.operations());
            disk.files.restart(torn ? &random : nullptr);
            expect_whole_or_absent(disk, "a/b/file", file);
            expect_whole_or_absent(disk, "a/bytes", bytes);
            expect_whole_or_absent(disk, "a/copy", copy);
            EXPECT_TRUE(LocalStore::open("local", disk.files.root() / "media", {"instance"},
                                         disk.files, disk.disk, disk.random));
          });
  }
}

}  // namespace
}  // namespace shoal::blob
