#include "storage/piece_maker.h"

#include <fstream>

#include "tests/support/moves_fixture.h"
#include "tests/support/piece_digests.h"

namespace shoal::storage {
namespace {

using tests::bytes_of;
using tests::piece_digests_of;

TEST(Pieces, are_few_and_not_small) {
  EXPECT_EQ(piece_length_of(0), 256U << 10);
  EXPECT_EQ(piece_length_of(1), 256U << 10);
  EXPECT_EQ(piece_length_of((std::uint64_t{512} << 20) - 1), 256U << 10);
  EXPECT_EQ(piece_length_of(std::uint64_t{512} << 20), 512U << 10);
  EXPECT_LE((std::uint64_t{64} << 30) / piece_length_of(std::uint64_t{64} << 30), 2048U);
}

TEST(Pieces, do_not_depend_on_how_the_bytes_come) {
  constexpr std::size_t k_length = std::size_t{256} << 10;
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, k_length - 1, k_length,
                                 k_length + 1, 3 * k_length, 3 * k_length + 77}) {
    const std::string bytes = bytes_of(4, size);
    PieceHasher hasher(size);
    for (std::size_t at = 0; at < size; at += 100'003)
      hasher.update(std::as_bytes(std::span(bytes).subspan(at, std::min(size - at, 100'003UL))));
    const Pieces pieces = hasher.finish();
    EXPECT_EQ(pieces.length, k_length);
    EXPECT_EQ(pieces.sha1, piece_digests_of(bytes, k_length)) << size;
  }
}

TEST(Pieces, are_made_with_the_checksum_of_a_file) {
  const tests::TemporaryDirectory folder;
  const io::Path path = folder.path() / "a";
  const std::string bytes = bytes_of(9, 700'000);
  std::ofstream(path, std::ios::binary) << bytes;
  io::PosixFileSystem files;
  const auto sum = checksum_with_pieces(files, path);
  ASSERT_TRUE(sum);
  EXPECT_EQ(sum->sha256, checksum_of(bytes).sha256);
  EXPECT_EQ(sum->pieces->sha1, piece_digests_of(bytes, sum->pieces->length));
  EXPECT_FALSE(checksum_of(files, path)->pieces);
}

class PieceMakerTest : public tests::MoveTest {
 protected:
  void ask(FileId file) {
    write([&](db::Session& session) -> Result<> {
      ask_for_pieces(session, file, clock->now());
      return {};
    });
  }
  std::optional<Pieces> pieces_of(FileId file) {
    return write([&](db::Session& session) -> Result<std::optional<Pieces>> {
      return find_pieces(session, file);
    });
  }
  Result<> make(const jobs::LeasedJob& job) {
    PieceMaker maker({*database, [this](std::string_view name) { return find_store(name); }, pool});
    return wait(maker.run(job));
  }
  Result<> make_next() {
    const auto job = lease(k_hash_pieces);
    return job ? make(*job) : fail(ErrorCode::not_found, "no job waits");
  }
  std::int64_t jobs_waiting() { return number("select count(*) from job"); }
};
SHOAL_ON_ALL_MOVE_SHAPES(PieceMakerTest);

TEST_P(PieceMakerTest, pieces_are_made_once_for_however_many_ask) {
  const std::string bytes = bytes_of(1, 1'200'000);
  const FileId file = add_file("a.mp4", bytes, far);
  EXPECT_FALSE(pieces_of(file));
  ask(file);
  ask(file);
  EXPECT_EQ(jobs_waiting(), 1);
  ASSERT_TRUE(make_next());
  const auto pieces = pieces_of(file);
  ASSERT_TRUE(pieces);
  EXPECT_EQ(pieces->length, 256U << 10);
  EXPECT_EQ(pieces->sha1, piece_digests_of(bytes, pieces->length));
  EXPECT_EQ(jobs_waiting(), 0);
  EXPECT_EQ(number("select outcome from job_history"), 1);
}

TEST_P(PieceMakerTest, who_lost_the_lease_writes_nothing) {
  const FileId file = add_file("a.mp4", bytes_of(1, 300'000), near);
  ask(file);
  const auto lost = lease(k_hash_pieces);
  reclaim();
  const auto second = lease(k_hash_pieces);
  EXPECT_EQ(make(*lost).error().code, ErrorCode::conflict);
  EXPECT_FALSE(pieces_of(file));
  ASSERT_TRUE(make(*second));
  EXPECT_TRUE(pieces_of(file));
}

TEST_P(PieceMakerTest, a_store_that_is_away_is_waited_for_unless_another_has_a_copy) {
  const std::string bytes = bytes_of(1, 300'000);
  const FileId file = add_file("a.mp4", bytes, far);
  far.is_away = true;
  ask(file);
  const auto job = lease(k_hash_pieces);
  EXPECT_EQ(make(*job).error().code, ErrorCode::unavailable);
  add_copy(file, near, "hls/other", bytes);
  ASSERT_TRUE(make(*job));
  EXPECT_EQ(pieces_of(file)->sha1, piece_digests_of(bytes, pieces_of(file)->length));
}

TEST_P(PieceMakerTest, what_is_not_the_file_has_no_pieces_and_is_not_read_at_each_question) {
  const std::string bytes = bytes_of(1, 300'000);
  const FileId file = add_file("a.mp4", bytes, near);
  damage(near, "hls/a.mp4");
  ask(file);
  const auto job = lease(k_hash_pieces);
  const auto made = make(*job);
  EXPECT_EQ(made.error().code, ErrorCode::corrupt);
  write([&](db::Session& session) {
    return jobs::fail_attempt(session, *job, made.error().message, true);
  });
  EXPECT_FALSE(pieces_of(file));
  ask(file);
  EXPECT_EQ(jobs_waiting(), 0);
  clock->advance(std::chrono::minutes(61));
  ask(file);
  EXPECT_EQ(jobs_waiting(), 1);
}

TEST_P(PieceMakerTest, the_pieces_of_a_deleted_file_go_with_it) {
  const FileId made = add_file("a.mp4", bytes_of(1, 300'000), near);
  ask(made);
  ASSERT_TRUE(make_next());
  delete_file(made);
  const FileId asked = add_file("b.mp4", bytes_of(2, 300'000), near);
  ask(asked);
  const auto job = lease(k_hash_pieces);
  delete_file(asked);
  EXPECT_TRUE(make(*job));
  EXPECT_EQ(number("select count(*) from file_pieces"), 0);
}

}  // namespace
}  // namespace shoal::storage
