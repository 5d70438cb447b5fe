#include "catalog/video_passwords.h"
#include "tests/support/video_api_fixture.h"

namespace shoal::api {
namespace {

using catalog::Privacy;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class VideosApiTest : public tests::VideoApiTest {};
SHOAL_ON_BOTH_ENGINES(VideosApiTest);

catalog::VideoAttributes first_video() {
  catalog::VideoAttributes video;
  video.name = "First video";
  video.description = "Line one of the description.";
  video.support = "Give support";
  video.category = 2;
  video.licence = 1;
  video.language = "en";
  video.privacy = Privacy::everyone;
  video.tags = {"tag1", "tag2"};
  video.originally_published_at = from_millis(1'588'500'000'000);
  return video;
}

/// There is no tracker that a magnet link could name.
const std::vector<std::string> k_no_magnets = {"files[]", "streamingPlaylists[].files[].magnetUri"};

TEST_P(VideosApiTest, constants_are_as_recorded) {
  for (const auto& [path, name] : {std::pair{"categories", "019-videos-categories"},
                                   std::pair{"licences", "020-videos-licences"},
                                   std::pair{"languages", "021-videos-languages"},
                                   std::pair{"privacies", "022-videos-privacies"}}) {
    const auto answer = get("/api/v1/videos/" + std::string(path));
    EXPECT_EQ(answer.json(), tests::recording(name).body) << name;
  }
}

TEST_P(VideosApiTest, a_video_is_answered_as_recorded_under_each_of_its_names) {
  const auto video = add_video(first_video());
  add_files(video);
  for (const std::string& id : {video.uuid, video.short_uuid, std::to_string(video.id.value)}) {
    const auto answer = get("/api/v1/videos/" + id);
    expect_as_recorded(answer, "064-video-get-by-uuid", k_no_magnets);
  }
  const auto json = get(video.path()).json();
  EXPECT_EQ(json.at("duration"), 12);
  EXPECT_EQ(json.at("aspectRatio"), 1.3333);
  EXPECT_EQ(json.at("state").at("label"), "Published");
  EXPECT_EQ(json.at("url").as_string(), "http://localhost:9010/videos/watch/" + video.uuid);
  EXPECT_EQ(json.at("originallyPublishedAt"), "2020-05-03T10:00:00.000Z");
  EXPECT_EQ(json.at("account").at("name"), "root");
  EXPECT_EQ(json.at("channel").at("ownerAccount").at("name"), "root");
  EXPECT_EQ(json.at("processing"), nullptr);
  const auto& playlist = json.at("streamingPlaylists").at(0);
  const std::string base =
      "http://localhost:9010/static/streaming-playlists/hls/" + video.uuid + "/" + video.uuid;
  EXPECT_EQ(playlist.at("playlistUrl").as_string(), base + "-master.m3u8");
  EXPECT_EQ(playlist.at("segmentsSha256Url").as_string(), base + "-segments-sha256.json");
  EXPECT_EQ(playlist.at("files").at(0).at("fileUrl").as_string(), base + "-480-fragmented.mp4");
  EXPECT_EQ(playlist.at("files").at(0).at("fileDownloadUrl").as_string(),
            "http://localhost:9010/download/streaming-playlists/hls/videos/" + video.uuid +
                "-480-fragmented.mp4");
  EXPECT_EQ(json.at("thumbnailPath").as_string(),
            "/lazy-static/thumbnails/" + video.uuid + "-1.jpg");
}

TEST_P(VideosApiTest, what_is_no_video_is_refused_as_recorded) {
  with_services();
  expect_as_recorded(get("/api/v1/videos/00000000-0000-4000-8000-000000000000"),
                     "068-video-get-unknown-uuid");
  expect_as_recorded(get("/api/v1/videos/999999"), "068-video-get-unknown-uuid");
  expect_as_recorded(get("/api/v1/videos/gVQoCNwzUUgBLHGKLzVfdA"),
                     "070-video-get-unknown-shortuuid");
  expect_as_recorded(get("/api/v1/videos/not_an_id"), "071-video-get-bad-id");
  EXPECT_EQ(get("/api/v1/videos/99999999999999999999").status, 400);
}

TEST_P(VideosApiTest, private_videos_are_for_owner_and_moderators) {
  const auto video = add_video("Private video", Privacy::owner_only);
  const auto alice = make_user("alice");
  const auto moderator = make_user("mod", 1);
  expect_as_recorded(get(video.path()), "072-video-get-private-no-token");
  expect_as_recorded(get(video.path(), alice), "073-video-get-private-other-user");
  EXPECT_EQ(get(video.path(), "00000000").status, 401);
  EXPECT_EQ(get(video.path(), moderator).status, 200);
  const auto own = get(video.path(), root_token());
  EXPECT_EQ(own.status, 200);
  expect_as_recorded(post(video.path("/token"), {}), "125-video-token-no-auth-private");
  EXPECT_EQ(get(video.path("/description")).status, 401);
  EXPECT_EQ(get(video.path("/captions"), alice).status, 403);
  EXPECT_EQ(get(video.path("/chapters"), alice).status, 403);
  EXPECT_EQ(get(video.path("/storyboards")).status, 401);
  // The answer for its owner must not have been kept for others.
  EXPECT_EQ(get(video.path()).status, 401);
}

TEST_P(VideosApiTest, private_media_are_under_the_private_path) {
  const auto video = add_video("Private video", Privacy::owner_only);
  add_files(video);
  const auto json = get(video.path(), root_token()).json();
  EXPECT_EQ(json.at("streamingPlaylists").at(0).at("playlistUrl").as_string(),
            "http://localhost:9010/static/streaming-playlists/hls/private/" + video.uuid + "/" +
                video.uuid + "-master.m3u8");
}

TEST_P(VideosApiTest, unlisted_and_internal_videos) {
  const auto unlisted = add_video("Unlisted video", Privacy::unlisted);
  const auto internal = add_video("Internal video", Privacy::internal);
  const auto alice = make_user("alice");
  EXPECT_EQ(get(unlisted.path()).status, 200);
  EXPECT_EQ(get("/api/v1/videos/" + unlisted.short_uuid).status, 200);
  EXPECT_EQ(get("/api/v1/videos/" + std::to_string(unlisted.id.value)).status, 401)
      << "a number can be guessed";
  EXPECT_EQ(get(internal.path()).status, 401);
  EXPECT_EQ(get(internal.path(), alice).status, 200);
  EXPECT_THAT(names(get("/api/v1/videos")), IsEmpty());
  EXPECT_THAT(names(get("/api/v1/videos", alice)), ElementsAre("Internal video"));
}

TEST_P(VideosApiTest, a_password_opens_a_protected_video) {
  auto attributes = first_video();
  attributes.privacy = Privacy::password;
  attributes.passwords = {"open sesame", "second"};
  const auto video = add_video(attributes);
  const auto with = [&](std::string password) {
    return request(net::Method::get, video.path(),
                   {.headers = {{"x-peertube-video-password", std::move(password)}}});
  };
  auto answer = get(video.path());
  EXPECT_EQ(answer.status, 403);
  EXPECT_EQ(answer.json().at("code"), "video_requires_password");
  answer = with("wrong");
  EXPECT_EQ(answer.status, 403);
  EXPECT_EQ(answer.json().at("code"), "incorrect_video_password");
  EXPECT_EQ(with("open sesame").status, 200);
  EXPECT_EQ(with("' or '1'='1").status, 403);
  EXPECT_EQ(get(video.path()).status, 403) << "kept for nobody";
  EXPECT_EQ(get(video.path(), root_token()).status, 200);
  EXPECT_EQ(post(video.path("/token"), {}).status, 403);

  const std::string root = root_token();
  const auto listed = get(video.path("/passwords"), root).json();
  EXPECT_EQ(listed.at("total"), 2);
  EXPECT_EQ(listed.at("data").at(0).at("password"), "open sesame");
  EXPECT_EQ(get(video.path("/passwords")).status, 401);
  EXPECT_EQ(get(video.path("/passwords"), make_user("alice")).status, 403);
  EXPECT_EQ(put(video.path("/passwords"), {{"passwords", {"one pass", "two pass"}}}, root).status,
            204);
  EXPECT_EQ(with("open sesame").status, 403);
  EXPECT_EQ(with("two pass").status, 200);
  EXPECT_EQ(forgotten.size(), 1u) << "media tokens of the old passwords ended";
  EXPECT_EQ(put(video.path(), {{"privacy", 5}, {"name", "Still protected"}}, root).status, 204);
  EXPECT_EQ(with("two pass").status, 200);
  const auto renewed = get(video.path("/passwords"), root).json();
  const auto id = [&](int i) {
    return "/passwords/" + std::to_string(renewed.at("data").at(i).at("id").as_int64());
  };
  EXPECT_EQ(del(video.path(id(0)), root).status, 204);
  EXPECT_EQ(del(video.path(id(1)), root).status, 400) << "the last one stays";
  EXPECT_EQ(put(video.path("/passwords"), {{"passwords", boost::json::array()}}, root).status, 400);
  EXPECT_EQ(put(video.path("/passwords"), {{"passwords", {"a"}}}, root).status, 400);
}

TEST_P(VideosApiTest, media_tokens_are_signed_for_the_video_and_its_epoch) {
  const auto video = add_video("Private video", Privacy::owner_only);
  const auto answer = post(video.path("/token"), {}, root_token());
  expect_as_recorded(answer, "124-video-token");
  EXPECT_EQ(answer.json().at("files").at("token").as_string(), video.uuid + "/0");
}

TEST_P(VideosApiTest, descriptions_are_cut_in_lists_and_whole_on_their_page) {
  auto attributes = first_video();
  attributes.description.emplace();
  for (int i = 0; i < 400; ++i) *attributes.description += "é";
  const auto video = add_video(attributes);
  expect_as_recorded(get(video.path("/description")), "076-video-description");
  const auto whole = get(video.path()).json();
  EXPECT_EQ(whole.at("description").as_string(), *attributes.description);
  const std::string cut(
      get("/api/v1/videos").json().at("data").at(0).at("description").as_string());
  EXPECT_EQ(cut.size(), 247u * 2 + 3);
  EXPECT_THAT(cut, testing::EndsWith("..."));
  EXPECT_EQ(whole.at("truncatedDescription").as_string(), cut);
}

TEST_P(VideosApiTest, processing_is_told_while_work_runs) {
  struct Progress final : VideoProgress {
    std::optional<VideoProcessing> find(db::Session&, VideoId) const override {
      using State = VideoProcessing::RenditionState;
      return VideoProcessing{.percent = 40,
                             .message = std::nullopt,
                             .remaining = Seconds{9},
                             .renditions = {{720, State::ready, 100}, {480, State::running, 20}}};
    }
  } progress;
  services.progress = &progress;
  const auto video = add_video("Soon");
  const auto json = get(video.path()).json().at("processing");
  EXPECT_EQ(json.at("percent"), 40);
  EXPECT_EQ(json.at("secondsRemaining"), 9);
  EXPECT_EQ(json.at("renditions").at(1).at("state"), "running");
  add_files(video);
  EXPECT_EQ(get(video.path()).json().at("processing"), nullptr);
}

TEST_P(VideosApiTest, moderators_have_failed_work_tried_again) {
  const auto video = add_video(attributes("Failed", Privacy::everyone), "root",
                               catalog::VideoState::transcoding_failed);
  const std::string path = video.path("/transcoding");
  const boost::json::value hls{{"transcodingType", "hls"}};
  EXPECT_EQ(post(path, hls).status, 401);
  EXPECT_EQ(post(path, hls, make_user("alice")).status, 403);
  const std::string root = root_token();
  EXPECT_EQ(post(path, {{"transcodingType", "vhs"}}, root).status, 400);
  EXPECT_EQ(post(path, hls, root).status, 400);  // no processing here
  Result<> outcome;
  services.retry_processing = [&](db::Session&, VideoId id) {
    EXPECT_EQ(id, video.id);
    return outcome;
  };
  EXPECT_EQ(post(path, hls, root).status, 204);
  EXPECT_EQ(forgotten.size(), 1U);
  outcome = fail(ErrorCode::conflict, "This video is already being transcoded");
  const auto refused = post(path, hls, root);
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(refused.json().at("detail"), "This video is already being transcoded");
  EXPECT_EQ(post("/api/v1/videos/999/transcoding", hls, root).status, 404);
}

TEST_P(VideosApiTest, chapters_and_storyboards_are_as_recorded) {
  const auto video = add_video(first_video());
  add_files(video);
  const std::string root = root_token();
  const auto chapters = video.path("/chapters");
  expect_as_recorded(get(chapters), "118-chapters-get-empty");
  const auto body = [](std::string_view text) { return boost::json::parse(text); };
  expect_as_recorded(put(chapters,
                         body(R"({"chapters":[{"timecode":0,"title":"Start"},{"timecode":5,)"
                              R"("title":"Middle"}]})"),
                         root),
                     "119-chapters-put");
  EXPECT_EQ(get(chapters).json(), tests::recording("120-chapters-get").body);
  expect_as_recorded(put(chapters, body(R"({"chapters":[{"timecode":-1,"title":"Start"}]})"), root),
                     "121-chapters-put-bad");
  expect_as_recorded(put(chapters,
                         body(R"({"chapters":[{"timecode":1,"title":"a"},{"timecode":1,)"
                              R"("title":"b"}]})"),
                         root),
                     "122-chapters-put-duplicate");
  EXPECT_EQ(put(chapters, body(R"({"chapters":"x"})"), root).status, 400);
  EXPECT_EQ(put(chapters, body("{}"), root).status, 400);
  EXPECT_EQ(put(chapters, body(R"({"chapters":[]})"), make_user("alice")).status, 403);
  EXPECT_EQ(put(chapters, body(R"({"chapters":[]})")).status, 401);
  EXPECT_EQ(get(chapters).json(), tests::recording("120-chapters-get").body);
  expect_as_recorded(get(video.path("/storyboards")), "123-storyboards");
}

TEST_P(VideosApiTest, views_are_taken_as_recorded_and_counted_once) {
  const auto video = add_video(first_video());
  const auto views = video.path("/views");
  const boost::json::object session{{"sessionId", "rec-session-1"}};
  auto at = [&](int seconds) {
    boost::json::object body = session;
    body["currentTime"] = seconds;
    return body;
  };
  expect_as_recorded(post(views, at(1)), "128-views-post");
  expect_as_recorded(post(views, at(6)), "128-views-post");
  EXPECT_EQ(put(video.path("/watching"), {{"currentTime", 4}}, root_token()).status, 204);
  const auto late = post(views, at(4000));
  EXPECT_EQ(late.status, 400);
  EXPECT_EQ(late.json().at("detail").as_string(),
            "Current time 4000 is invalid (video " + video.uuid + " duration: 12)");
  expect_as_recorded(post(views, boost::json::object()), "133-views-post-no-time");
  EXPECT_EQ(post(views, {{"currentTime", 1}, {"viewEvent", "jump"}}).status, 400);
  EXPECT_EQ(post(views, {{"currentTime", -1}}).status, 400);
  expect_as_recorded(post("/api/v1/videos/00000000-0000-4000-8000-000000000000/views", at(1)),
                     "134-views-post-unknown-video");
  context().responses.clear();
  EXPECT_EQ(get(video.path()).json().at("viewers"), 2);
  const auto batch = context().views.next_batch();
  ASSERT_TRUE(batch);
  std::int64_t counted = 0;
  for (const auto& entry : batch->entries)
    counted += static_cast<std::int64_t>(entry.viewers.size());
  EXPECT_EQ(counted, 1);
}

TEST_P(VideosApiTest, playback_reports_are_taken_as_recorded) {
  const auto video = add_video(first_video());
  boost::json::object report{{"playerMode", "p2p-media-loader"},
                             {"resolution", 480},
                             {"fps", 25},
                             {"p2pEnabled", true},
                             {"p2pPeers", 0},
                             {"resolutionChanges", 1},
                             {"errors", 0},
                             {"bufferStalled", 0},
                             {"downloadedBytesP2P", 0},
                             {"downloadedBytesHTTP", 120000},
                             {"uploadedBytesP2P", 0},
                             {"videoId", video.uuid}};
  expect_as_recorded(post("/api/v1/metrics/playback", report), "186-metrics-playback");
  EXPECT_THAT(metrics.render(),
              HasSubstr("peertube_playback_http_downloaded_bytes{playerMode=\"p2p-media-loader\"}"
                        " 120000"));
  report["playerMode"] = "vlc";
  report["errors"] = "x";
  expect_as_recorded(post("/api/v1/metrics/playback", report), "187-metrics-playback-bad");
  report["playerMode"] = "hls";
  report["errors"] = 0;
  report["videoId"] = "00000000-0000-4000-8000-000000000000";
  EXPECT_EQ(post("/api/v1/metrics/playback", report).status, 404);
  for (const auto& hidden :
       {add_video("Hidden", Privacy::owner_only), add_video("Half hidden", Privacy::unlisted)}) {
    report["videoId"] = std::to_string(hidden.id.value);
    EXPECT_EQ(post("/api/v1/metrics/playback", report).status, 404) << "numbers can be counted";
    EXPECT_EQ(post("/api/v1/metrics/playback", report, root_token()).status, 204);
  }
}

TEST_P(VideosApiTest, passwords_of_videos_cannot_be_guessed_for_long) {
  auto locked = attributes("Locked", Privacy::password);
  locked.passwords = {"open sesame"};
  const auto video = add_video(locked);
  const auto ask = [&](std::string password, std::string client, const std::string& rest = {}) {
    return request(net::Method::get, video.path(rest),
                   {.client = std::move(client),
                    .headers = {{"x-peertube-video-password", std::move(password)}}});
  };
  EXPECT_EQ(ask("open sesame", "192.0.2.1").status, 200);
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(ask("guess " + std::to_string(i), "192.0.2.1", i % 2 == 0 ? "" : "/chapters").status,
              403);
  const auto refused = ask("open sesame", "192.0.2.1");
  EXPECT_EQ(refused.status, 429) << refused.text;
  EXPECT_NE(refused.header("Retry-After"), "");
  EXPECT_EQ(ask("open sesame", "192.0.2.2").status, 200) << "another client is not its fault";
  EXPECT_EQ(get(video.path(), root_token()).status, 200);
  clock.advance(Seconds{2});
  EXPECT_EQ(ask("open sesame", "192.0.2.1").status, 200);
}

TEST_P(VideosApiTest, captions_of_a_private_video_ask_for_a_token_as_recorded) {
  const auto video = add_video("Hidden", Privacy::owner_only);
  expect_as_recorded(get(video.path("/captions")), "117-captions-list-private-no-token");
}

TEST_P(VideosApiTest, hostile_text_is_given_back_as_text) {
  auto attributes = first_video();
  attributes.name = "<script>alert(1)</script>'; drop table video; --";
  attributes.description = "\"\\ \x7f \xe2\x80\xa8 </script>";
  attributes.tags = {"<b>", "'or 1=1"};
  const auto video = add_video(attributes);
  const auto json = get(video.path()).json();
  EXPECT_EQ(json.at("name").as_string(), attributes.name);
  EXPECT_EQ(json.at("description").as_string(), *attributes.description);
  EXPECT_EQ(json.at("tags").at(1), "'or 1=1");
  EXPECT_EQ(get("/api/v1/videos?search=%27%20or%20%271%27%3D%271").status, 200);
}

}  // namespace
}  // namespace shoal::api
