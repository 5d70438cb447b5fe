#include <gmock/gmock.h>

#include <chrono>

#include "base/log.h"
#include "catalog/video_list.h"
#include "catalog/views.h"
#include "tests/support/catalog_fixture.h"

namespace shoal::catalog {
namespace {

using testing::HasSubstr;
using testing::Not;

/// Many videos, most of them public; made by the engine itself, as one statement.
class VideoPlanTest : public CatalogTest {
 protected:
  void fill(std::int64_t videos) {
    write([&](db::Session& session) -> Result<> {
      session.execute(
          "with recursive n (i) as (select 1 union all select i + 1 from n where i < "
          "cast(:videos as bigint))"
          " insert into video (uuid, channel_id, name, privacy, nsfw, state, duration, views,"
          " category, originally_published_at, published_at, created_at, updated_at)"
          " select '00000000-0000-4000-8000-' || cast(100000000000 + i as text), cast(:channel as "
          "bigint),"
          " 'Video number ' || cast(i as text), case when i % 10 = 0 then 3 else 1 end,"
          " case when i % 7 = 0 then 1 else 0 end, 1, i % 5000, i * 7919 % 100003, i % 18, i * 500,"
          " i * 1000, i * 1000, i * 1000 from n",
          {videos, alice.channel});
      session.execute("analyze");
      return {};
    });
  }

  std::string plan_of(const VideoFilter& filter, VideoSort sort) {
    const Statement statement = page_statement(filter, sort, {.start = 0, .count = 15});
    const std::string_view explain =
        GetParam() == db::Engine::sqlite ? "explain query plan " : "explain ";
    std::string plan;
    for (const db::Row& row : read([&](db::Session& s) {
           return s.query(std::string(explain) + statement.sql, statement.arguments);
         })) {
      for (std::size_t i = 0; i < row.size(); ++i) plan += row.optional_text(i).value_or("") + " ";
      plan += '\n';
    }
    return plan;
  }

  /// Milliseconds for the first page, best of several.
  double time_of(const VideoFilter& filter, VideoSort sort) {
    double best = 1e9;
    for (int i = 0; i < 20; ++i) {
      const auto begun = std::chrono::steady_clock::now();
      read([&](db::Session& s) { return list_videos(s, filter, sort, {}, now); });
      const std::chrono::duration<double, std::milli> taken =
          std::chrono::steady_clock::now() - begun;
      best = std::min(best, taken.count());
    }
    return best;
  }
};
SHOAL_ON_BOTH_ENGINES(VideoPlanTest);

TEST_P(VideoPlanTest, public_lists_walk_an_index_in_their_order) {
  fill(20'000);
  const std::pair<VideoSortField, const char*> expected[] = {
      {VideoSortField::published_at, "video_public_published"},
      {VideoSortField::created_at, "video_public_created"},
      {VideoSortField::views, "video_public_views"},
      {VideoSortField::name, "video_public_name"},
      {VideoSortField::duration, "video_public_duration"},
      {VideoSortField::originally_published_at, "video_public_originally"},
  };
  for (const auto& [field, index] : expected) {
    for (const bool descending : {true, false}) {
      for (const std::optional<bool> nsfw : {std::optional<bool>{}, std::optional<bool>{false}}) {
        VideoFilter filter;
        filter.nsfw = nsfw;
        const std::string plan = plan_of(filter, {field, descending});
        EXPECT_THAT(plan, HasSubstr(index));
        EXPECT_THAT(plan, Not(HasSubstr("Seq Scan on video v")));
      }
    }
  }
  VideoFilter signed_in;
  signed_in.audience = VideoFilter::Audience::signed_in;
  EXPECT_THAT(plan_of(signed_in, {}), HasSubstr("video_published"));
  VideoFilter channel;
  channel.channel = alice.channel;
  EXPECT_THAT(plan_of(channel, {}), Not(HasSubstr("Seq Scan on video v")));
}

TEST_P(VideoPlanTest, the_first_page_costs_the_same_with_many_videos) {
  fill(50);
  const VideoSort newest;
  const double few = time_of({}, newest);
  write([&](db::Session& s) -> Result<> {
    s.execute("delete from video");
    return {};
  });
  fill(100'000);
  const double many = time_of({}, newest);
  log::info("first page of 15", {{"few_ms", few}, {"many_ms", many}});
  // Twice as long is half the rate; the rest is for a noisy machine.
  EXPECT_LT(many, few * 2 + 0.5);
}

}  // namespace
}  // namespace shoal::catalog
