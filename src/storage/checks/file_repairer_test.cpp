#include "storage/checks/file_repairer.h"

#include "tests/support/moves_fixture.h"

namespace shoal::storage {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using tests::bytes_of;

class FileRepairerTest : public tests::MoveTest {
 protected:
  /// Found bad in `store`.
  void find_bad(FileId file, const std::string& store) {
    write([&](db::Session& session) -> Result<> {
      for (const RecordedCopy& copy :
           list_copies(session, {.store = store, .verified_before = UtcTime::max()}, 100)) {
        if (copy.file.id == file) record_bad(session, copy, "a test says so", clock->now());
      }
      return {};
    });
  }
  Result<> repair(FileId file, const std::string& store) {
    write([&](db::Session& session) -> Result<JobId> {
      return enqueue_repair(session, {file, store});
    });
    const auto job = lease(k_repair_file);
    return job ? run(*job) : fail(ErrorCode::not_found, "no job waits");
  }
  std::int64_t bad_copies() {
    return number("select count(*) from placement where problem is not null");
  }
};
SHOAL_ON_ALL_MOVE_SHAPES(FileRepairerTest);

TEST_P(FileRepairerTest, a_bad_copy_is_replaced_from_a_good_one) {
  const std::string bytes = bytes_of(1, 1'200'000);
  const FileId file = add_file("a.mp4", bytes, near);
  add_copy(file, far, "hls/a.mp4", bytes);
  damage(far, "hls/a.mp4");
  find_bad(file, "far");
  const auto repaired = repair(file, "far");
  ASSERT_TRUE(repaired) << repaired.error().message;
  EXPECT_THAT(places(file), ElementsAre("far:hls/a.mp4.2", "near:hls/a.mp4"));
  EXPECT_EQ(bad_copies(), 0);
  EXPECT_EQ(moved.size(), 1U) << "caches forget the old place";
  EXPECT_TRUE(scratch_is_empty());
  EXPECT_EQ(number("select outcome from job_history"), 1);
  expect_all_files_are_safe();
  expect_nothing_is_left_over();
}

TEST_P(FileRepairerTest, a_missing_copy_is_made_again) {
  const FileId file = add_file("a", "bytes", near);
  add_copy(file, far, "hls/a", std::nullopt);
  find_bad(file, "far");
  ASSERT_TRUE(repair(file, "far"));
  EXPECT_EQ(places(file).size(), 2U);
  expect_all_files_are_safe();
  expect_nothing_is_left_over();
}

TEST_P(FileRepairerTest, where_the_store_has_a_good_copy_too_the_bad_one_only_goes) {
  const FileId file = add_file("a", "bytes", near);
  add_copy(file, far, "bad", "bytez");
  find_bad(file, "far");
  add_copy(file, far, "good", "bytes");
  ASSERT_TRUE(repair(file, "far"));
  EXPECT_THAT(places(file), ElementsAre("far:good", "near:hls/a"));
  expect_nothing_is_left_over();
}

TEST_P(FileRepairerTest, without_a_good_copy_nothing_is_touched) {
  const FileId file = add_file("a", "bytes", near);
  damage(near, "hls/a");
  find_bad(file, "near");
  const auto repaired = repair(file, "near");
  ASSERT_FALSE(repaired);
  EXPECT_EQ(repaired.error().code, ErrorCode::corrupt);
  EXPECT_THAT(repaired.error().message, HasSubstr("a has no good copy"));
  EXPECT_THAT(places(file), ElementsAre("near:hls/a"));
  EXPECT_EQ(number("select count(*) from object_trash"), 0);
}

TEST_P(FileRepairerTest, a_source_that_is_bad_too_is_found_out_and_nothing_is_hidden) {
  const FileId file = add_file("a", bytes_of(1, 5000), near);
  add_copy(file, far, "hls/a", std::nullopt);
  find_bad(file, "far");
  damage(near, "hls/a");
  const auto repaired = repair(file, "far");
  ASSERT_FALSE(repaired);
  EXPECT_EQ(repaired.error().code, ErrorCode::corrupt);
  EXPECT_EQ(bad_copies(), 2);
  EXPECT_THAT(places(file), ElementsAre("near:hls/a")) << "the only one stays in use";
}

TEST_P(FileRepairerTest, a_source_that_is_away_is_waited_for) {
  const FileId file = add_file("a", "bytes", near);
  add_copy(file, far, "hls/a", std::nullopt);
  find_bad(file, "far");
  near.is_away = true;
  EXPECT_EQ(repair(file, "far").error().code, ErrorCode::unavailable);
  near.is_away = false;
  reclaim();
  ASSERT_TRUE(run(*lease(k_repair_file)));
  EXPECT_EQ(places(file).size(), 2U);
  expect_nothing_is_left_over();
}

TEST_P(FileRepairerTest, what_is_repaired_already_or_gone_is_left_alone) {
  const FileId file = add_file("a", "bytes", near);
  ASSERT_TRUE(repair(file, "far"));
  EXPECT_THAT(places(file), ElementsAre("near:hls/a"));
  delete_file(file);
  ASSERT_TRUE(repair(file, "far"));
  expect_nothing_is_left_over();
}

TEST_P(FileRepairerTest, a_move_into_a_store_with_a_bad_copy_replaces_it) {
  const FileId file = add_file("a", "bytes", near);
  add_copy(file, far, "hls/a", "bytez");
  find_bad(file, "far");
  ASSERT_TRUE(move(file));
  EXPECT_THAT(places(file), ElementsAre("far:hls/a.2"));
  EXPECT_EQ(bad_copies(), 0);
  expect_all_files_are_safe();
  expect_nothing_is_left_over();
}

TEST(FileRepair, a_payload_is_read_back_and_a_broken_one_refused) {
  const auto read = parse_repair(write_repair({FileId{7}, "archive"}));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->file, FileId{7});
  EXPECT_EQ(read->store, "archive");
  for (const char* broken : {"", "[]", "{}", R"({"file":"7","store":"a"})", R"({"file":7})"})
    EXPECT_FALSE(parse_repair(broken)) << broken;
}

}  // namespace
}  // namespace shoal::storage
