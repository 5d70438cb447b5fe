#include "catalog/video_list.h"

#include <gmock/gmock.h>

#include "catalog/search.h"
#include "catalog/views.h"
#include "tests/support/catalog_fixture.h"

namespace shoal::catalog {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Names = std::vector<std::string>;

class VideoListTest : public CatalogTest {
 protected:
  Names list(const VideoFilter& filter, VideoSort sort = {}, ListRange range = {}) {
    Names names;
    for (const auto& video :
         read([&](db::Session& s) { return list_videos(s, filter, sort, range, now); }))
      names.push_back(video.name);
    return names;
  }
  std::int64_t count(const VideoFilter& filter) {
    return read([&](db::Session& s) { return count_videos(s, filter); });
  }
  Names search(std::string text, VideoSort sort = {VideoSortField::match, true}) {
    VideoFilter filter;
    filter.search = std::move(text);
    return list(filter, sort);
  }
  VideoId add_later(const std::string& name, VideoAttributes attributes = public_video(),
                    VideoState state = VideoState::published) {
    now += Seconds{1};
    return add_video(name, std::move(attributes), state);
  }
};
SHOAL_ON_BOTH_ENGINES(VideoListTest);

TEST_P(VideoListTest, public_lists_show_published_public_videos_newest_first) {
  add_later("one");
  auto hidden = public_video();
  for (const Privacy privacy :
       {Privacy::unlisted, Privacy::owner_only, Privacy::internal, Privacy::password}) {
    hidden.privacy = privacy;
    add_later("hidden " + std::to_string(static_cast<int>(privacy)), hidden);
  }
  add_later("not yet", public_video(), VideoState::to_transcode);
  add_later("two");
  EXPECT_THAT(list({}), ElementsAre("two", "one"));
  EXPECT_EQ(count({}), 2);

  VideoFilter signed_in;
  signed_in.audience = VideoFilter::Audience::signed_in;
  EXPECT_THAT(list(signed_in), ElementsAre("two", "hidden 4", "one"));

  VideoFilter moderator;
  moderator.audience = VideoFilter::Audience::moderator;
  moderator.privacies = {1, 2, 3};
  moderator.any_state = true;
  EXPECT_THAT(list(moderator), ElementsAre("two", "not yet", "hidden 3", "hidden 2", "one"));

  VideoFilter own;
  own.audience = VideoFilter::Audience::owner;
  own.account = alice.account;
  EXPECT_EQ(count(own), 7);
}

TEST_P(VideoListTest, pages_and_sorts) {
  add_later("b");
  add_later("c");
  add_later("a");
  EXPECT_THAT(list({}, {VideoSortField::name, false}), ElementsAre("a", "b", "c"));
  EXPECT_THAT(list({}, {VideoSortField::name, true}), ElementsAre("c", "b", "a"));
  EXPECT_THAT(list({}, {VideoSortField::created_at, false}, {1, 1}), ElementsAre("c"));
  EXPECT_THAT(list({}, {}, {3, 15}), IsEmpty());
  EXPECT_THAT(list({}, {}, {0, 0}), IsEmpty());
  EXPECT_THAT(list({}, {VideoSortField::originally_published_at, true}, {0, 5}).size(), 3u);
  EXPECT_THAT(list({}, {VideoSortField::trending, false}).size(), 3u);
}

TEST_P(VideoListTest, filters_narrow) {
  auto film = public_video();
  film.category = 2;
  film.licence = 1;
  film.language = "en";
  film.tags = {"Tag1", "shared"};
  add_later("film", film);
  auto music = public_video();
  music.category = 1;
  music.nsfw = true;
  music.tags = {"shared"};
  const auto music_id = add_later("music", music);
  write([&](db::Session& s) {
    return record_processing(
        s, music_id,
        {.state = {}, .duration = Milliseconds{12'700}, .aspect_ratio = 1.5, .failure = {}}, now);
  });
  const auto with = [&](auto change) {
    VideoFilter filter;
    change(filter);
    EXPECT_EQ(count(filter), static_cast<std::int64_t>(list(filter).size()));
    return list(filter);
  };
  EXPECT_THAT(with([](auto& f) { f.categories = {2, 3}; }), ElementsAre("film"));
  EXPECT_THAT(with([](auto& f) { f.licences = {1}; }), ElementsAre("film"));
  EXPECT_THAT(with([](auto& f) { f.languages = {"en", "fr", "de"}; }), ElementsAre("film"));
  EXPECT_THAT(with([](auto& f) { f.languages = {"_unknown"}; }), ElementsAre("music"));
  EXPECT_THAT(with([](auto& f) { f.languages = {"en", "_unknown"}; }),
              ElementsAre("music", "film"));
  EXPECT_THAT(with([](auto& f) { f.tags_one_of = {"TAG1", "zz"}; }), ElementsAre("film"));
  EXPECT_THAT(with([](auto& f) { f.tags_all_of = {"shared", "tag1"}; }), ElementsAre("film"));
  EXPECT_THAT(with([](auto& f) { f.tags_all_of = {"shared"}; }), ElementsAre("music", "film"));
  EXPECT_THAT(with([](auto& f) { f.nsfw = false; }), ElementsAre("film"));
  EXPECT_THAT(with([](auto& f) { f.nsfw = true; }), ElementsAre("music"));
  EXPECT_THAT(with([](auto& f) { f.is_local = true; }), ElementsAre("music", "film"));
  EXPECT_THAT(with([](auto& f) { f.is_local = false; }), IsEmpty());
  EXPECT_THAT(with([](auto& f) { f.is_live = true; }), IsEmpty());
  EXPECT_THAT(with([](auto& f) { f.host = "other.example"; }), IsEmpty());
  EXPECT_THAT(with([](auto& f) { f.has_hls_files = true; }), IsEmpty());
  EXPECT_THAT(with([](auto& f) { f.has_hls_files = false; }), ElementsAre("music", "film"));
  EXPECT_THAT(with([](auto& f) { f.duration_min = Seconds{12}; }), ElementsAre("music"));
  EXPECT_THAT(with([](auto& f) { f.duration_max = Seconds{12}; }), ElementsAre("music", "film"));
  EXPECT_THAT(with([](auto& f) { f.duration_max = Seconds{11}; }), ElementsAre("film"));
  EXPECT_THAT(with([&](auto& f) { f.channel = alice.channel; }), ElementsAre("music", "film"));
  EXPECT_THAT(with([&](auto& f) { f.account = AccountId{99}; }), IsEmpty());
  EXPECT_THAT(with([&](auto& f) { f.published_from = now; }), ElementsAre("music"));
  EXPECT_THAT(with([&](auto& f) { f.published_to = now - Seconds{1}; }), ElementsAre("film"));
}

TEST_P(VideoListTest, different_filters_have_different_keys) {
  VideoFilter a;
  VideoFilter b;
  EXPECT_EQ(a.key(), b.key());
  a.categories = {1, 2};
  b.categories = {1, 3};
  EXPECT_NE(a.key(), b.key());
  b = a;
  b.search = "x";
  EXPECT_NE(a.key(), b.key());
}

TEST_P(VideoListTest, trending_puts_recent_views_first_and_then_the_rest) {
  const auto old_hit = add_later("old hit");
  const auto seen = add_later("seen");
  add_later("unseen");
  const auto loved = add_later("loved");
  const auto view = [&](VideoId video, std::int64_t views, Milliseconds ago) {
    std::vector<std::string> viewers;
    for (std::int64_t i = 0; i < views; ++i) viewers.push_back(std::to_string(i));
    write([&](db::Session& s) -> Result<> {
      add_views(s, {.id = random.hex(8), .entries = {{video, now - ago, viewers, {}}}}, now);
      return {};
    });
  };
  constexpr Milliseconds k_day{86'400'000};
  view(old_hit, 100, 30 * k_day);
  view(seen, 5, 6 * k_day);
  view(loved, 4, Milliseconds{1000});
  const VideoSort trending{VideoSortField::trending, true};
  EXPECT_THAT(list({}, trending), ElementsAre("seen", "loved", "old hit", "unseen"));
  EXPECT_THAT(list({}, trending, {1, 2}), ElementsAre("loved", "old hit"));
  EXPECT_THAT(list({}, trending, {3, 2}), ElementsAre("unseen"));
  EXPECT_THAT(list({}, {VideoSortField::hot, true}),
              ElementsAre("loved", "seen", "unseen", "old hit"));
}

TEST_P(VideoListTest, search_finds_words_parts_and_typos_alike_on_both_engines) {
  add_later("Big Buck Bunny");
  add_later("视频教程");
  auto tagged = public_video();
  tagged.tags = {"Kaninchen"};
  add_later("Über Hasen", tagged);
  auto secret = public_video();
  secret.privacy = Privacy::owner_only;
  add_later("Secret Bunny", secret);
  for (const char* query : {"bunny", "buny", "unny", "BIG bunny", "buck"})
    EXPECT_THAT(search(query), ElementsAre("Big Buck Bunny")) << query;
  EXPECT_THAT(search("视频"), ElementsAre("视频教程"));
  EXPECT_THAT(search("教"), ElementsAre("视频教程"));
  EXPECT_THAT(search("uber"), ElementsAre("Über Hasen"));
  EXPECT_THAT(search("kaninchn"), ElementsAre("Über Hasen"));
  EXPECT_THAT(search("nothing"), IsEmpty());
  EXPECT_THAT(search("!!!"), IsEmpty());
  EXPECT_THAT(search("' or 1=1 --"), IsEmpty());

  VideoFilter own;
  own.audience = VideoFilter::Audience::owner;
  own.account = alice.account;
  own.search = "bunny";
  EXPECT_THAT(list(own), ElementsAre("Secret Bunny", "Big Buck Bunny"));
  EXPECT_EQ(count(own), 2);
}

TEST_P(VideoListTest, search_follows_a_new_name_and_forgets_the_old) {
  const auto id = add_later("Elephants Dream");
  VideoChanges changes;
  changes.name = "Tears of Steel";
  write([&](db::Session& s) { return update_video(s, id, changes, now); });
  EXPECT_THAT(search("elephants"), IsEmpty());
  EXPECT_THAT(search("steel"), ElementsAre("Tears of Steel"));
}

TEST_P(VideoListTest, better_matches_come_first_unless_sorted_otherwise) {
  add_later("Bunny");
  add_later("A bunny in the garden");
  add_later("Superbunny");
  EXPECT_THAT(search("bunny"), ElementsAre("Bunny", "A bunny in the garden", "Superbunny"));
  EXPECT_THAT(search("bunny", {VideoSortField::published_at, true}),
              ElementsAre("Superbunny", "A bunny in the garden", "Bunny"));
}

TEST_P(VideoListTest, every_list_filter_can_be_combined) {
  VideoFilter filter;
  filter.categories = {1};
  filter.licences = {1, 2, 3};
  filter.languages = {"en", "_unknown"};
  filter.tags_one_of = {"a", "b"};
  filter.tags_all_of = {"c", "d"};
  filter.nsfw = false;
  filter.is_local = true;
  filter.has_hls_files = true;
  filter.duration_min = Seconds{1};
  filter.duration_max = Seconds{2};
  filter.published_from = now;
  filter.published_to = now;
  filter.originally_published_from = now;
  filter.originally_published_to = now;
  filter.channel = alice.channel;
  filter.account = alice.account;
  filter.uuids = {Uuid::generate(random)};
  for (const auto field : {VideoSortField::published_at, VideoSortField::trending,
                           VideoSortField::hot, VideoSortField::match}) {
    EXPECT_THAT(list(filter, {field, true}), IsEmpty());
    auto searched = filter;
    searched.search = "anything";
    EXPECT_THAT(list(searched, {field, true}), IsEmpty());
  }
}

TEST_P(VideoListTest, what_is_hidden_takes_no_place_from_what_is_found) {
  add_later("Harbour at dawn");
  auto hidden = public_video();
  hidden.privacy = Privacy::owner_only;
  for (std::size_t i = 0; i <= k_search_candidates; ++i) add_later("Harbour at dawn", hidden);
  EXPECT_THAT(search("harbour at dawn"), ElementsAre("Harbour at dawn"));
}

}  // namespace
}  // namespace shoal::catalog
