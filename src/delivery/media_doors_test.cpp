#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "delivery/media_service.h"
#include "net/http/server.h"
#include "tests/support/media_doors_fixture.h"

namespace shoal::delivery {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class MediaDoorsTest : public tests::MediaDoorsFixture {};

TEST_F(MediaDoorsTest, through_us_a_range_is_its_bytes_and_is_read_once) {
  for (int i = 0; i < 3; ++i) {
    const auto answer = get("v-720.mp4", Access::open, "", {{"Range", "bytes=600000-600999"}});
    EXPECT_EQ(answer.response.status, 206);
    EXPECT_EQ(answer.field("Content-Range"), "bytes 600000-600999/1500000");
    EXPECT_TRUE(answer.body == media_bytes.substr(600'000, 1000));
  }
  EXPECT_EQ(s3_store.reads, 1);
  EXPECT_TRUE(get("v-720.mp4").body == media_bytes);
  EXPECT_EQ(metrics.sum("shoal_media_store_bytes_total"), 1'503'000);
}

TEST_F(MediaDoorsTest, presigned_open_media_go_to_the_store_for_a_while) {
  s3.open_media = Door::presigned;
  const auto answer = get("v-720.mp4", Access::open, "", {{"Range", "bytes=0-9"}});
  EXPECT_EQ(answer.response.status, 302);
  EXPECT_EQ(answer.field("Location"), "https://s3.example/b/7/v-720.mp4?life=3600&as=");
  EXPECT_EQ(answer.field("Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(answer.field("Cache-Control"), "public, max-age=60");
  EXPECT_EQ(answer.body, "");
  EXPECT_EQ(s3_store.reads, 0);
  EXPECT_THAT(metrics.render(),
              HasSubstr("shoal_media_store_bytes_total{door=\"presigned\",store=\"s3\"} 10"));
  const auto head = get("v-720.mp4", Access::open, "", {}, net::Method::head);
  EXPECT_EQ(head.response.status, 200) << "the signature is for GET";
  EXPECT_EQ(s3_store.reads, 0);
}

TEST_F(MediaDoorsTest, a_condition_is_answered_by_us_before_anybody_is_sent_away) {
  s3.open_media = Door::presigned;
  EXPECT_EQ(get("v-720.mp4", Access::open, "", {{"If-None-Match", "\"1\""}}).response.status, 304);
  EXPECT_EQ(get("v-720.mp4", Access::open, "", {{"If-Match", "\"2\""}}).response.status, 412);
}

TEST_F(MediaDoorsTest, playlists_hash_lists_and_pictures_stay_with_us_and_texts_are_read_once) {
  add("picture.jpg", "image/jpeg", "a picture");
  index.entries["picture.jpg"].is_picture = true;
  s3.open_media = Door::presigned;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(get("v-720.m3u8").body, k_playlist);
    EXPECT_EQ(get("v-segments-sha256.json").body, "{}");
    clock.advance(Seconds{10});
  }
  EXPECT_EQ(s3_store.reads, 2);
  EXPECT_EQ(s3_store.opened, 2);
  EXPECT_EQ(get("picture.jpg", Access::picture).body, "a picture");
}

TEST_F(MediaDoorsTest, a_download_keeps_its_name) {
  s3.open_media = Door::presigned;
  const auto sent = get("v-720.mp4", Access::download);
  EXPECT_EQ(sent.response.status, 302);
  EXPECT_THAT(sent.field("Location"),
              HasSubstr("&as=" + url_encode("attachment; filename=\"A clip-720p.mp4\"")));
  s3.presign = nullptr;
  const auto own = get("v-720.mp4", Access::download);
  EXPECT_EQ(own.response.status, 200);
  EXPECT_THAT(own.field("Content-Disposition"), HasSubstr("A clip-720p.mp4"));
  EXPECT_TRUE(own.body == media_bytes);
}

TEST_F(MediaDoorsTest, a_store_that_cannot_sign_is_answered_for) {
  s3.open_media = Door::presigned;
  presign_error = Error{ErrorCode::unavailable, "no keys"};
  EXPECT_TRUE(get("v-720.mp4").body == media_bytes);
}

TEST_F(MediaDoorsTest, restricted_media_need_a_right_and_their_url_ends_with_it) {
  make_private();
  s3.restricted_media = Door::presigned;
  EXPECT_EQ(get("v-720.mp4", Access::open).response.status, 404);
  EXPECT_EQ(get("v-720.mp4", Access::restricted).response.status, 403);
  const auto with_token = get("v-720.mp4", Access::restricted, token(Seconds{90}));
  EXPECT_EQ(with_token.response.status, 302);
  EXPECT_EQ(with_token.field("Cache-Control"), "private, no-store");
  EXPECT_THAT(with_token.field("Location"), HasSubstr("life=90&"));
  EXPECT_THAT(with_token.field("Location"), testing::Not(HasSubstr("videoFileToken")));
  others.verdict = ViewerVerdict::allowed;
  EXPECT_THAT(get("v-720.mp4", Access::restricted).field("Location"), HasSubstr("life=3600&"));
}

TEST_F(MediaDoorsTest, a_restricted_playlist_is_made_for_its_viewer) {
  make_private();
  s3.restricted_media = Door::presigned;
  const auto answer = get("v-720.m3u8", Access::restricted, token(Seconds{7200}));
  const std::string url = "https://s3.example/b/7/v-720.mp4?life=7200&as=";
  EXPECT_THAT(answer.body, HasSubstr("#EXT-X-MAP:URI=\"" + url + "\",BYTERANGE"));
  EXPECT_THAT(answer.body, HasSubstr("119587@1372\n" + url + "\n#EXT-X-ENDLIST"));
  EXPECT_EQ(answer.field("Cache-Control"), "private, no-store");
  EXPECT_FALSE(answer.response.headers.contains("ETag"));
  others.verdict = ViewerVerdict::allowed;
  EXPECT_THAT(get("v-720.m3u8", Access::restricted).body, HasSubstr("?life=14400&"));
}

TEST_F(MediaDoorsTest, a_playlist_opens_the_files_of_its_own_video_alone) {
  make_private();
  s3.restricted_media = Door::presigned;
  index.entries["v-720.mp4"].video = Uuid::generate(random);
  EXPECT_EQ(get("v-720.m3u8", Access::restricted, token()).body, k_playlist);
}

TEST_F(MediaDoorsTest, what_a_playlist_names_in_other_stores_asks_us_with_the_token) {
  make_private();
  const auto query = token();
  s3.restricted_media = Door::presigned;
  index.entries["v-720.mp4"].copies = {{"archive", "a/v-720.mp4"}};
  put(archive_store, "a/v-720.mp4", media_bytes);
  EXPECT_EQ(get("v-720.m3u8", Access::restricted, query).body, k_playlist);
  EXPECT_THAT(get("v-720.m3u8", Access::restricted, query + "&reinjectVideoFileToken=true").body,
              HasSubstr("\nv-720.mp4?" + query + "\n"));
}

TEST_F(MediaDoorsTest, a_growing_playlist_keeps_its_uris) {
  make_private();
  s3.restricted_media = Door::presigned;
  auto& entry = index.entries["v-720.m3u8"];
  entry.text = std::make_shared<const std::string>(k_playlist);
  entry.copies.clear();
  EXPECT_EQ(get("v-720.m3u8", Access::restricted, token()).body, k_playlist);
}

/// With a base URL that is, or is not, alive.
class MediaRedirectTest : public tests::MediaDoorsFixture {
 public:
  MediaRedirectTest() {
    net::ServerConfig config;
    config.port = 0;
    server.emplace(
        runtime, config, [this](net::Request&) { return answer(status); }, metrics, real_clock);
    SHOAL_CHECK(server->start().has_value());
    base = fmt::format("http://127.0.0.1:{}/cdn", server->port());
    urls.emplace("s3", std::vector<BaseUrl>{{.url = base}}, clock, metrics, runtime.executor(0));
    s3.open_media = Door::redirect;
    s3.base_urls = &*urls;
    check(200);
  }
  ~MediaRedirectTest() override { runtime.run_until_done(server->stop()); }

 protected:
  static io::Task<net::Response> answer(int with) {
    co_return net::Response::text(with, "", "text/plain");
  }
  void check(int with) {
    status = with;
    for (int i = 0; i < 2; ++i) runtime.run_until_done(urls->check_all());
  }
  SystemClock real_clock;
  std::atomic<int> status = 200;
  std::optional<net::Server> server;
  std::string base;
  std::optional<BaseUrls> urls;
};

TEST_F(MediaRedirectTest, open_media_are_at_the_base_url) {
  for (const auto method : {net::Method::get, net::Method::head}) {
    const auto answer = get("v-720.mp4", Access::open, "", {}, method);
    EXPECT_EQ(answer.response.status, 302);
    EXPECT_EQ(answer.field("Location"), base + "/media/7/v-720.mp4");
    EXPECT_EQ(answer.field("Access-Control-Allow-Origin"), "*");
    EXPECT_EQ(answer.field("Cache-Control"), "public, max-age=60");
  }
  EXPECT_EQ(s3_store.reads, 0);
}

TEST_F(MediaRedirectTest, a_dead_one_is_left_for_the_store_and_then_for_us) {
  check(500);
  EXPECT_THAT(get("v-720.mp4").field("Location"), StartsWith("https://s3.example/b/7/"));
  s3.presign = nullptr;
  EXPECT_TRUE(get("v-720.mp4").body == media_bytes);
  check(200);
  EXPECT_THAT(get("v-720.mp4").field("Location"), StartsWith(base));
}

TEST_F(MediaRedirectTest, an_object_that_is_not_public_yet_comes_by_a_signed_url) {
  index.entries["v-720.mp4"].copies[0].is_public = false;
  service->forget_video(video);
  EXPECT_THAT(get("v-720.mp4").field("Location"), StartsWith("https://s3.example/b/7/"));
  s3.presign = nullptr;
  EXPECT_TRUE(get("v-720.mp4").body == media_bytes);
}

TEST_F(MediaRedirectTest, restricted_media_never_go_there) {
  make_private();
  s3.restricted_media = Door::redirect;
  const auto answer = get("v-720.mp4", Access::restricted, token());
  EXPECT_EQ(answer.response.status, 200);
  EXPECT_TRUE(answer.body == media_bytes);
  EXPECT_EQ(get("v-720.m3u8", Access::restricted, token()).body, k_playlist);
  s3.restricted_media = Door::presigned;
  service->forget_video(video);
  EXPECT_THAT(get("v-720.mp4", Access::restricted, token()).field("Location"),
              StartsWith("https://s3.example/"));
}

TEST_F(MediaRedirectTest, it_may_have_what_its_store_cannot_give) {
  s3_store.fail_opens(Error{ErrorCode::unavailable, "away"});
  EXPECT_THAT(get("v-720.mp4").field("Location"), StartsWith(base));
  EXPECT_EQ(get("v-720.m3u8").response.status, 503);
  check(500);
  s3.presign = nullptr;
  EXPECT_EQ(get("v-720.mp4").response.status, 503);
}

}  // namespace
}  // namespace shoal::delivery
