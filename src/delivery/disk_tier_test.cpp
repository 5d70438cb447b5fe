#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <future>
#include <thread>

#include "base/check.h"
#include "base/random.h"
#include "base/text.h"
#include "delivery/block_cache.h"
#include "delivery/object_body.h"
#include "io/runtime.h"
#include "tests/support/manual_clock.h"
#include "tests/support/media_fixture.h"
#include "tests/support/volatile_file_system.h"

namespace shoal::delivery {
namespace {

constexpr std::uint64_t k_block = 1000;
constexpr std::uint64_t k_small_chunk = 4 * k_block;
/// Four blocks: a chunk.
constexpr std::uint64_t k_memory = std::uint64_t{4} * 4096;

/// An object of three chunks, the last one short, in a store that counts its reads.
struct DiskTierTest : testing::Test {
  DiskTierTest() {
    bytes.resize(2 * k_small_chunk + k_block + 1);
    random.fill(std::as_writable_bytes(std::span(bytes)));
    for (std::size_t at = 0; at < bytes.size(); at += k_small_chunk)
      hashes.push_back(Sha256::of(bytes.substr(at, k_small_chunk)));
    runtime.run_until_done([](tests::RemoteFake& to, std::string what) -> io::Task<> {
      SHOAL_CHECK((co_await to.put_bytes("k", std::move(what), {})).has_value());
    }(store, bytes));
    disk.start();
    tests::wait_until([this] { return disk.is_ready(); });
    object = open(hashes);
    memory = new_memory(10 * k_memory);
  }
  ~DiskTierTest() override {
    runtime.run_until_done(memory->stop());
    runtime.run_until_done(disk.stop());
  }

  std::shared_ptr<const RemoteObject> open(std::vector<ChunkHash> chunks) {
    std::shared_ptr<const RemoteObject> made;
    runtime.run_until_done([](tests::RemoteFake& from, std::vector<ChunkHash> of,
                              std::shared_ptr<const RemoteObject>& out) -> io::Task<> {
      auto reader = co_await from.open("k");
      SHOAL_CHECK(reader.has_value());
      out = std::make_shared<const RemoteObject>("store/k", *std::move(reader), "",
                                                 MediaHashes{std::move(of), 0, {}});
    }(store, std::move(chunks), made));
    return made;
  }
  std::unique_ptr<BlockCache> new_memory(std::uint64_t limit) {
    return std::make_unique<BlockCache>(
        BlockCache::Config{.block_size = k_block, .limit = limit, .chunk_size = k_small_chunk},
        metrics, runtime.executor(0), &disk);
  }
  /// As after a restart: nothing in memory.
  void forget_memory(std::uint64_t limit = 10 * k_memory) {
    runtime.run_until_done(memory->stop());
    memory = new_memory(limit);
    store.reads = 0;
  }
  void wait_for_chunks(double count) {
    tests::wait_until([&] { return fills("kept") == count; });
  }
  double fills(std::string_view outcome) {
    for (const auto& sample : metrics.samples("shoal_media_cache_fills_total"))
      if (sample.labels.at(0).second == outcome) return sample.value;
    return -1;
  }
  static io::Task<> read_all(BlockCache& cache, std::shared_ptr<const RemoteObject> object,
                             net::ByteSpan span, Result<std::string>& text) {
    ObjectBody body(cache, std::move(object), span);
    co_await tests::read_body(body, text);
  }
  Result<std::string> read_all(net::ByteSpan span) {
    Result<std::string> text;
    runtime.run_until_done(read_all(*memory, object, span, text));
    return text;
  }
  Result<std::string> read_all() { return read_all({0, bytes.size()}); }

  io::Runtime runtime{1};
  tests::ManualClock clock;
  SeededRandom random{3};
  Metrics metrics;
  std::string bytes;
  std::vector<ChunkHash> hashes;
  tests::RemoteFake store{"store", clock};
  tests::VolatileFileSystem files;
  io::Offload offload{"disk", 2, 100};
  DiskCache disk{{.folder = files.root() / "media", .limit = 1 << 20, .keep_free = 0},
                 {files, offload, clock, metrics, runtime.executor(0)}};
  std::shared_ptr<const RemoteObject> object;
  std::unique_ptr<BlockCache> memory;
};

TEST_F(DiskTierTest, a_viewer_and_the_fills_share_each_read_of_the_store) {
  EXPECT_TRUE(read_all() == bytes);
  wait_for_chunks(3);
  EXPECT_EQ(store.reads, 10) << "the blocks of the object";
}

TEST_F(DiskTierTest, what_was_read_once_is_not_asked_of_the_store_again) {
  ASSERT_TRUE(read_all());
  wait_for_chunks(3);
  forget_memory();
  store.fail_reads(Error{ErrorCode::unavailable, "away"});
  EXPECT_TRUE(read_all() == bytes);
  EXPECT_EQ(store.reads, 0);
}

TEST_F(DiskTierTest, one_block_brings_its_chunk_and_no_other) {
  ASSERT_TRUE(read_all({5 * k_block, 5 * k_block + 1}));
  wait_for_chunks(1);
  EXPECT_EQ(store.reads, 4);
  forget_memory();
  EXPECT_TRUE(read_all({4 * k_block, 8 * k_block}) == bytes.substr(4 * k_block, 4 * k_block));
  EXPECT_EQ(store.reads, 0);
}

TEST_F(DiskTierTest, many_viewers_and_a_fill_make_one_read_of_each_block) {
  std::promise<void> gate;
  store.hold_reads(gate.get_future());
  std::vector<Result<std::string>> texts(30);
  io::TaskGroup viewers(runtime.executor(0), "viewers");
  for (auto& text : texts) viewers.spawn(read_all(*memory, object, {0, bytes.size()}, text));
  tests::wait_until([this] { return store.reads > 0; });
  gate.set_value();
  runtime.run_until_done(viewers.drain());
  wait_for_chunks(3);
  for (const auto& text : texts) EXPECT_TRUE(text == bytes);
  EXPECT_EQ(store.reads, 10);
}

TEST_F(DiskTierTest, wrong_bytes_of_the_store_are_not_kept_and_read_anew) {
  hashes[1] = Sha256::of("something else");
  object = open(hashes);
  ASSERT_TRUE(read_all({4 * k_block, 8 * k_block}));
  tests::wait_until([this] { return fills("wrong") == 1; });
  // One thread: the fill has let the blocks go before the next read begins.
  store.reads = 0;
  ASSERT_TRUE(read_all({4 * k_block, 8 * k_block}));
  EXPECT_EQ(store.reads, 4);
  EXPECT_EQ(fills("kept"), 0);
  EXPECT_THAT(files.list(files.root() / "media").value(), testing::IsEmpty());
}

TEST_F(DiskTierTest, a_store_that_fails_during_a_fill_leaves_the_place_to_the_next) {
  store.fail_reads(Error{ErrorCode::unavailable, "away"}, 6 * k_block);
  ASSERT_TRUE(read_all({4 * k_block, 5 * k_block}));
  tests::wait_until([this] { return fills("failed") == 1; });
  store.fail_reads(std::nullopt);
  forget_memory();
  ASSERT_TRUE(read_all({4 * k_block, 5 * k_block}));
  wait_for_chunks(1);
}

TEST_F(DiskTierTest, an_object_without_hashes_is_left_to_memory_and_the_store) {
  object = open({});
  EXPECT_TRUE(read_all() == bytes);
  forget_memory();
  EXPECT_TRUE(read_all() == bytes);
  EXPECT_EQ(store.reads, 10);
  EXPECT_EQ(fills("kept") + fills("refused") + fills("failed") + fills("wrong"), 0);
}

TEST_F(DiskTierTest, who_finds_no_room_in_memory_is_served_from_the_disk) {
  ASSERT_TRUE(read_all());
  wait_for_chunks(3);
  forget_memory(0);
  EXPECT_TRUE(read_all() == bytes);
  EXPECT_TRUE(read_all({3'999, 4'001}) == bytes.substr(3'999, 2));
  EXPECT_EQ(store.reads, 0);
}

TEST_F(DiskTierTest, without_room_in_memory_nothing_is_filled_and_all_is_served) {
  forget_memory(2 * 4096);
  EXPECT_TRUE(read_all() == bytes);
  // The last chunk is two blocks.
  EXPECT_LE(fills("kept"), 1);
  EXPECT_EQ(fills("wrong"), 0);
}

TEST_F(DiskTierTest, a_damaged_chunk_is_read_from_the_store_and_kept_again) {
  ASSERT_TRUE(read_all());
  wait_for_chunks(3);
  files.corrupt(files.root() / "media" / chunk_path(hashes[1]), 1);
  forget_memory();
  EXPECT_TRUE(read_all() == bytes);
  wait_for_chunks(4);
  EXPECT_EQ(store.reads, 4);
}

TEST_F(DiskTierTest, a_stop_ends_a_fill_that_waits_for_the_store) {
  ASSERT_TRUE(read_all({0, k_block}));
  wait_for_chunks(1);
  std::promise<void> gate;
  Result<std::string> text;
  io::TaskGroup viewers(runtime.executor(0), "viewers");
  store.hold_reads(gate.get_future());
  viewers.spawn(read_all(*memory, object, {4 * k_block, 6 * k_block}, text));
  tests::wait_until([this] { return store.reads > 4; });
  gate.set_value();
  runtime.run_until_done(viewers.drain());
  runtime.run_until_done(memory->stop());
  EXPECT_TRUE(text == bytes.substr(4 * k_block, 2 * k_block));
  store.hold_reads({});
  memory = new_memory(10 * k_memory);
  EXPECT_TRUE(read_all() == bytes) << "the place was given back";
  wait_for_chunks(3);
}

TEST_F(DiskTierTest, viewers_of_all_threads_get_their_bytes_with_little_memory_and_disk) {
  io::Runtime threads(4);
  io::Offload pool{"pool", 4, 1000};  // ends before the runtime that it posts to
  DiskCache little({.folder = files.root() / "little", .limit = 20'000, .keep_free = 0},
                   {files, pool, clock, metrics, threads.executor(0)});
  little.start();
  tests::wait_until([&] { return little.is_ready(); });
  BlockCache blocks({.block_size = k_block, .limit = 3 * k_memory, .chunk_size = k_small_chunk},
                    metrics, threads.executor(0), &little);
  std::vector<Result<std::string>> texts(64);
  {
    io::TaskGroup viewers(threads.executor(0), "viewers");
    for (std::size_t i = 0; i < texts.size(); ++i)
      viewers.spawn_on(threads.next_executor(),
                       read_all(blocks, object, {i * 10, bytes.size()}, texts[i]));
    threads.run_until_done(viewers.drain());
  }
  threads.run_until_done(blocks.stop());
  threads.run_until_done(little.stop());
  for (std::size_t i = 0; i < texts.size(); ++i) EXPECT_TRUE(texts[i] == bytes.substr(i * 10));
  EXPECT_LE(blocks.used(), 3 * k_memory);
}

}  // namespace
}  // namespace shoal::delivery
