#include "storage/checks/store_verifier.h"

#include "tests/support/forwarding_store.h"
#include "tests/support/moves_fixture.h"

namespace shoal::storage {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using tests::bytes_of;
using tests::Trouble;

class StoreVerifierTest : public tests::MoveTest {
 protected:
  Result<VerifyReport> verify(VerifyOrder order) {
    clock->advance(Seconds{10});
    bad.clear();
    StoreVerifier verifier(
        {.database = *database,
         .stores = [this](std::string_view name) { return find_store(name); },
         .offload = pool,
         .clock = *clock,
         .wait_for = [this](Milliseconds time) { return pass(time); },
         .on_bad = [this](const RecordedCopy& copy, const std::string& problem,
                          BadCopyFate fate) { bad.push_back({copy.object_key, problem, fate}); }});
    return wait(verifier.verify(std::move(order)));
  }
  io::Task<> pass(Milliseconds time) {
    waited += time;
    clock->advance(time);
    co_return;
  }
  VerifyReport verify_near(VerifyDepth depth = VerifyDepth::content) {
    auto report = verify({.store = "near", .depth = depth});
    SHOAL_CHECK(report.has_value());
    return *report;
  }
  std::int64_t state_of(PlacementId copy) {
    return number("select state from placement where id = " + std::to_string(copy.value));
  }
  PlacementId first_copy(FileId file) {
    return PlacementId{
        number("select min(id) from placement where file_id = " + std::to_string(file.value))};
  }
  struct Bad {
    std::string key;
    std::string problem;
    BadCopyFate fate;
  };
  std::vector<Bad> bad;
  Milliseconds waited{0};
};
SHOAL_ON_ALL_MOVE_SHAPES(StoreVerifierTest);

TEST_P(StoreVerifierTest, what_is_right_is_recorded_as_verified_now) {
  for (int i = 0; i < 5; ++i) add_file("f" + std::to_string(i), bytes_of(i, 1'500'000), near);
  add_file("elsewhere", "bytes", far);
  const VerifyReport report = verify_near();
  EXPECT_EQ(report.asked, 5);
  EXPECT_EQ(report.looked, 5);
  EXPECT_EQ(report.read, 7'500'000U);
  EXPECT_EQ(report.bad, 0);
  EXPECT_FALSE(report.stopped);
  EXPECT_EQ(number("select count(*) from placement where verified_at = " +
                   std::to_string(to_millis(clock->now()))),
            5);
}

TEST_P(StoreVerifierTest, a_bad_copy_goes_out_of_use_where_there_is_a_good_one) {
  const FileId file = add_file("a", bytes_of(1, 5000), near);
  const PlacementId other = add_copy(file, far, "hls/a", bytes_of(1, 5000));
  damage(near, "hls/a");
  EXPECT_EQ(verify_near(VerifyDepth::size).bad, 0) << "its size is right";
  const VerifyReport report = verify_near();
  EXPECT_EQ(report.bad, 1);
  EXPECT_EQ(report.hopeless, 0);
  ASSERT_EQ(bad.size(), 1U);
  EXPECT_THAT(bad[0].problem, HasSubstr("SHA-256"));
  EXPECT_EQ(bad[0].fate, BadCopyFate::out_of_use);
  EXPECT_THAT(places(file), ElementsAre("far:hls/a"));
  EXPECT_EQ(state_of(other), 2);
  EXPECT_EQ(verify_near().bad, 1) << "it is still bad";
}

TEST_P(StoreVerifierTest, the_only_copy_stays_in_use_whatever_is_wrong_with_it) {
  const FileId damaged = add_file("damaged", bytes_of(1, 5000), near);
  const FileId missing = add_file("missing", "bytes", near);
  const FileId shorter = add_file("short", "bytes", near);
  damage(near, "hls/damaged");
  ASSERT_TRUE(wait(near.plain->remove("hls/missing")));
  ASSERT_TRUE(wait(near.plain->remove("hls/short")));
  ASSERT_TRUE(wait(near.plain->put_bytes("hls/short", "byt", {})));
  const VerifyReport report = verify_near();
  EXPECT_EQ(report.bad, 3);
  EXPECT_EQ(report.hopeless, 3);
  for (const FileId file : {damaged, missing, shorter}) EXPECT_EQ(places(file).size(), 1U);
  EXPECT_EQ(number("select count(*) from placement where problem is not null"), 3);
}

TEST_P(StoreVerifierTest, a_file_has_a_copy_in_use_even_where_all_are_bad) {
  const FileId file = add_file("a", bytes_of(1, 5000), near);
  add_copy(file, far, "hls/a", bytes_of(1, 5000));
  damage(near, "hls/a");
  damage(far, "hls/a");
  verify_near();
  EXPECT_THAT(places(file), ElementsAre("far:hls/a"));
  EXPECT_EQ(verify({.store = "far"})->hopeless, 1);
  EXPECT_THAT(places(file), ElementsAre("far:hls/a"));

  // The first is brought back: now the other one is out of use.
  ASSERT_TRUE(wait(near.plain->remove("hls/a")));
  ASSERT_TRUE(wait(near.plain->put_bytes("hls/a", bytes_of(1, 5000), {})));
  const auto report = verify({.store = "near", .only_bad = true});
  EXPECT_EQ(report->cured, 1);
  EXPECT_THAT(places(file), ElementsAre("near:hls/a"));
  expect_all_files_are_safe();
}

TEST_P(StoreVerifierTest, a_look_at_sizes_finds_what_is_missing_and_verifies_nothing) {
  const FileId file = add_file("a", "bytes", near);
  add_copy(file, far, "hls/a", "bytes");
  add_file("b", "bytes", near);
  ASSERT_TRUE(wait(near.plain->remove("hls/a")));
  const auto before = to_millis(clock->now());
  const VerifyReport report = verify_near(VerifyDepth::size);
  EXPECT_EQ(report.bad, 1);
  EXPECT_EQ(report.read, 0U);
  EXPECT_THAT(places(file), ElementsAre("far:hls/a"));
  EXPECT_EQ(number("select count(*) from placement where problem is null and store = 'near' and "
                   "verified_at = " +
                   std::to_string(before)),
            1);
  // Being there again does not prove its content.
  ASSERT_TRUE(wait(near.plain->put_bytes("hls/a", "bytez", {})));
  EXPECT_EQ(verify_near(VerifyDepth::size).cured, 0);
  EXPECT_THAT(places(file), ElementsAre("far:hls/a"));
}

TEST_P(StoreVerifierTest, runs_over_a_part_get_around) {
  for (int i = 0; i < 8; ++i) add_file("f" + std::to_string(i), "bytes", near);
  damage(near, "hls/f3");
  std::int64_t found = 0;
  for (int run = 0; run < 4; ++run) {
    const auto report = verify({.store = "near", .percent = 20});
    EXPECT_EQ(report->looked, 2);
    found += report->bad;
  }
  EXPECT_EQ(found, 1) << "in four times a quarter";
}

TEST_P(StoreVerifierTest, what_was_verified_since_is_left_out) {
  add_file("a", "bytes", near);
  clock->advance(std::chrono::hours(48));
  add_file("b", "bytes", near);
  const auto report =
      verify({.store = "near", .verified_before = clock->now() - std::chrono::hours(24)});
  EXPECT_EQ(report->looked, 1);
}

TEST_P(StoreVerifierTest, only_saying_changes_nothing) {
  const FileId file = add_file("a", "bytes", near);
  add_copy(file, far, "hls/a", "bytes");
  ASSERT_TRUE(wait(near.plain->remove("hls/a")));
  const auto report = verify({.store = "near", .records = false});
  EXPECT_EQ(report->bad, 1);
  EXPECT_EQ(report->hopeless, 0);
  EXPECT_THAT(places(file), ElementsAre("far:hls/a", "near:hls/a"));
}

TEST_P(StoreVerifierTest, a_store_that_goes_away_is_no_damage_and_the_next_run_goes_on) {
  const auto& [engine, kind, other] = GetParam();
  for (int i = 0; i < 4; ++i) add_file("f" + std::to_string(i), "bytes", near);
  near.is_away = true;
  EXPECT_EQ(verify({.store = "near"}).error().code, ErrorCode::unavailable);
  near.is_away = false;
  // In the midst of it, for good; a local store does several operations for each copy.
  trouble.arm(Trouble::Kind::death, kind == tests::StoreKind::memory ? 8 : 6);
  const auto report = verify({.store = "near"});
  ASSERT_TRUE(report) << report.error().message;
  ASSERT_TRUE(report->stopped);
  EXPECT_GT(report->looked, 0);
  EXPECT_EQ(report->bad, 0);
  trouble.disarm();
  clock->advance(Seconds{1});
  const std::int64_t left = 4 - report->looked;
  const auto rest = verify({.store = "near", .percent = 25 * static_cast<double>(left)});
  EXPECT_EQ(rest->looked, left);
  EXPECT_EQ(number("select count(distinct verified_at) from placement"), 2)
      << "each was looked at once";
}

TEST_P(StoreVerifierTest, a_copy_that_is_there_and_cannot_be_read_is_bad) {
  if (std::get<1>(GetParam()) != tests::StoreKind::memory) return;
  const FileId file = add_file("a", "bytes", near);
  add_copy(file, far, "hls/a", "bytes");
  class Unreadable final : public tests::ForwardingStore {
   public:
    using ForwardingStore::ForwardingStore;
    io::Task<Result<std::unique_ptr<blob::ObjectReader>>> open(std::string) override {
      co_return fail(ErrorCode::unavailable, "input/output error");
    }
  };
  near.troubled = std::make_unique<Unreadable>(*near.plain);
  const auto report = verify({.store = "near"});
  EXPECT_EQ(report->bad, 1);
  EXPECT_THAT(bad.at(0).problem, HasSubstr("input/output error"));
  EXPECT_THAT(places(file), ElementsAre("far:hls/a"));
  // Many in a row are no damage of each.
  for (int i = 0; i < 20; ++i) add_file("f" + std::to_string(i), "bytes", near);
  EXPECT_TRUE(verify({.store = "near"})->stopped);
  EXPECT_LT(bad.size(), 10U);
}

TEST_P(StoreVerifierTest, a_rate_is_held) {
  add_file("a", bytes_of(1, 3 << 20), near);
  add_file("b", bytes_of(2, 3 << 20), near);
  ASSERT_TRUE(verify({.store = "near", .rate_limit = 1 << 20}));
  EXPECT_GE(waited, Seconds{5});
  EXPECT_LE(waited, Seconds{6});
}

TEST_P(StoreVerifierTest, a_file_that_is_deleted_meanwhile_is_no_damage) {
  const FileId file = add_file("a", "bytes", near);
  const PlacementId copy = first_copy(file);
  delete_file(file);
  const BadCopyFate fate = write([&](db::Session& session) -> Result<BadCopyFate> {
    return record_bad(session, {.id = copy, .file = {.id = file}, .store = "near"}, "gone",
                      clock->now());
  });
  EXPECT_EQ(fate, BadCopyFate::gone);
}

}  // namespace
}  // namespace shoal::storage
