#include "storage/checks/orphans.h"

#include "storage/store_ledger.h"
#include "tests/support/moves_fixture.h"

namespace shoal::storage {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using tests::Trouble;

class OrphansTest : public tests::MoveTest {
 protected:
  /// Objects of local stores have the machine's time: that is today here.
  void SetUp() override {
    const UtcTime today = SystemClock().now() + Seconds{1};
    clock->advance(std::chrono::duration_cast<Milliseconds>(today - clock->now()));
    register_stores();
  }
  void put(const std::string& key) { ASSERT_TRUE(wait(near.plain->put_bytes(key, "bytes", {}))); }
  Result<OrphanReport> find(bool schedules = false) {
    found.clear();
    OrphanFinder finder(
        {.database = *database,
         .stores = [this](std::string_view name) { return find_store(name); },
         .clock = *clock,
         .on_orphan = [this](const Orphan& one) { found.push_back(one.object_key); }});
    return wait(finder.find({.store = "near", .schedules = schedules}));
  }
  std::vector<std::string> trashed() {
    std::vector<std::string> keys;
    const auto orphans = write([](db::Session& session) -> Result<std::vector<TrashedOrphan>> {
      return list_trashed_orphans(session, "near", 100);
    });
    keys.reserve(orphans.size());
    for (const TrashedOrphan& orphan : orphans) keys.push_back(orphan.object_key);
    return keys;
  }
  std::size_t collect() {
    const auto lookup = [this](std::string_view name) { return find_store(name); };
    return wait(collect_trash(*database, lookup, clock->now(), 100))->deleted;
  }
  std::vector<std::string> found;
};
SHOAL_ON_ALL_MOVE_SHAPES(OrphansTest);

TEST_P(OrphansTest, only_what_no_row_names_and_is_old_is_an_orphan) {
  add_file("placed", "bytes", near);
  put("announced");
  write([&](db::Session& session) {
    return announce_object(session, "near", "announced", clock->now());
  });
  StoreLedger ledger(*database, *clock);
  ASSERT_TRUE(wait(ledger.tend(*near.plain)));
  put("old/one");
  EXPECT_EQ(find()->young, 1) << "it may be on its way to its row";
  EXPECT_THAT(found, IsEmpty());
  clock->advance(std::chrono::hours(49));
  const auto report = find();
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_THAT(found, ElementsAre("old/one"));
  EXPECT_EQ(report->objects, 4);
  EXPECT_EQ(report->bytes, 5U);
  EXPECT_EQ(report->scheduled, 0);
  EXPECT_THAT(trashed(), IsEmpty()) << "a dry run";
}

TEST_P(OrphansTest, what_is_scheduled_goes_when_its_time_is_over_and_not_before) {
  add_file("placed", "bytes", near);
  put("a");
  put("b");
  clock->advance(std::chrono::hours(49));
  EXPECT_EQ(find(true)->scheduled, 2);
  EXPECT_THAT(trashed(), UnorderedElementsAre("a", "b"));
  EXPECT_EQ(find(true)->orphans, 0) << "each is found once";
  clock->advance(std::chrono::hours(6 * 24));
  EXPECT_EQ(collect(), 0U);
  EXPECT_EQ(write([](db::Session& session) -> Result<std::int64_t> {
              return take_back_orphans(session, "near", std::vector<std::string>{"a"});
            }),
            1);
  clock->advance(std::chrono::hours(25));
  EXPECT_EQ(collect(), 1U);
  EXPECT_THAT(objects(near), ElementsAre("a", "hls/placed"));
  EXPECT_EQ(find()->orphans, 1) << "what was taken back is one again";
}

TEST_P(OrphansTest, all_are_taken_back_and_nothing_else_of_the_trash) {
  put("a");
  write([&](db::Session& session) {
    return announce_object(session, "near", "on-its-way", clock->now());
  });
  clock->advance(std::chrono::hours(49));
  ASSERT_TRUE(find(true));
  EXPECT_EQ(write([](db::Session& session) -> Result<std::int64_t> {
              return take_back_orphans(session, "near", {});
            }),
            1);
  EXPECT_EQ(number("select count(*) from object_trash"), 1);
}

TEST_P(OrphansTest, an_object_that_gets_a_row_meanwhile_stays) {
  put("hls/a");
  clock->advance(std::chrono::hours(49));
  ASSERT_TRUE(find(true));
  write([&](db::Session& session) -> Result<FileId> {
    return record_file(session, {{}, FileKind::rendition, "a", "video/mp4", checksum_of("bytes")},
                       "near", "hls/a", clock->now());
  });
  clock->advance(std::chrono::hours(8 * 24));
  EXPECT_EQ(collect(), 0U);
  expect_all_files_are_safe();
}

TEST_P(OrphansTest, a_move_uses_no_orphan_and_ends_none_before_its_time) {
  const FileId file = add_file("a", "bytes", far);
  put("hls/a");  // something else, perhaps all that is left of it
  clock->advance(std::chrono::hours(49));
  ASSERT_TRUE(find(true));
  ASSERT_TRUE(move(file, "far", "near"));
  EXPECT_THAT(places(file), ElementsAre("near:hls/a.2"));
  EXPECT_THAT(trashed(), ElementsAre("hls/a"));
  EXPECT_EQ(collect(), 0U);
}

TEST_P(OrphansTest, a_restored_database_is_refused) {
  for (int i = 0; i < 2; ++i) {
    StoreLedger ledger(*database, *clock);
    ASSERT_TRUE(wait(ledger.tend(*near.plain)));
  }
  write([](db::Session& session) -> Result<> {
    session.execute("update store set ledger = 1");
    return {};
  });
  put("made-after-the-backup");
  clock->advance(std::chrono::hours(49));
  EXPECT_EQ(find(true).error().code, ErrorCode::conflict);
  const auto looked = find();
  ASSERT_TRUE(looked) << looked.error().message;
  EXPECT_TRUE(looked->hold);
  EXPECT_THAT(found, ElementsAre("made-after-the-backup")) << "for who wants it back";
  write([](db::Session& session) { return confirm_store(session, "near"); });
  EXPECT_EQ(find(true)->scheduled, 1);
}

TEST_P(OrphansTest, more_than_a_page_is_found_whole) {
  if (std::get<1>(GetParam()) != tests::StoreKind::memory) return;
  for (int i = 0; i < 2100; ++i) put("many/" + std::to_string(i));
  add_file("placed", "bytes", near);
  clock->advance(std::chrono::hours(49));
  const auto report = find(true);
  EXPECT_EQ(report->objects, 2101);
  EXPECT_EQ(report->scheduled, 2100);
}

TEST_P(OrphansTest, stopping_at_any_operation_schedules_no_file) {
  for (int i = 0; i < 3; ++i) {
    add_file("f" + std::to_string(i), "bytes", near);
    put("orphan-" + std::to_string(i));
  }
  clock->advance(std::chrono::hours(49));
  for (std::uint64_t n = 1; !HasFailure(); ++n) {
    tests::TroubledDatabase troubled(*database, trouble);
    OrphanFinder finder({.database = troubled,
                         .stores = [this](std::string_view name) { return find_store(name); },
                         .clock = *clock});
    trouble.arm(n % 2 == 0 ? Trouble::Kind::death : Trouble::Kind::late_death, n);
    (void)wait(finder.find({.store = "near", .schedules = true}));
    const std::uint64_t operations = trouble.operations();
    trouble.disarm();
    for (const std::string& key : trashed()) EXPECT_TRUE(key.starts_with("orphan-")) << key;
    if (operations < n) break;
  }
  EXPECT_EQ(trashed().size(), 3U);
  clock->advance(std::chrono::hours(8 * 24));
  EXPECT_EQ(collect(), 3U);
  expect_all_files_are_safe();
}

}  // namespace
}  // namespace shoal::storage
