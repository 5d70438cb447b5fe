#include "delivery/block_cache.h"

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <future>

#include "base/check.h"
#include "base/crc32c.h"
#include "base/random.h"
#include "delivery/object_body.h"
#include "io/runtime.h"
#include "tests/support/manual_clock.h"
#include "tests/support/media_fixture.h"

namespace shoal::delivery {
namespace {

constexpr std::uint64_t k_block = 1000;

struct BlockCacheTest : testing::Test {
  BlockCacheTest() {
    bytes.resize(10 * k_block + 1);
    random.fill(std::as_writable_bytes(std::span(bytes)));
    runtime.run_until_done(open());
  }
  ~BlockCacheTest() override { runtime.run_until_done(cache.stop()); }
  io::Task<> open() {
    SHOAL_CHECK((co_await store.put_bytes("k", bytes, {})).has_value());
    auto reader = co_await store.open("k");
    SHOAL_CHECK(reader.has_value());
    object = std::make_shared<const RemoteObject>("store/k", *std::move(reader));
  }
  void know_ranges(std::uint64_t length) {
    MediaHashes hashes{.chunks = {}, .range_length = length, .ranges = {}};
    for (std::size_t at = 0; at < bytes.size(); at += length)
      hashes.ranges.push_back(crc32c(std::as_bytes(
          std::span(bytes).subspan(at, std::min<std::size_t>(length, bytes.size() - at)))));
    object = std::make_shared<const RemoteObject>(object->id, object->reader, "", hashes);
  }
  io::Task<> get(std::uint64_t offset, Result<BlockCache::SharedBlock>& found) {
    found = co_await cache.get(object, offset);
  }
  Result<BlockCache::SharedBlock> wait_for(std::uint64_t offset) {
    Result<BlockCache::SharedBlock> found;
    runtime.run_until_done(get(offset, found));
    return found;
  }
  io::Task<> read_all(net::ByteSpan span, Result<std::string>& text, bool begins = false) {
    ObjectBody body(cache, object, span);
    if (begins) EXPECT_TRUE(co_await body.begin());
    co_await tests::read_body(body, text);
  }
  Result<std::string> read_all(net::ByteSpan span, bool begins = false) {
    Result<std::string> text;
    runtime.run_until_done(read_all(span, text, begins));
    return text;
  }
  /// One thread: what was posted before is done as far as it can be.
  void let_all_ask() {
    std::promise<void> passed;
    boost::asio::post(runtime.executor(0), [&passed] { passed.set_value(); });
    passed.get_future().wait();
  }

  io::Runtime runtime{1};
  tests::ManualClock clock;
  SeededRandom random{3};
  Metrics metrics;
  std::string bytes;
  tests::RemoteFake store{"store", clock};
  std::shared_ptr<const RemoteObject> object;
  BlockCache cache{{.block_size = k_block, .limit = 5 * 4096}, metrics, runtime.executor(0)};
};

TEST_F(BlockCacheTest, many_who_want_the_same_block_read_it_once) {
  std::promise<void> gate;
  store.hold_reads(gate.get_future());
  io::TaskGroup viewers(runtime.executor(0), "viewers");
  std::vector<Result<BlockCache::SharedBlock>> found(50);
  for (auto& one : found) viewers.spawn(get(k_block + 7, one));
  let_all_ask();
  EXPECT_EQ(store.reads, 1);
  gate.set_value();
  runtime.run_until_done(viewers.drain());
  EXPECT_EQ(store.reads, 1);
  for (const auto& one : found) {
    ASSERT_TRUE(one && *one);
    EXPECT_EQ((*one)->begin(), k_block);
    EXPECT_EQ(*one, *found.front()) << "all have the same memory";
  }
  const auto block = (*found.front())->bytes();
  EXPECT_TRUE(std::ranges::equal(block, std::as_bytes(std::span(bytes)).subspan(k_block, k_block)));
}

TEST_F(BlockCacheTest, every_range_is_its_bytes) {
  for (const net::ByteSpan span : {net::ByteSpan{0, 1},
                                   {0, bytes.size()},
                                   {999, 1001},
                                   {1000, 2000},
                                   {10'000, 10'001},
                                   {1234, 8765},
                                   {5, 5}}) {
    const auto text = read_all(span);
    ASSERT_TRUE(text) << text.error().message;
    EXPECT_TRUE(*text == bytes.substr(span.begin, span.length())) << span.begin;
  }
}

TEST_F(BlockCacheTest, memory_is_bounded_and_beyond_it_everybody_reads_alone) {
  std::vector<BlockCache::SharedBlock> held(5);
  for (std::uint64_t i = 0; i < held.size(); ++i) held[i] = *wait_for(i * k_block);
  EXPECT_EQ(cache.used(), 5 * 4096U);
  EXPECT_EQ(*wait_for(7 * k_block), nullptr);
  for (const bool begins : {false, true}) {
    const auto text = read_all({7 * k_block, 9 * k_block}, begins);
    ASSERT_TRUE(text);
    EXPECT_TRUE(*text == bytes.substr(7 * k_block, 2 * k_block));
  }
  EXPECT_EQ(store.streams, 0) << "a slow viewer would hold one open";
  held.erase(held.begin());
  EXPECT_NE(*wait_for(7 * k_block), nullptr) << "what nobody holds makes room";
  EXPECT_LE(cache.used(), 5 * 4096U);
}

TEST_F(BlockCacheTest, a_viewer_reads_one_block_ahead_and_no_more) {
  ObjectBody body(cache, object, {0, bytes.size()});
  runtime.run_until_done(
      [](ObjectBody& from) -> io::Task<> { EXPECT_TRUE(co_await from.begin()); }(body));
  const auto until = SystemClock().steady_now() + Seconds{10};
  while (cache.used() < 2 * 4096 && SystemClock().steady_now() < until) std::this_thread::yield();
  for (int i = 0; i < 10; ++i) let_all_ask();
  EXPECT_EQ(store.reads, 2);
}

TEST_F(BlockCacheTest, all_who_waited_are_told_of_a_failure_and_the_next_asks_anew) {
  std::promise<void> gate;
  store.hold_reads(gate.get_future());
  store.fail_reads(Error{ErrorCode::unavailable, "away"});
  io::TaskGroup viewers(runtime.executor(0), "viewers");
  std::vector<Result<BlockCache::SharedBlock>> found(5);
  for (auto& one : found) viewers.spawn(get(0, one));
  let_all_ask();
  gate.set_value();
  runtime.run_until_done(viewers.drain());
  for (const auto& one : found) {
    ASSERT_FALSE(one);
    EXPECT_EQ(one.error().code, ErrorCode::unavailable);
  }
  store.fail_reads(std::nullopt);
  EXPECT_TRUE(wait_for(0));
}

TEST_F(BlockCacheTest, who_gives_up_leaves_the_read_to_another) {
  std::promise<void> gate;
  store.hold_reads(gate.get_future());
  Result<BlockCache::SharedBlock> left;
  Result<BlockCache::SharedBlock> stayed;
  io::TaskGroup first(runtime.executor(0), "first");
  io::TaskGroup second(runtime.executor(0), "second");
  first.spawn(get(0, left));
  let_all_ask();
  second.spawn(get(0, stayed));
  let_all_ask();
  first.cancel();
  let_all_ask();
  gate.set_value();
  runtime.run_until_done(first.stop());
  runtime.run_until_done(second.drain());
  ASSERT_TRUE(stayed && *stayed);
  EXPECT_EQ((*stayed)->bytes().size(), k_block);
}

TEST_F(BlockCacheTest, viewers_of_all_threads_get_their_bytes_within_the_bound) {
  io::Runtime threads(4);
  io::TaskGroup viewers(threads.executor(0), "viewers");
  std::vector<Result<std::string>> texts(64);
  for (std::size_t i = 0; i < texts.size(); ++i)
    viewers.spawn_on(threads.next_executor(), read_all({i * 10, bytes.size()}, texts[i]));
  threads.run_until_done(viewers.drain());
  threads.run_until_done(cache.stop());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    ASSERT_TRUE(texts[i]) << texts[i].error().message;
    EXPECT_TRUE(*texts[i] == bytes.substr(i * 10));
  }
  EXPECT_LE(cache.used(), 5 * 4096U);
}

TEST_F(BlockCacheTest, an_object_shorter_than_its_record_is_an_error_and_no_end) {
  const auto text = read_all({0, bytes.size() + 1});
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, ErrorCode::corrupt);
}

TEST_F(BlockCacheTest, an_error_in_the_middle_is_an_error_and_no_end) {
  store.fail_reads(Error{ErrorCode::unavailable, "away"}, 3 * k_block);
  const auto text = read_all({0, bytes.size()});
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, ErrorCode::unavailable);
}

TEST_F(BlockCacheTest, what_came_damaged_is_asked_for_once_more_and_then_given_up) {
  know_ranges(k_block / 2);
  store.damages = 1;
  const auto healed = wait_for(3 * k_block);
  ASSERT_TRUE(healed && *healed);
  EXPECT_TRUE(std::ranges::equal((*healed)->bytes(),
                                 std::as_bytes(std::span(bytes)).subspan(3 * k_block, k_block)));
  EXPECT_EQ(store.reads, 2);
  store.damages = 2;
  const auto given_up = wait_for(10 * k_block);
  ASSERT_FALSE(given_up) << "the short one at the end";
  EXPECT_EQ(given_up.error().code, ErrorCode::corrupt);
  EXPECT_TRUE(wait_for(10 * k_block)) << "nothing of it was kept";
  EXPECT_EQ(store.reads, 5);
}

}  // namespace
}  // namespace shoal::delivery
