#include "delivery/disk_cache/disk_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "base/random.h"
#include "base/text.h"
#include "io/runtime.h"
#include "tests/support/manual_clock.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/volatile_file_system.h"

namespace shoal::delivery {
namespace {

using Chunk = DiskCache::Chunk;

/// Chunks that are made of their number, on a disk that forgets.
struct DiskCacheTest : testing::Test {
  ~DiskCacheTest() override { stop(); }
  DiskCache& start(DiskCache::Config config, io::FileSystem* disk = nullptr) {
    stop();
    config.folder = config.folder.empty() ? folder : config.folder;
    cache = std::make_unique<DiskCache>(
        std::move(config), DiskCache::Services{disk != nullptr ? *disk : files, offload, clock,
                                               metrics, runtime.executor(0)});
    cache->start();
    const auto until = SystemClock().steady_now() + Seconds{20};
    while (!cache->is_ready() && SystemClock().steady_now() < until) std::this_thread::yield();
    EXPECT_TRUE(cache->is_ready());
    return *cache;
  }
  DiskCache& start(std::uint64_t limit = 100 << 20) {
    return start({.folder = {}, .limit = limit, .keep_free = 0});
  }
  void stop() {
    if (cache) runtime.run_until_done(cache->stop());
    cache.reset();
  }

  static std::string bytes_of(int number, std::size_t size = 150'000) {
    SeededRandom random{static_cast<std::uint64_t>(number)};
    std::string bytes(size, '\0');
    random.fill(std::as_writable_bytes(std::span(bytes)));
    return bytes;
  }
  static Chunk chunk_of(const std::string& bytes) {
    return {Sha256::of(bytes), static_cast<std::uint32_t>(bytes.size())};
  }
  static std::vector<DiskCache::Part> parts_of(const std::string& bytes) {
    std::vector<DiskCache::Part> parts;
    for (std::size_t at = 0; at < bytes.size(); at += 70'000) {
      const auto part = std::make_shared<std::string>(bytes.substr(at, 70'000));
      parts.push_back({part, std::as_bytes(std::span(*part))});
    }
    return parts;
  }
  static io::Task<> keep(DiskCache& cache, std::shared_ptr<DiskCache::Fill> fill,
                         std::vector<DiskCache::Part> parts, Result<>& kept) {
    kept = co_await cache.keep(std::move(fill), std::move(parts));
  }
  Result<> keep(const std::string& bytes, std::optional<Chunk> as = {}) {
    auto fill = cache->begin_fill(as ? *as : chunk_of(bytes));
    if (!fill) return fail(ErrorCode::busy, "no fill");
    Result<> kept;
    runtime.run_until_done(keep(*cache, std::move(fill), parts_of(bytes), kept));
    return kept;
  }
  static io::Task<> read(DiskCache& cache, Chunk chunk, std::uint64_t offset,
                         std::shared_ptr<std::string> out, bool& found) {
    found = co_await cache.read(chunk, offset, std::as_writable_bytes(std::span(*out)), out);
  }
  std::optional<std::string> read(Chunk chunk, std::uint64_t offset, std::size_t size) {
    const auto out = std::make_shared<std::string>(size, '?');
    bool found = false;
    runtime.run_until_done(read(*cache, chunk, offset, out, found));
    return found ? std::optional(*out) : std::nullopt;
  }
  std::optional<std::string> read(const std::string& bytes) {
    return read(chunk_of(bytes), 0, bytes.size());
  }
  std::vector<io::Path> list() {
    std::vector<io::Path> paths;
    for (const std::string& part : files.list(folder).value_or(std::vector<std::string>()))
      for (const std::string& name : files.list(folder / part).value())
        paths.push_back(folder / part / name);
    return paths;
  }
  std::uint64_t bytes_on_disk() {
    std::uint64_t total = 0;
    for (const io::Path& path : list()) total += files.status(path)->size;
    return total;
  }
  double count(std::string_view name, std::string_view outcome) {
    for (const auto& sample : metrics.samples(name))
      if (sample.labels.at(0).second == outcome) return sample.value;
    return -1;
  }
  double fills(std::string_view outcome) { return count("shoal_media_cache_fills_total", outcome); }
  double reads(std::string_view outcome) { return count("shoal_media_cache_reads_total", outcome); }

  io::Runtime runtime{1};
  tests::ManualClock clock;
  Metrics metrics;
  tests::VolatileFileSystem files;
  io::Path folder = files.root() / "cache" / "media";
  io::Offload offload{"disk", 2, 100};
  std::unique_ptr<DiskCache> cache;
};

TEST_F(DiskCacheTest, what_is_kept_is_read_back_in_any_range) {
  start();
  const std::string bytes = bytes_of(1, 300'001);
  EXPECT_EQ(read(bytes), std::nullopt);
  ASSERT_TRUE(keep(bytes));
  EXPECT_TRUE(read(bytes) == bytes);
  for (const auto& [offset, size] : {std::pair<std::size_t, std::size_t>{0, 1},
                                     {65'535, 2},
                                     {65'536, 65'536},
                                     {100, 200'000},
                                     {300'000, 1},
                                     {196'608, 103'393},
                                     {262'144, 37'000}})
    EXPECT_TRUE(read(chunk_of(bytes), offset, size) == bytes.substr(offset, size)) << offset;
  EXPECT_EQ(reads("hit"), 8);
  EXPECT_EQ(reads("miss"), 1);
  EXPECT_EQ(fills("kept"), 1);
  EXPECT_EQ(cache->begin_fill(chunk_of(bytes)), nullptr) << "it is there";
}

TEST_F(DiskCacheTest, a_whole_chunk_is_kept_and_found) {
  start();
  const std::string bytes = bytes_of(1, k_chunk);
  ASSERT_TRUE(keep(bytes));
  EXPECT_TRUE(read(bytes) == bytes);
}

TEST_F(DiskCacheTest, what_is_not_what_its_hash_says_is_never_written) {
  start();
  const std::string right = bytes_of(1);
  std::string wrong = right;
  wrong[77'777] ^= 1;
  for (const std::string& came : {wrong, right.substr(1), right + "x", std::string()}) {
    const auto kept = keep(came, chunk_of(right));
    ASSERT_FALSE(kept);
    EXPECT_EQ(kept.error().code, ErrorCode::corrupt);
    EXPECT_EQ(cache->begin_fill(chunk_of(right)), nullptr) << "not at once again";
    clock.advance(Seconds{61});
  }
  EXPECT_EQ(fills("wrong"), 4);
  EXPECT_THAT(list(), testing::IsEmpty());
  EXPECT_EQ(read(right), std::nullopt);
  EXPECT_TRUE(keep(right));
}

TEST_F(DiskCacheTest, a_restart_keeps_what_was_kept_and_drops_what_is_not_a_chunk) {
  start();
  const std::string bytes = bytes_of(1);
  ASSERT_TRUE(keep(bytes));
  const io::Path path = list().at(0);
  const auto leave = [&](const io::Path& at, std::uint64_t size) {
    EXPECT_TRUE(files.create_directories(at.parent_path()));
    EXPECT_TRUE((*files.open(at, io::OpenMode::create_new))->truncate(size));
  };
  io::Path temporary = path;
  leave(temporary += ".tmp", 1000);
  const std::string other = to_hex(Sha256::of("other"));
  leave(folder / other.substr(0, 2) / other, ChunkTrailer::k_size);
  const std::string large = to_hex(Sha256::of("large"));
  leave(folder / large.substr(0, 2) / large, k_chunk + ChunkTrailer::k_size + 1);
  leave(folder / "00" / "README", 10);
  start();
  EXPECT_THAT(list(), testing::UnorderedElementsAre(path, folder / "00" / "README"));
  EXPECT_TRUE(read(bytes) == bytes);
  EXPECT_EQ(metrics.sum("shoal_media_cache_bytes"),
            static_cast<double>(S3Fifo::cost_of(chunk_of(bytes).size)));
}

TEST_F(DiskCacheTest, of_a_folder_over_the_limit_the_newest_stay) {
  const tests::TemporaryDirectory real;
  io::PosixFileSystem disk;
  const std::uint64_t cost = S3Fifo::cost_of(150'000);
  DiskCache::Config config{.folder = real.path(), .limit = 10 * cost, .keep_free = 0};
  start(config, &disk);
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(keep(bytes_of(i)));
    // 3 is the newest, then 2, 1, 0, 9 …
    std::filesystem::last_write_time(
        real.path() / chunk_path(chunk_of(bytes_of(i)).hash),
        std::filesystem::file_time_type::clock::now() - std::chrono::hours{(13 - i) % 10});
  }
  config.limit = 4 * cost;
  start(config, &disk);
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(std::filesystem::exists(real.path() / chunk_path(chunk_of(bytes_of(i)).hash)), i < 4);
  EXPECT_TRUE(read(bytes_of(3)));
  ASSERT_TRUE(keep(bytes_of(20)));
  EXPECT_FALSE(read(bytes_of(0))) << "the oldest goes first";
  EXPECT_TRUE(read(bytes_of(1)));
}

TEST_F(DiskCacheTest, without_a_limit_the_folder_goes) {
  start();
  ASSERT_TRUE(keep(bytes_of(1)));
  stop();
  DiskCache off({.folder = folder, .limit = 0},
                {files, offload, clock, metrics, runtime.executor(0)});
  off.start();
  const auto until = SystemClock().steady_now() + Seconds{20};
  while (files.status(folder) && SystemClock().steady_now() < until) std::this_thread::yield();
  EXPECT_EQ(files.status(folder).error().code, ErrorCode::not_found);
  EXPECT_FALSE(off.is_ready());
  EXPECT_EQ(off.begin_fill(chunk_of(bytes_of(1))), nullptr);
  runtime.run_until_done(off.stop());
}

TEST_F(DiskCacheTest, the_folder_never_holds_more_than_its_limit) {
  const std::uint64_t limit = 1 << 20;
  start(limit);
  for (int i = 0; i < 60; ++i) {
    ASSERT_TRUE(keep(bytes_of(i, 1000 + static_cast<std::size_t>(i * 7'000) % 300'000)));
    ASSERT_LE(bytes_on_disk(), limit);
    ASSERT_LE(metrics.sum("shoal_media_cache_bytes"), static_cast<double>(limit));
  }
  EXPECT_GT(bytes_on_disk(), limit / 2);
  EXPECT_EQ(metrics.sum("shoal_media_cache_evicted_total"),
            60.0 - static_cast<double>(list().size()));
  EXPECT_EQ(cache->begin_fill(chunk_of(bytes_of(1, limit))), nullptr) << "larger than all";
}

TEST_F(DiskCacheTest, no_more_than_so_many_are_filled_at_a_time_and_each_once) {
  start();
  std::vector<std::shared_ptr<DiskCache::Fill>> fills_now;
  for (int i = 0; i < 4; ++i) {
    fills_now.push_back(cache->begin_fill(chunk_of(bytes_of(i))));
    ASSERT_NE(fills_now.back(), nullptr);
  }
  EXPECT_EQ(cache->begin_fill(chunk_of(bytes_of(0))), nullptr);
  EXPECT_EQ(fills("refused"), 0) << "it is on its way";
  EXPECT_EQ(cache->begin_fill(chunk_of(bytes_of(4))), nullptr);
  EXPECT_EQ(fills("refused"), 1);
  fills_now.pop_back();
  EXPECT_NE(cache->begin_fill(chunk_of(bytes_of(3))), nullptr);
}

TEST_F(DiskCacheTest, what_a_power_cut_tears_is_never_served) {
  for (std::uint64_t seed = 0; seed < 15; ++seed) {
    SCOPED_TRACE(seed);
    start();
    for (int i = 0; i < 6; ++i) std::ignore = keep(bytes_of(i));
    stop();
    SeededRandom random{seed};
    files.restart(&random);
    start();
    for (int i = 0; i < 6; ++i) {
      const std::string bytes = bytes_of(i);
      for (std::size_t offset = 0; offset < bytes.size(); offset += 30'000) {
        const auto got = read(chunk_of(bytes), offset, 30'000);
        ASSERT_TRUE(!got || *got == bytes.substr(offset, 30'000));
      }
      ASSERT_TRUE(read(bytes) || keep(bytes)) << "what was torn can be kept again";
      ASSERT_TRUE(read(bytes) == bytes);
    }
  }
  EXPECT_GT(reads("damaged"), 0);
}

TEST_F(DiskCacheTest, a_chunk_with_a_damaged_piece_is_dropped) {
  start();
  const std::string bytes = bytes_of(1);
  ASSERT_TRUE(keep(bytes));
  files.corrupt(list().at(0), 100'000);
  EXPECT_TRUE(read(chunk_of(bytes), 0, 65'536) == bytes.substr(0, 65'536)) << "another piece";
  EXPECT_EQ(read(chunk_of(bytes), 65'536, 1), std::nullopt);
  EXPECT_EQ(reads("damaged"), 1);
  EXPECT_THAT(list(), testing::IsEmpty());
  EXPECT_EQ(metrics.sum("shoal_media_cache_bytes"), 0);
}

TEST_F(DiskCacheTest, a_chunk_under_the_name_of_another_is_not_served) {
  start();
  ASSERT_TRUE(keep(bytes_of(1)));
  ASSERT_TRUE(keep(bytes_of(2)));
  ASSERT_TRUE(files.rename(folder / chunk_path(chunk_of(bytes_of(1)).hash),
                           folder / chunk_path(chunk_of(bytes_of(2)).hash)));
  EXPECT_EQ(read(bytes_of(2)), std::nullopt);
  EXPECT_EQ(reads("damaged"), 1);
  EXPECT_EQ(read(bytes_of(1)), std::nullopt) << "a file that is gone is a miss";
  EXPECT_EQ(reads("damaged"), 1);
  EXPECT_TRUE(keep(bytes_of(1)));
  EXPECT_TRUE(read(bytes_of(1)));
}

TEST_F(DiskCacheTest, a_full_disk_is_left_alone_for_a_while_and_read_all_the_same) {
  start();
  ASSERT_TRUE(keep(bytes_of(1)));
  files.set_capacity(200'000);
  EXPECT_FALSE(keep(bytes_of(2)));
  EXPECT_EQ(fills("failed"), 1);
  EXPECT_EQ(cache->begin_fill(chunk_of(bytes_of(2))), nullptr);
  EXPECT_TRUE(read(bytes_of(1)));
  EXPECT_EQ(list().size(), 1U) << "no half file";
  files.set_capacity(1 << 20);
  clock.advance(Seconds{61});
  EXPECT_TRUE(keep(bytes_of(2)));
  EXPECT_TRUE(read(bytes_of(2)));
}

TEST_F(DiskCacheTest, room_for_uploads_and_the_database_is_left) {
  start({.folder = {}, .limit = 100 << 20, .keep_free = 1 << 20});
  files.set_capacity((1 << 20) + 200'000);
  EXPECT_TRUE(keep(bytes_of(1)));
  const auto kept = keep(bytes_of(2));
  ASSERT_FALSE(kept);
  EXPECT_EQ(kept.error().code, ErrorCode::full);
}

TEST_F(DiskCacheTest, a_disk_that_cannot_be_read_costs_its_time_and_no_answer) {
  start();
  ASSERT_TRUE(keep(bytes_of(1)));
  files.cut_power_at(1);
  EXPECT_FALSE(keep(bytes_of(2)));
  EXPECT_EQ(read(bytes_of(1)), std::nullopt);
  EXPECT_EQ(read(bytes_of(1)), std::nullopt);
  EXPECT_EQ(reads("failed"), 1) << "the second did not ask the disk";
}

TEST_F(DiskCacheTest, whichever_operation_fails_nothing_wrong_remains) {
  const std::uint64_t limit = 500'000;  // three chunks
  for (std::uint64_t nth = 1;; ++nth) {
    SCOPED_TRACE(nth);
    std::ignore = files.remove_all(folder);
    start(limit);
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(keep(bytes_of(i)));
    const std::uint64_t before = files.operations();
    files.fail_operation(nth, ErrorCode::unavailable);
    const auto kept = keep(bytes_of(3));
    const std::uint64_t used = files.operations() - before;
    // Takes effect on a later operation where this took fewer.
    if (used < nth) break;
    EXPECT_LE(bytes_on_disk(), limit + 160'000);
    EXPECT_EQ(read(bytes_of(3)).has_value(), kept.has_value());
    clock.advance(Seconds{61});
    ASSERT_TRUE(kept || keep(bytes_of(3)));
    EXPECT_TRUE(read(bytes_of(3)) == bytes_of(3));
    for (int i = 0; i < 3; ++i) {
      const auto got = read(bytes_of(i));
      EXPECT_TRUE(!got || *got == bytes_of(i));
    }
    stop();
    start(limit);
    EXPECT_LE(bytes_on_disk(), limit);
  }
}

TEST_F(DiskCacheTest, readers_and_fills_of_all_threads_get_right_bytes_or_none) {
  const tests::TemporaryDirectory real;
  io::PosixFileSystem disk;
  io::Runtime threads(4);
  io::Offload pool{"pool", 4, 1000};  // ends before the runtime that it posts to
  DiskCache small({.folder = real.path(), .limit = 1 << 20, .keep_free = 0},
                  {disk, pool, clock, metrics, threads.executor(0)});
  small.start();
  const auto until = SystemClock().steady_now() + Seconds{20};
  while (!small.is_ready() && SystemClock().steady_now() < until) std::this_thread::yield();
  const auto visit = [](DiskCache& from, std::uint64_t seed, int& wrong) -> io::Task<> {
    SeededRandom random{seed};
    for (int i = 0; i < 100; ++i) {
      const std::string bytes = bytes_of(static_cast<int>(random.next() % 12));
      const auto out = std::make_shared<std::string>(bytes.size(), '?');
      if (co_await from.read(chunk_of(bytes), 0, std::as_writable_bytes(std::span(*out)), out)) {
        if (*out != bytes) ++wrong;
      } else if (auto fill = from.begin_fill(chunk_of(bytes))) {
        std::ignore = co_await from.keep(std::move(fill), parts_of(bytes));
      }
    }
  };
  std::vector<int> wrong(8);
  {
    io::TaskGroup viewers(threads.executor(0), "viewers");
    for (std::size_t i = 0; i < wrong.size(); ++i)
      viewers.spawn_on(threads.next_executor(), visit(small, i, wrong[i]));
    threads.run_until_done(viewers.drain());
  }
  threads.run_until_done(small.stop());
  EXPECT_THAT(wrong, testing::Each(0));
  EXPECT_GT(reads("hit"), 0);
  EXPECT_EQ(reads("damaged"), 0);
  EXPECT_GT(metrics.sum("shoal_media_cache_evicted_total"), 0);
}

}  // namespace
}  // namespace shoal::delivery
