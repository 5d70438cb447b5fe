#include "tests/support/video_api_fixture.h"

namespace shoal::api {
namespace {

using catalog::Privacy;
using testing::ElementsAre;
using testing::IsEmpty;

class VideoListsApiTest : public tests::VideoApiTest {
 protected:
  void add_two() {
    auto first = attributes("First video", Privacy::everyone);
    first.category = 2;
    first.language = "en";
    first.tags = {"tag1", "tag2"};
    first.description = "Line one";
    add_files(add_video(first));
    add_files(add_video("Second clip"));
    add_video("Private video", Privacy::owner_only);
  }
};
SHOAL_ON_BOTH_ENGINES(VideoListsApiTest);

TEST_P(VideoListsApiTest, lists_are_as_recorded) {
  add_two();
  expect_as_recorded(get("/api/v1/videos"), "077-videos-list");
  EXPECT_THAT(names(get("/api/v1/videos")), ElementsAre("Second clip", "First video"));
  EXPECT_EQ(get("/api/v1/videos").json().at("total"), 2);
  expect_as_recorded(get("/api/v1/videos?count=0"), "095-videos-list-count-0");
  const auto skipped = get("/api/v1/videos?count=1&skipCount=true");
  expect_as_recorded(skipped, "096-videos-list-skipcount");
  EXPECT_FALSE(skipped.json().as_object().contains("total"));
  EXPECT_THAT(names(get("/api/v1/videos?start=1&count=1&sort=-publishedAt")),
              ElementsAre("First video"));
  EXPECT_THAT(names(get("/api/v1/videos?count=2&sort=name")),
              ElementsAre("First video", "Second clip"));
  EXPECT_THAT(names(get("/api/v1/videos?tagsOneOf=tag1&tagsOneOf=zz&categoryOneOf=2&isLocal=true"
                        "&nsfw=both&languageOneOf=en")),
              ElementsAre("First video"));
  EXPECT_THAT(names(get("/api/v1/videos?tagsOneOf[]=tag1")), ElementsAre("First video"));
  EXPECT_THAT(names(get("/api/v1/videos?host=localhost:9010")).size(), 2u);
  EXPECT_THAT(names(get("/api/v1/videos?host=other.example")), IsEmpty());
  expect_as_recorded(get("/api/v1/video-channels/root_channel/videos?count=1"),
                     "152-channel-videos");
  expect_as_recorded(get("/api/v1/accounts/root/videos?count=1"), "158-account-videos");
  EXPECT_EQ(get("/api/v1/accounts/nobody/videos").status, 404);
  EXPECT_EQ(get("/api/v1/video-channels/nobody/videos").status, 404);
}

TEST_P(VideoListsApiTest, a_list_takes_two_statements_and_one_video_no_more) {
  add_two();
  const Added video = add_video("Third");
  add_files(video);
  const std::string token = root_token();
  const auto statements_of = [&](std::string_view target, std::string_view as = {}) {
    // Who it is and how the instance is set up is known; what is asked for is not.
    EXPECT_EQ(get("/api/v1/users/me", as.empty() ? token : as).status, 200);
    EXPECT_EQ(get("/api/v1/config").status, 200);
    context().responses.clear();
    context().totals.clear();
    const double before = database.metrics().sum("shoal_db_statements_total");
    EXPECT_EQ(get(target, as).status, 200) << target;
    return database.metrics().sum("shoal_db_statements_total") - before;
  };
  for (const auto& [list, most] : std::initializer_list<std::pair<std::string_view, int>>{
           {"/api/v1/videos", 2},
           {"/api/v1/videos?count=1&start=1&sort=-trending&tagsOneOf=tag1", 2},
           {"/api/v1/videos?sort=-hot", 2},
           // Whose they are is looked up first.
           {"/api/v1/video-channels/root_channel/videos", 3},
           {"/api/v1/search/videos?search=clip", 5}}) {
    EXPECT_LE(statements_of(list), most) << list;
    EXPECT_LE(statements_of(list, token), most) << list;
  }
  const std::string page = "/api/v1/videos/" + video.uuid;
  EXPECT_LE(statements_of(page), 2);
  EXPECT_LE(statements_of(page, token), 2);
}

TEST_P(VideoListsApiTest, every_sort_of_peertube_is_known) {
  add_two();
  for (const char* sort : {"name", "duration", "createdAt", "publishedAt", "views", "likes",
                           "trending", "hot", "best", "originallyPublishedAt"}) {
    for (const char* direction : {"", "-"}) {
      const auto answer =
          get("/api/v1/videos?count=2&sort=" + std::string(direction) + std::string(sort));
      EXPECT_EQ(answer.status, 200) << sort;
      EXPECT_EQ(names(answer).size(), 2u) << sort;
    }
  }
  EXPECT_EQ(get("/api/v1/videos?sort=-match").status, 400);
  EXPECT_EQ(get("/api/v1/search/videos?search=x&sort=-match").status, 200);
}

TEST_P(VideoListsApiTest, odd_parameters_are_refused_as_recorded) {
  with_services();
  expect_as_recorded(get("/api/v1/videos?sort=bogus"), "089-videos-list-bad-sort");
  expect_as_recorded(get("/api/v1/videos?count=abc"), "090-videos-list-bad-count");
  EXPECT_EQ(get("/api/v1/videos?count=101").status, 400);
  EXPECT_EQ(get("/api/v1/videos?count=-1").status, 400);
  EXPECT_EQ(get("/api/v1/videos?start=-5").status, 400);
  expect_as_recorded(get("/api/v1/videos?start=-5&count=1000"), "094-videos-list-two-bad-params");
  for (const char* query :
       {"categoryOneOf=x", "nsfw=maybe", "isLocal=7", "durationMin=-1", "startDate=yesterday",
        "uuids=1", "languageOneOf=", "include=-1", "privacyOneOf=9"}) {
    EXPECT_EQ(get("/api/v1/videos?" + std::string(query)).status, 400) << query;
  }
}

TEST_P(VideoListsApiTest, only_moderators_see_more) {
  add_two();
  const auto alice = make_user("alice");
  expect_as_recorded(get("/api/v1/videos?count=1&include=16"), "099-videos-list-include-no-token");
  EXPECT_EQ(get("/api/v1/videos?include=1", alice).status, 401);
  EXPECT_EQ(get("/api/v1/videos?privacyOneOf=3", alice).status, 401);
  const auto root = root_token();
  expect_as_recorded(get("/api/v1/videos?count=1&include=8&sort=createdAt", root),
                     "164-videos-list-include-8-files", {"data[].userHistory", "data[].files[]"});
  EXPECT_THAT(names(get("/api/v1/videos?privacyOneOf=3", root)), ElementsAre("Private video"));
  add_video(attributes("Unfinished", Privacy::everyone), "root", catalog::VideoState::to_transcode);
  const auto with_state = get("/api/v1/videos?include=1&count=1", root);
  EXPECT_EQ(with_state.json().at("data").at(0).at("state").at("label"), "To transcode");
}

TEST_P(VideoListsApiTest, own_videos_are_all_listed_as_recorded) {
  add_two();
  add_video(attributes("Unfinished", Privacy::everyone), "root",
            catalog::VideoState::transcoding_failed);
  const auto root = root_token();
  const auto mine = get("/api/v1/users/me/videos", root);
  expect_as_recorded(mine, "100-me-videos");
  EXPECT_THAT(names(mine),
              ElementsAre("Unfinished", "Private video", "Second clip", "First video"));
  EXPECT_THAT(names(get("/api/v1/users/me/videos?search=privat", root)),
              ElementsAre("Private video"));
  EXPECT_EQ(get("/api/v1/users/me/videos").status, 401);
  EXPECT_THAT(names(get("/api/v1/users/me/videos", make_user("alice"))), IsEmpty());
  EXPECT_EQ(get("/api/v1/users/me/videos?channelId=x", root).status, 400);
  EXPECT_THAT(names(get("/api/v1/users/me/videos?channelId=99", root)), IsEmpty());
}

TEST_P(VideoListsApiTest, sensitive_videos_follow_the_instance_the_user_and_the_query) {
  auto sensitive = attributes("Sensitive", Privacy::everyone);
  sensitive.nsfw = true;
  add_video(sensitive);
  add_video("Harmless");
  const auto root = root_token();
  EXPECT_THAT(names(get("/api/v1/videos")), ElementsAre("Harmless"));
  EXPECT_THAT(names(get("/api/v1/videos?nsfw=true")), ElementsAre("Sensitive"));
  EXPECT_THAT(names(get("/api/v1/videos?nsfw=both")), ElementsAre("Harmless", "Sensitive"));
  EXPECT_THAT(names(get("/api/v1/videos", root)), ElementsAre("Harmless"));
  EXPECT_EQ(put("/api/v1/users/me", {{"nsfwPolicy", "display"}}, root).status, 204);
  EXPECT_THAT(names(get("/api/v1/videos", root)), ElementsAre("Harmless", "Sensitive"));
}

TEST_P(VideoListsApiTest, search_is_as_recorded) {
  add_two();
  add_video("视频教程");
  add_video("Big Buck Bunny");
  expect_as_recorded(get("/api/v1/search/videos?search=first&count=5"), "144-search-videos");
  EXPECT_THAT(names(get("/api/v1/search/videos?search=buny")), ElementsAre("Big Buck Bunny"));
  EXPECT_THAT(names(get("/api/v1/search/videos?search=%E8%A7%86%E9%A2%91")),
              ElementsAre("视频教程"));
  EXPECT_EQ(names(get("/api/v1/search/videos")).size(), 4u);
  EXPECT_THAT(names(get("/api/v1/search/videos?search=video&durationMin=5&durationMax=100"
                        "&sort=-match&startDate=2020-01-01T00:00:00.000Z")),
              ElementsAre("First video"));
  expect_as_recorded(get("/api/v1/search/video-channels?search=root"), "147-search-channels");
  EXPECT_EQ(get("/api/v1/search/video-channels?search=zzz").json().at("total"), 0);
}

TEST_P(VideoListsApiTest, overviews_show_what_there_is_enough_of) {
  expect_as_recorded(get("/api/v1/overviews/videos?page=1"), "163-overviews");
  for (int i = 0; i < 6; ++i) {
    auto video = attributes("Clip " + std::to_string(i), Privacy::everyone);
    video.category = 3;
    video.tags = {"cars"};
    add_video(video);
  }
  context().responses.clear();
  const auto json = get("/api/v1/overviews/videos?page=1").json();
  EXPECT_EQ(json.at("categories").at(0).at("category").at("label"), "Vehicles");
  EXPECT_EQ(json.at("channels").at(0).at("channel").at("name"), "root_channel");
  EXPECT_EQ(json.at("tags").at(0).at("tag"), "cars");
  EXPECT_EQ(json.at("tags").at(0).at("videos").as_array().size(), 6u);
  EXPECT_EQ(get("/api/v1/overviews/videos?page=0").status, 400);
}

TEST_P(VideoListsApiTest, a_list_is_kept_once_whatever_stands_beside_its_query) {
  add_video("Clip");
  EXPECT_EQ(names(get("/api/v1/videos?start=0&count=15")).size(), 1U);
  const double kept = metrics.sum("shoal_response_cache_bytes");
  EXPECT_GT(kept, 0);
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(get("/api/v1/videos?count=15&junk=" + std::to_string(i) + "&start=0").status, 200);
  EXPECT_EQ(metrics.sum("shoal_response_cache_bytes"), kept);
  EXPECT_EQ(get("/api/v1/videos?count=14").status, 200);
  EXPECT_GT(metrics.sum("shoal_response_cache_bytes"), kept) << "another list";
}

}  // namespace
}  // namespace shoal::api
