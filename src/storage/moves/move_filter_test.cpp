#include "storage/moves/move_filter.h"

#include "storage/files.h"
#include "storage/moves/transfer_pace.h"
#include "tests/support/database_fixture.h"
#include "tests/support/upload_fixture.h"

namespace shoal::storage {
namespace {

using testing::ElementsAre;

constexpr std::string_view k_uuid = "5c3c5a6d-2f0b-4a0e-9d0d-1f3b5a7c9e11";

TEST(MoveFilter, is_read_as_it_was_written) {
  MoveFilter filter;
  EXPECT_EQ(write_filter(filter), "{}");
  EXPECT_EQ(parse_filter("{}"), filter);
  filter.video_ids = {VideoId{3}, VideoId{4}};
  filter.videos = {*Uuid::parse(k_uuid)};
  filter.channel = "news";
  filter.published_before = from_millis(1'700'000'000'000);
  filter.views_below = 10;
  filter.kinds = {FileKind::rendition, FileKind::caption};
  EXPECT_EQ(parse_filter(write_filter(filter)), filter);
}

TEST(MoveFilter, what_it_does_not_know_is_refused_and_never_left_out) {
  for (const char* text : {"", "[]", "{", R"({"viewsAbove":1})", R"({"videos":["x"]})",
                           R"({"videos":"x"})", R"({"videoIds":["1"]})", R"({"kinds":[null]})",
                           R"({"channel":1})", R"({"viewsBelow":"1"})"}) {
    const auto parsed = parse_filter(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::corrupt);
  }
}

TEST(MoveFilter, takes_videos_by_all_their_names) {
  MoveFilter filter;
  const Uuid uuid = *Uuid::parse(k_uuid);
  ASSERT_TRUE(add_video(filter, "12"));
  ASSERT_TRUE(add_video(filter, k_uuid));
  ASSERT_TRUE(add_video(filter, uuid.short_text()));
  EXPECT_THAT(filter.video_ids, ElementsAre(VideoId{12}));
  EXPECT_THAT(filter.videos, ElementsAre(uuid, uuid));
  for (const char* bad : {"", "-1", "x y"})
    EXPECT_EQ(add_video(filter, bad).error().code, ErrorCode::invalid) << bad;
  for (int i = 0; i < 497; ++i) ASSERT_TRUE(add_video(filter, "7"));
  EXPECT_EQ(add_video(filter, "7").error().code, ErrorCode::too_large);
}

TEST(MoveFilter, knows_kinds_by_name_but_none_of_running_work) {
  EXPECT_EQ(parse_kind("rendition"), FileKind::rendition);
  EXPECT_EQ(to_string(FileKind::segments_sha256), "segments-sha256");
  EXPECT_EQ(parse_kind("running"), std::nullopt);
}

TEST(TransferPace, spreads_transfers_and_lets_an_idle_line_begin_at_once) {
  TransferPace pace;
  const SteadyTime start{Seconds{100}};
  EXPECT_EQ(pace.book(1000, 100, start), Milliseconds{0});
  EXPECT_EQ(pace.book(500, 100, start), Milliseconds{10'000});
  EXPECT_EQ(pace.book(500, 100, start + Seconds{2}), Milliseconds{13'000});
  EXPECT_FALSE(pace.is_idle(start + Seconds{19}));
  EXPECT_TRUE(pace.is_idle(start + Seconds{20}));
  EXPECT_EQ(pace.book(500, 100, start + Seconds{60}), Milliseconds{0});
  EXPECT_EQ(pace.book(1'000'000, 0, start + Seconds{60}), Milliseconds{0});
}

TEST(MovePrices, are_the_source_s_for_reading_and_the_target_s_for_writing) {
  const StorePrices from{.per_gigabyte_month = 1,
                         .per_gigabyte_read = 2,
                         .per_thousand_writes = 3,
                         .per_thousand_reads = 4};
  const StorePrices to{.per_gigabyte_month = 10,
                       .per_gigabyte_read = 20,
                       .per_thousand_writes = 30,
                       .per_thousand_reads = 40,
                       .part_size = 5'000'000};
  const MovePrices prices = prices_of_move(from, to, SourceAfter::goes);
  EXPECT_EQ(prices.per_gigabyte_read, 2);
  EXPECT_EQ(prices.per_thousand_reads, 4);
  EXPECT_EQ(prices.per_thousand_looks, 40);
  EXPECT_EQ(prices.per_thousand_writes, 30);
  EXPECT_EQ(prices.per_gigabyte_month_before, 1);
  EXPECT_EQ(prices.per_gigabyte_month_after, 10);
  EXPECT_EQ(prices_of_move(from, to, SourceAfter::stays).per_gigabyte_month_after, 11);
  EXPECT_EQ(prices.part_size, 5'000'000U);
  EXPECT_EQ(monthly_cost(3'000'000'000, 23'000), 69'000);
}

/// Two channels with a video each; each video has a rendition and a playlist, the first one also a
/// piece of running work.
class MoveFilterTest : public tests::DatabaseTest {
 protected:
  void SetUp() override {
    ASSERT_TRUE(database->write_blocking([&](db::Session& session) -> Result<> {
      const auto now = from_millis(1);
      for (int n = 1; n <= 2; ++n) {
        const auto& owner = n == 1 ? first : second;
        const VideoId video{session.insert(
            "insert into video (uuid, channel_id, name, privacy, state, views, published_at, "
            "created_at, updated_at) values (:uuid, :channel, 'v', 1, 1, :views, :at, 1, 1) "
            "returning id",
            {n == 1 ? std::string(k_uuid) : "x", owner.channel, n * 10, n * 1000})};
        const auto add = [&](FileKind kind, const std::string& name, std::size_t size) {
          record_file(session,
                      {video, kind, name, "x/y", {.size = size, .sha256 = "", .block_sha256 = ""}},
                      n == 1 || kind == FileKind::playlist ? "near" : "far", name, now);
        };
        add(FileKind::rendition, "rendition-" + std::to_string(n), 1000);
        add(FileKind::playlist, "playlist-" + std::to_string(n), 10);
        if (n == 1) add(FileKind::running_work, "work", 100);
      }
      record_file(session, {{}, FileKind::preview, "nobody's", "x/y", {}}, "near", "p", now);
      return {};
    }));
  }
  std::vector<std::string> selected(const MoveFilter& filter, const std::string& from = "near") {
    return *database->read_blocking([&](db::Session& session) -> Result<std::vector<std::string>> {
      const FileSelection selection = select_files(filter, from, FileId{0});
      std::vector<std::string> names;
      for (const db::Row& row :
           session.query("select f.name " + selection.sql + " order by f.id", selection.arguments))
        names.push_back(row.text(0));
      return names;
    });
  }
  tests::Uploader first = tests::add_uploader(*database, "first");
  tests::Uploader second = tests::add_uploader(*database, "second");
};
SHOAL_ON_BOTH_ENGINES(MoveFilterTest);

TEST_P(MoveFilterTest, selects_what_meets_all_conditions) {
  EXPECT_THAT(selected({}), ElementsAre("rendition-1", "playlist-1", "playlist-2", "nobody's"));
  EXPECT_THAT(selected({}, "far"), ElementsAre("rendition-2"));
  MoveFilter filter;
  filter.kinds = {FileKind::playlist};
  EXPECT_THAT(selected(filter), ElementsAre("playlist-1", "playlist-2"));
  filter.views_below = 20;
  EXPECT_THAT(selected(filter), ElementsAre("playlist-1"));
  filter = {};
  filter.published_before = from_millis(2000);
  EXPECT_THAT(selected(filter), ElementsAre("rendition-1", "playlist-1"));
  filter = {};
  filter.channel = "Second_Channel";
  EXPECT_THAT(selected(filter), ElementsAre("playlist-2"));
  filter = {};
  filter.videos = {*Uuid::parse(k_uuid)};
  EXPECT_THAT(selected(filter), ElementsAre("rendition-1", "playlist-1"));
  filter.video_ids = {VideoId{2}, VideoId{7}, VideoId{8}};
  EXPECT_THAT(selected(filter), ElementsAre("rendition-1", "playlist-1", "playlist-2"));
  filter.channel = "second_channel";
  EXPECT_THAT(selected(filter), ElementsAre("playlist-2"));
}

TEST_P(MoveFilterTest, tells_what_a_move_will_take) {
  const auto estimate = *database->read_blocking([&](db::Session& session) -> Result<MoveEstimate> {
    return estimate_move(session, {}, "near",
                         {.per_thousand_reads = 400,
                          .per_thousand_looks = 500,
                          .per_thousand_writes = 5000,
                          .per_gigabyte_read = 90'000'000,
                          .per_gigabyte_month_before = 20'000'000,
                          .per_gigabyte_month_after = 4'000'000,
                          .part_size = 300});
  });
  EXPECT_EQ(estimate.files, 4);
  EXPECT_EQ(estimate.bytes, 1020U);
  EXPECT_EQ(estimate.reads, 8);
  EXPECT_EQ(estimate.looks, 12);
  EXPECT_EQ(estimate.writes, 3 + 4 + 2) << "three whole, one in four parts";
  EXPECT_EQ(estimate.monthly_before, 20);
  EXPECT_EQ(estimate.monthly_after, 4);
  EXPECT_EQ(estimate.cost, 146) << "3.2 + 6 + 45 + 91.8 millionths";
  const auto nothing = *database->read_blocking([&](db::Session& session) -> Result<MoveEstimate> {
    return estimate_move(session, {}, "nowhere", {});
  });
  EXPECT_EQ(nothing.files, 0);
  EXPECT_EQ(nothing.bytes, 0U);
}

}  // namespace
}  // namespace shoal::storage
