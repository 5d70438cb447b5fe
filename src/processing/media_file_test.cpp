#include "processing/media_file.h"

#include <gtest/gtest.h>

#include "tests/support/temporary_directory.h"

namespace shoal::processing {
namespace {

/// A file in which every byte tells its place, more or less.
class MediaFile : public testing::Test {
 protected:
  static constexpr std::size_t k_size = (std::size_t{5} << 20) / 2;

  void SetUp() override {
    for (std::size_t i = 0; i < k_size; ++i) {
      bytes_.push_back(static_cast<std::byte>(i * 2'654'435'761U >> 16));
    }
    auto file = files_.open(folder_.path() / "samples", io::OpenMode::create_new);
    ASSERT_TRUE(file);
    file_ = std::move(*file);
    ASSERT_TRUE(file_->write_at(0, bytes_));
  }

  static media::fmp4::Sample sample(std::uint64_t offset, std::uint32_t size) {
    media::fmp4::Sample sample;
    sample.offset = offset;
    sample.size = size;
    return sample;
  }

  tests::TemporaryDirectory folder_;
  io::PosixFileSystem files_;
  std::unique_ptr<io::File> file_;
  media::Bytes bytes_;
};

TEST_F(MediaFile, samples_larger_than_memory_come_in_blocks) {
  const std::vector samples{sample(0, 2'000'000), sample(2'000'000, 0), sample(2'000'000, 500'000),
                            sample(10, 3)};
  media::Bytes read;
  std::size_t largest = 0;
  const auto take = [&](media::ByteView block) -> Result<> {
    largest = std::max(largest, block.size());
    read.insert(read.end(), block.begin(), block.end());
    return {};
  };
  const auto done = read_samples({file_.get(), samples}, take);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_LE(largest, std::size_t{1} << 20);
  media::Bytes expected(bytes_.begin(), bytes_.begin() + 2'500'000);
  expected.insert(expected.end(), bytes_.begin() + 10, bytes_.begin() + 13);
  EXPECT_EQ(read, expected);
}

TEST_F(MediaFile, a_sample_beyond_the_end_is_corrupt_before_memory_is_spent) {
  const std::vector samples{sample(5, 0xffffffff)};
  media::Bytes out;
  const auto refused = append_samples({file_.get(), samples}, out);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::corrupt);
  EXPECT_LE(out.size(), k_size);
}

TEST_F(MediaFile, who_takes_the_bytes_may_stop) {
  const std::vector samples{sample(0, 2'000'000)};
  int blocks = 0;
  const auto stopped = read_samples({file_.get(), samples}, [&](media::ByteView) -> Result<> {
    ++blocks;
    return fail(ErrorCode::too_large, "the disk is full");
  });
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::too_large);
  EXPECT_EQ(blocks, 1);
}

}  // namespace
}  // namespace shoal::processing
