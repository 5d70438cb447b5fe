#include <boost/asio/post.hpp>

#include "tests/support/forwarding_store.h"
#include "tests/support/move_batch_fixture.h"

namespace shoal::storage {
namespace {

/// Counts who puts at the same time: so many wait for each other, and a while for one too many.
class CrowdedStore final : public tests::ForwardingStore {
 public:
  CrowdedStore(blob::BlobStore& store, int expected, int files)
      : ForwardingStore(store), expected_(expected), left_(files) {}
  io::Task<Result<>> put_file(std::string key, io::Path file, blob::ObjectTraits traits) override {
    most = std::max(most, ++now_);
    --left_;
    while (most < expected_ && left_ > 0) co_await boost::asio::post(io::use_awaitable);
    for (int n = 0; n < 100; ++n) co_await boost::asio::post(io::use_awaitable);
    auto put = co_await store().put_file(std::move(key), std::move(file), std::move(traits));
    --now_;
    co_return put;
  }
  int most = 0;

 private:
  const int expected_;
  int left_;
  int now_ = 0;
};

class MoveCopiesTest : public MoveBatchFixture {};
INSTANTIATE_TEST_SUITE_P(Engines, MoveCopiesTest, testing::ValuesIn(batch_shapes()),
                         tests::move_shape_name);

TEST_P(MoveCopiesTest, sends_no_more_files_at_once_than_it_may) {
  constexpr int k_parallel = 2;
  add_files(5);
  const MoveBatchId id = create(k_parallel);
  watch();
  CrowdedStore crowded(*far.plain, k_parallel, 5);
  const auto lookup = [&](std::string_view name) -> blob::BlobStore* {
    return name == "far" ? &crowded : near.plain.get();
  };
  FileMover mover(config(), {*database, lookup, disk, pool, *clock});
  io::TaskGroup movers(runtime.executor(0), "moves");
  for (int n = 0; n < k_parallel + k_files_beside; ++n) movers.spawn(run_all(mover));
  runtime.run_until_done(movers.drain());
  EXPECT_EQ(progress_of(id).state, BatchState::done);
  EXPECT_EQ(crowded.most, k_parallel);
  EXPECT_EQ(count_in("near"), 0);
  expect_all_files_are_safe();
}

TEST_P(MoveCopiesTest, a_copy_leaves_the_files_where_they_are_too) {
  add_files(3);
  const MoveBatchId id = create_copies();
  watch();
  EXPECT_EQ(run_to_the_end(), 3);
  EXPECT_TRUE(progress_of(id).keeps_source);
  EXPECT_EQ(progress_of(id).done.files, 3);
  for (const FileId file : files_of_all) EXPECT_EQ(places(file).size(), 2U);
  expect_all_files_are_safe();
  expect_nothing_is_left_over();
  // Again: nothing is left to do. And a move into a store that has them drops what is left behind.
  const MoveBatchId again = create_copies();
  while (!progress_of(again).is_planned) watch();
  run_to_the_end();
  EXPECT_EQ(progress_of(again).skipped.files, 3);
  const MoveBatchId move = create();
  while (!progress_of(move).is_planned) watch();
  run_to_the_end();
  EXPECT_EQ(progress_of(move).done.files, 3);
  EXPECT_EQ(count_in("near"), 0);
  EXPECT_EQ(count_in("far"), 3);
  expect_all_files_are_safe();
  expect_nothing_is_left_over();
}

TEST_P(MoveCopiesTest, all_copies_go_with_their_file) {
  add_files(2);
  create_copies();
  watch();
  run_to_the_end();
  delete_file(files_of_all.front());
  expect_nothing_is_left_over();
  EXPECT_EQ(objects(near).size(), 1U);
  EXPECT_EQ(objects(far).size(), 1U);
}

}  // namespace
}  // namespace shoal::storage
