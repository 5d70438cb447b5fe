#include "worker/source_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "io/runtime.h"
#include "io/task_group.h"
#include "tests/support/temporary_directory.h"

namespace shoal::worker {
namespace {

using testing::ElementsAre;

/// Gives the end of a text from a byte on, and is cut off once at `cut`.
class CutBody final : public net::BodySource {
 public:
  CutBody(std::string text, std::size_t cut) : text_(std::move(text)), cut_(cut) {}
  io::Task<Result<std::size_t>> read(std::span<std::byte> out) override {
    if (at_ >= cut_) co_return fail(ErrorCode::unavailable, "cut");
    const std::size_t got = std::min({out.size(), text_.size() - at_, std::size_t{3}});
    std::memcpy(out.data(), text_.data() + at_, got);
    at_ += got;
    co_return got;
  }
  std::optional<std::uint64_t> length() const override { return text_.size(); }

 private:
  std::string text_;
  std::size_t cut_;
  std::size_t at_ = 0;
};

class SourceCacheTest : public testing::Test {
 protected:
  SourceCache::Open opener(const std::string& text, std::size_t cut = 1000) {
    return [this, text, cut](std::uint64_t from) { return give(text, cut, from); };
  }
  io::Task<Result<std::unique_ptr<net::BodySource>>> give(std::string text, std::size_t cut,
                                                          std::uint64_t from) {
    asked.push_back(from);
    text.erase(0, from);
    co_return std::make_unique<CutBody>(std::move(text), cut);
  }
  static io::Task<> fetch_into(SourceCache::Use& use, std::uint64_t size, SourceCache::Open open,
                               Result<io::Path>& out) {
    out = co_await use.fetch(size, std::move(open));
  }
  Result<io::Path> fetch(SourceCache::Use& use, const std::string& text, std::size_t cut = 1000) {
    Result<io::Path> out;
    runtime.run_until_done(fetch_into(use, text.size(), opener(text, cut), out));
    return out;
  }
  std::string read(const io::Path& path) { return *io::read_whole(files, path, 1000); }
  Uuid video(int i) {
    return *Uuid::parse(fmt::format("35abc6f9-0134-44b8-8287-4a8695efac{:02}", i));
  }

  tests::TemporaryDirectory folder;
  io::PosixFileSystem files;
  io::Offload disk{"disk", 1, 16};
  io::Runtime runtime{1};
  std::vector<std::uint64_t> asked;
  SourceCache cache{folder.path(), 1, files, disk};
};

TEST_F(SourceCacheTest, a_source_is_fetched_once) {
  SourceCache::Use one(cache, video(1));
  const auto path = fetch(one, "all of it");
  ASSERT_TRUE(path) << path.error().message;
  EXPECT_EQ(read(*path), "all of it");
  SourceCache::Use two(cache, video(1));
  EXPECT_EQ(fetch(two, "all of it").value(), *path);
  EXPECT_THAT(asked, ElementsAre(0));
}

TEST_F(SourceCacheTest, goes_on_from_where_it_was_cut_off) {
  SourceCache::Use use(cache, video(1));
  EXPECT_EQ(fetch(use, "all of it", 4).error().code, ErrorCode::unavailable);
  const auto path = fetch(use, "all of it");
  EXPECT_EQ(read(*path), "all of it");
  EXPECT_THAT(asked, ElementsAre(0, 6));
}

TEST_F(SourceCacheTest, two_who_want_it_at_once_fetch_it_once) {
  SourceCache::Use one(cache, video(1));
  SourceCache::Use two(cache, video(1));
  Result<io::Path> first;
  Result<io::Path> second;
  runtime.run_until_done([](io::Executor executor, io::Task<> a,
                            io::Task<> b) -> io::Task<> {
    io::TaskGroup both(executor, "both");
    both.spawn(std::move(a));
    both.spawn(std::move(b));
    co_await both.drain();
  }(runtime.executor(0), fetch_into(one, 9, opener("all of it"), first),
                                          fetch_into(two, 9, opener("all of it"), second)));
  EXPECT_TRUE(first && second);
  EXPECT_THAT(asked, ElementsAre(0));
}

TEST_F(SourceCacheTest, one_of_another_size_is_refused_and_fetched_anew) {
  SourceCache::Use use(cache, video(1));
  Result<io::Path> out;
  runtime.run_until_done(fetch_into(use, 5, opener("longer than that"), out));
  EXPECT_EQ(out.error().code, ErrorCode::corrupt);
  EXPECT_EQ(read(*fetch(use, "right")), "right");
  EXPECT_THAT(asked, ElementsAre(0, 0));
}

TEST_F(SourceCacheTest, keeps_what_is_used_and_the_last_that_was) {
  std::optional<SourceCache::Use> one(std::in_place, cache, video(1));
  std::optional<SourceCache::Use> two(std::in_place, cache, video(2));
  std::optional<SourceCache::Use> three(std::in_place, cache, video(3));
  for (auto* use : {&*one, &*two, &*three}) EXPECT_TRUE(fetch(*use, "x"));
  two.reset();
  EXPECT_EQ(files.list(folder.path())->size(), 3);
  one.reset();
  EXPECT_THAT(*files.list(folder.path()), ElementsAre(video(1).text(), video(3).text()));
}

}  // namespace
}  // namespace shoal::worker
