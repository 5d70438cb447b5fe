#include "api/videos/upkeep.h"
#include "storage/trash.h"
#include "tests/support/video_api_fixture.h"

namespace shoal::api {
namespace {

using catalog::Privacy;
using testing::HasSubstr;

class UploadApiTest : public tests::VideoApiTest {
 protected:
  using Parts = std::vector<Part>;

  tests::ApiAnswer upload(const Parts& parts, std::string_view token) {
    return send_form(net::Method::post, "/api/v1/videos/upload", parts, token);
  }
  std::string channel_of(std::string_view username) {
    return std::to_string(
        count("select c.id from channel c join account a on a.id ="
              " c.account_id join users u on u.id = a.user_id where"
              " u.username = '" +
              std::string(username) + "'"));
  }
  Parts minimal(std::string bytes = clip(), std::string filename = "clip.mp4") {
    return {{"channelId", channel_of("root")},
            {"name", "x video"},
            {"privacy", "1"},
            {"videofile", std::move(bytes), std::move(filename), "video/mp4"}};
  }
  std::vector<std::string> keys() {
    std::vector<std::string> out;
    runtime_for_objects.run_until_done(
        [](blob::BlobStore& from, std::vector<std::string>& into) -> io::Task<> {
          into = (co_await from.list("", "", 100)).value_or(std::vector<std::string>{"unreadable"});
        }(store, out));
    return out;
  }
  void collect_trash() {
    runtime_for_objects.run_until_done([](UploadApiTest& test) -> io::Task<> {
      EXPECT_TRUE(co_await storage::collect_trash(
          *test.database, [&test](std::string_view) { return &test.store; }, test.clock.now(),
          100));
    }(*this));
  }
  void expect_nothing_left() {
    EXPECT_EQ(count("select count(*) from video"), 0);
    EXPECT_EQ(count("select count(*) from upload_session"), 0);
    EXPECT_EQ(count("select count(*) from job"), 0);
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  }
};
SHOAL_ON_BOTH_ENGINES(UploadApiTest);

TEST_P(UploadApiTest, a_form_becomes_a_video_with_its_original_and_its_work) {
  const std::string bytes = clip();
  Parts parts{{"channelId", channel_of("root")},
              {"name", "First video"},
              {"description", "Line one.\n\nSecond **paragraph**"},
              {"privacy", "1"},
              {"category", "2"},
              {"licence", "1"},
              {"language", "en"},
              {"tags[]", "tag1"},
              {"tags[]", "tag2"},
              {"nsfw", "false"},
              {"commentsPolicy", "1"},
              {"downloadEnabled", "true"},
              {"waitTranscoding", "false"},
              {"support", "Give support"},
              {"originallyPublishedAt", "2020-05-03T10:00:00.000Z"},
              {"thumbnailfile", jpeg(), "t.jpg", "image/jpeg"},
              {"previewfile", jpeg(), "p.jpg", "image/jpeg"},
              {"videofile", bytes, "clip.mp4", "video/mp4"}};
  const auto root = root_token();
  const auto answer = upload(parts, root);
  expect_as_recorded(answer, "023-upload-ok");
  const auto made = answer.json().at("video");
  const std::string uuid(made.at("uuid").as_string());
  EXPECT_EQ(object("originals/" +
                   database
                       ->read_blocking([](db::Session& s) -> Result<std::string> {
                         return s.query_one("select upload_id from upload_session")->text(0);
                       })
                       .value()),
            bytes);
  EXPECT_EQ(count("select count(*) from job where kind = 'test-work'"), 1);
  EXPECT_EQ(count("select source_size from video"), static_cast<std::int64_t>(bytes.size()));
  const auto video = get("/api/v1/videos/" + uuid).json();
  EXPECT_EQ(video.at("state").at("label"), "To transcode");
  EXPECT_EQ(video.at("tags").at(1), "tag2");
  EXPECT_EQ(video.at("category").at("label"), "Films");
  EXPECT_EQ(video.at("originallyPublishedAt"), "2020-05-03T10:00:00.000Z");
  EXPECT_THAT(std::string(video.at("thumbnailPath").as_string()),
              testing::MatchesRegex("/lazy-static/thumbnails/[0-9a-f-]{36}\\.jpg"));
  EXPECT_THAT(std::string(video.at("previewPath").as_string()),
              testing::MatchesRegex("/lazy-static/previews/[0-9a-f-]{36}\\.jpg"));
  EXPECT_EQ(get("/api/v1/users/me/video-quota-used", root).json().at("videoQuotaUsed"),
            static_cast<std::int64_t>(bytes.size()));
}

TEST_P(UploadApiTest, the_order_of_the_parts_does_not_matter) {
  auto parts = minimal();
  std::ranges::reverse(parts);
  EXPECT_EQ(upload(parts, root_token()).status, 200);
}

TEST_P(UploadApiTest, what_is_wrong_is_refused_as_recorded_and_leaves_nothing) {
  const auto root = root_token();
  const auto alice = make_user("alice");
  const auto without = [&](std::string_view name) {
    auto parts = minimal();
    std::erase_if(parts, [&](const Part& part) { return part.name == name; });
    return parts;
  };
  expect_as_recorded(upload(without("name"), root), "024-upload-missing-name",
                     {"invalid-params.name.value"});
  expect_as_recorded(upload(without("channelId"), root), "025-upload-missing-channelId");
  expect_as_recorded(upload(without("videofile"), root), "029-upload-missing-file");
  expect_as_recorded(upload(minimal(), ""), "030-upload-no-token");
  expect_as_recorded(upload(minimal(), alice), "031-upload-other-users-channel");
  auto parts = minimal();
  parts[0].value = "99999";
  expect_as_recorded(upload(parts, root), "026-upload-unknown-channelId");
  expect_nothing_left();
}

TEST_P(UploadApiTest, type_is_decided_by_content) {
  const auto root = root_token();
  const std::string text = "this is no video this is no video";
  expect_as_recorded(upload(minimal(text), root), "027-upload-bad-file");
  expect_as_recorded(upload(minimal(text, "clip.txt"), root), "028-upload-bad-extension",
                     {"detail"});
  for (const std::string& bytes :
       {std::string(), std::string("PK\x03\x04 a zip archive"), jpeg(),
        std::string("#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"),
        std::string("ffconcat version 1.0\nfile /etc/passwd\n"), std::string(100'000, '\0')}) {
    const auto answer = upload(minimal(bytes), root);
    EXPECT_EQ(answer.status, 422) << bytes.substr(0, 20) << answer.text;
    EXPECT_TRUE(answer.json().as_object().contains("reason"));
  }
  expect_nothing_left();
  EXPECT_EQ(upload(minimal(clip(), "mislabelled.txt"), root).status, 200);
}

TEST_P(UploadApiTest, quotas_hold) {
  const auto root = root_token();
  const auto alice = make_user("alice");
  ASSERT_EQ(
      put("/api/v1/users/" + std::to_string(count("select id from users where username = 'alice'")),
          {{"videoQuota", 1'000'000}}, root)
          .status,
      204);
  auto parts = minimal();
  parts[0].value = channel_of("alice");
  EXPECT_EQ(upload(parts, alice).status, 200);
  const auto answer = upload(parts, alice);
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(answer.json().at("code"), "quota_reached");
  EXPECT_EQ(count("select count(*) from video"), 1);
  EXPECT_EQ(count("select count(*) from upload_session where state = 1"), 0);
}

TEST_P(UploadApiTest, the_daily_quota_does_not_come_back_with_what_is_deleted) {
  const auto root = root_token();
  const auto alice = make_user("alice");
  const auto id = count("select id from users where username = 'alice'");
  ASSERT_EQ(
      put("/api/v1/users/" + std::to_string(id), {{"videoQuotaDaily", 1'000'000}}, root).status,
      204);
  auto parts = minimal();
  parts[0].value = channel_of("alice");
  const auto made = upload(parts, alice);
  ASSERT_EQ(made.status, 200) << made.text;
  const auto path = "/api/v1/videos/" + std::string(made.json().at("video").at("uuid").as_string());
  EXPECT_EQ(del(path, alice).status, 204);
  const auto used = get("/api/v1/users/me/video-quota-used", alice).json();
  EXPECT_EQ(used.at("videoQuotaUsed"), 0);
  EXPECT_EQ(used.at("videoQuotaUsedDaily"), 600'725);
  EXPECT_EQ(upload(parts, alice).status, 413) << "the bytes are in the trash";
  ASSERT_TRUE(database->write_blocking([this](db::Session& session) -> Result<> {
    session.execute("update upload_session set created_at = :yesterday",
                    {clock.now() - std::chrono::hours{25}});
    return {};
  }));
  EXPECT_EQ(upload(parts, alice).status, 200);
}

TEST_P(UploadApiTest, hostile_forms_are_refused_cleanly) {
  const auto root = root_token();
  const auto with = [&](std::string name, std::string value, std::string filename = {}) {
    auto parts = minimal();
    std::erase_if(parts, [&](const Part& part) { return part.name == name; });
    parts.insert(parts.begin(), {std::move(name), std::move(value), std::move(filename), {}});
    return upload(parts, root).status;
  };
  EXPECT_EQ(with("name", "\xff\xfe bad"), 400);
  EXPECT_EQ(with("name", std::string(200, 'x')), 400);
  EXPECT_EQ(with("name", std::string(600 << 10, 'x')), 413);
  EXPECT_EQ(with("tags[]", "x"), 400);
  EXPECT_EQ(with("category", "9999"), 400);
  EXPECT_EQ(with("privacy", "5"), 400) << "without a password";
  EXPECT_EQ(with("thumbnailfile", "no picture", "t.jpg"), 400);
  EXPECT_EQ(with("thumbnailfile", jpeg() + std::string(5 << 20, 'x'), "t.jpg"), 413);
  EXPECT_EQ(with("shellscript", "x", "../../etc/passwd"), 400);
  EXPECT_EQ(request(net::Method::post, "/api/v1/videos/upload",
                    {.token = root,
                     .body = "--b\r\nbroken",
                     .content_type = "multipart/form-data; boundary=b"})
                .status,
            400);
  expect_nothing_left();
  EXPECT_EQ(with("name", "<script>'; drop table video; --"), 200);
  EXPECT_EQ(with("videofile", clip(), "../../../etc/passwd.mp4"), 200);
}

TEST_P(UploadApiTest, the_text_limit_of_a_form_holds_at_its_very_edge) {
  const auto root = root_token();
  constexpr std::size_t k_limit = std::size_t{512} << 10;
  const auto with = [&](std::size_t first, std::size_t second) {
    auto parts = minimal();
    parts.insert(parts.begin(),
                 {{"a", std::string(first, 'x'), {}, {}}, {"b", std::string(second, 'x'), {}, {}}});
    return upload(parts, root).status;
  };
  // A name that pushes the sum over the limit must not turn what is left into nearly endless.
  EXPECT_EQ(with(k_limit, std::size_t{2} << 20), 413);
  EXPECT_EQ(with(k_limit - 1, std::size_t{2} << 20), 413);
  EXPECT_EQ(with(k_limit / 2, k_limit / 2), 413);
  expect_nothing_left();
  EXPECT_EQ(with(k_limit / 4, k_limit / 4), 200);
}

TEST_P(UploadApiTest, an_update_takes_forms_and_json_as_recorded) {
  const auto root = root_token();
  const auto alice = make_user("alice");
  const auto video = add_video("Resumable video");
  const Parts parts{{"name", "Resumable video, renamed"},
                    {"description", "New description"},
                    {"category", "4"},
                    {"tags[0]", "one"},
                    {"tags[1]", "two"},
                    {"commentsPolicy", "3"},
                    {"thumbnailfile", jpeg(), "t.jpg", "image/jpeg"}};
  expect_as_recorded(send_form(net::Method::put, video.path(), parts, root),
                     "102-video-put-update-multipart");
  expect_as_recorded(put(video.path(),
                         boost::json::parse(R"({"name":"Resumable video, renamed twice",)"
                                            R"("licence":2,"language":"fr","nsfw":true,)"
                                            R"("support":null})"),
                         root),
                     "103-video-put-update-json");
  auto json = get(video.path()).json();
  EXPECT_EQ(json.at("name"), "Resumable video, renamed twice");
  EXPECT_EQ(json.at("description"), "New description");
  EXPECT_EQ(json.at("language").at("label"), "French");
  EXPECT_EQ(json.at("tags").as_array().size(), 2u);
  EXPECT_EQ(json.at("nsfw"), true);
  EXPECT_TRUE(json.at("thumbnailPath").is_string());
  expect_as_recorded(put(video.path(), {{"name", "x"}, {"category", 9999}}, root),
                     "105-video-put-bad-name");
  const boost::json::object hello{{"name", "hello there"}};
  expect_as_recorded(put(video.path(), hello), "106-video-put-no-token");
  expect_as_recorded(put(video.path(), hello, alice), "107-video-put-other-user");
  expect_as_recorded(put("/api/v1/videos/00000000-0000-4000-8000-000000000000", hello, root),
                     "108-video-put-unknown");
  EXPECT_EQ(put(video.path(), {{"channelId", 99999}}, root).status, 400);
  EXPECT_EQ(put(video.path(), {{"privacy", 5}}, root).status, 400);
  const auto second = send_form(net::Method::put, video.path(),
                                {{"thumbnailfile", jpeg(), "t.jpg", "image/jpeg"}}, root);
  EXPECT_EQ(second.status, 204);
  EXPECT_EQ(count("select count(*) from object_trash"), 1) << "the first picture";
  EXPECT_EQ(count("select count(*) from media_file where kind = 5"), 1);
}

TEST_P(UploadApiTest, hostile_json_is_refused_cleanly) {
  const auto root = root_token();
  const auto video = add_video("Stays as it is");
  const auto send = [&](std::string body) {
    return request(net::Method::put, video.path(),
                   {.token = root, .body = std::move(body), .content_type = "application/json"})
        .status;
  };
  EXPECT_EQ(send(std::string(100, '[') + std::string(100, ']')), 400);
  EXPECT_EQ(send("{\"name\":" + std::string(5000, '{') + "}"), 400);
  EXPECT_EQ(send("{\"name\":\"" + std::string(1 << 20, 'x') + "\"}"), 413);
  EXPECT_EQ(send("{\"name\":\"\xff\xfe bad\"}"), 400);
  EXPECT_EQ(send("{\"name\":\"half"), 400);
  EXPECT_EQ(send("[1,2]"), 400);
  EXPECT_EQ(send("{\"name\":\"a\\u0000b long enough\"}"), 400);
  EXPECT_EQ(send("{\"tags\":{\"a\":1},\"category\":[1],\"privacy\":\"x\"}"), 400);
  EXPECT_EQ(send("{\"scheduleUpdate\":{\"updateAt\":\"someday\"}}"), 400);
  EXPECT_EQ(send("{\"scheduleUpdate\":7}"), 400);
  EXPECT_EQ(get(video.path()).json().at("name"), "Stays as it is");
}

TEST_P(UploadApiTest, a_form_may_schedule_the_publication) {
  auto parts = minimal();
  parts[2].value = "3";
  parts.push_back({"scheduleUpdate[updateAt]", "2030-01-01T00:00:00.000Z"});
  parts.push_back({"scheduleUpdate[privacy]", "1"});
  const auto root = root_token();
  const auto made = upload(parts, root).json().at("video");
  const auto json = get("/api/v1/videos/" + std::string(made.at("uuid").as_string()), root).json();
  EXPECT_EQ(json.at("scheduledUpdate").at("updateAt"), "2030-01-01T00:00:00.000Z");
  const std::string path = "/api/v1/videos/" + std::string(made.at("uuid").as_string());
  EXPECT_EQ(put(path, boost::json::parse(R"({"scheduleUpdate":null})"), root).status, 204);
  EXPECT_FALSE(get(path, root).json().as_object().contains("scheduledUpdate"));
}

TEST_P(UploadApiTest, a_video_that_is_hidden_is_hidden_at_once) {
  const auto root = root_token();
  const auto video = add_video("Soon hidden");
  EXPECT_EQ(get(video.path()).status, 200);
  EXPECT_EQ(names(get("/api/v1/videos")).size(), 1u);
  EXPECT_EQ(put(video.path(), {{"privacy", 3}}, root).status, 204);
  EXPECT_EQ(get(video.path()).status, 401);
  EXPECT_EQ(names(get("/api/v1/videos")).size(), 0u);
  EXPECT_EQ(forgotten.size(), 1u);
  EXPECT_EQ(post(video.path("/token"), {}, root).json().at("files").at("token").as_string(),
            video.uuid + "/1");
}

TEST_P(UploadApiTest, deletion_is_clean_also_while_the_video_is_processed) {
  const auto root = root_token();
  const auto uploaded = upload(minimal(), root).json();
  const std::string path =
      "/api/v1/videos/" + std::string(uploaded.at("video").at("uuid").as_string());
  EXPECT_EQ(get(path).status, 200);
  EXPECT_EQ(
      send_form(net::Method::put, path + "/captions/en",
                {{"captionfile", "WEBVTT\n\n00:01.000 --> 00:04.000\nHello\n", "s.vtt"}}, root)
          .status,
      204);
  expect_as_recorded(del(path), "322-video-delete-no-token");
  EXPECT_EQ(del(path, make_user("alice")).status, 403);
  expect_as_recorded(del(path, root), "323-video-delete-ok");
  expect_as_recorded(del(path, root), "324-video-delete-again");
  EXPECT_EQ(get(path).status, 404);
  EXPECT_EQ(count("select count(*) from job"), 0);
  EXPECT_EQ(count("select count(*) from media_file"), 0);
  EXPECT_EQ(count("select count(*) from placement"), 0);
  EXPECT_EQ(count("select count(*) from object_trash"), 2);
  EXPECT_EQ(get("/api/v1/users/me/video-quota-used", root).json().at("videoQuotaUsed"), 0);
}

TEST_P(UploadApiTest, captions_are_as_recorded_and_safe) {
  const auto root = root_token();
  const auto video = add_video("First video");
  const auto put_caption = [&](const std::string& language, std::string text) {
    return send_form(net::Method::put, video.path("/captions/" + language),
                     {{"captionfile", std::move(text), "s.vtt", "text/vtt"}}, root);
  };
  const std::string good = "WEBVTT\n\n00:01.000 --> 00:04.000\nSubtitle good 1.\n";
  expect_as_recorded(put_caption("en", good), "109-captions-put-en");
  expect_as_recorded(put_caption("xx-bad", good), "110-captions-put-bad-language");
  EXPECT_EQ(put_caption("fr",
                        "1\n00:00:01,000 --> 00:00:04,000\n<b>Bonjour</b>"
                        "<script>alert(1)</script>\n")
                .status,
            204);
  expect_as_recorded(get(video.path("/captions")), "112-captions-list");
  const auto list = get(video.path("/captions")).json();
  const std::string path(list.at("data").at(1).at("captionPath").as_string());
  const std::string stored = object("captions/" + path.substr(path.rfind('/') + 1));
  EXPECT_THAT(stored, HasSubstr("00:00:01.000 --> 00:00:04.000"));
  EXPECT_THAT(stored, testing::Not(HasSubstr("<script")));
  for (const std::string& bad : {std::string("no captions"), std::string(), clip(5000)})
    EXPECT_EQ(put_caption("de", bad).status, 400);
  EXPECT_EQ(send_form(net::Method::put, video.path("/captions/de"), {{"other", "x"}}, root).status,
            400);
  EXPECT_EQ(send_form(net::Method::put, video.path("/captions/de"),
                      {{"captionfile", good, "s.vtt"}}, make_user("alice"))
                .status,
            403);
  expect_as_recorded(del(video.path("/captions/fr"), root), "115-captions-delete-fr");
  expect_as_recorded(del(video.path("/captions/fr"), root), "116-captions-delete-fr-again");
  EXPECT_EQ(get(video.path("/captions")).json().at("total"), 1);
}

TEST_P(UploadApiTest, views_and_schedules_are_kept_up) {
  const auto root = root_token();
  auto later = attributes("Later", Privacy::owner_only);
  later.scheduled = catalog::ScheduledUpdate{.at = clock.now() + std::chrono::minutes{5},
                                             .privacy = Privacy::everyone};
  const auto video = add_video(later);
  EXPECT_EQ(get(video.path(), root).json().at("scheduledUpdate").at("privacy"), 1);
  const auto keep_up = [this] {
    std::optional<Result<>> result;
    runtime_for_objects.run_until_done([](Context& at, std::optional<Result<>>& out) -> io::Task<> {
      out = co_await write_views(at);
      if (*out) out = co_await publish_scheduled(at, db::unfenced());
    }(context(), result));
    EXPECT_TRUE(result && *result);
  };
  keep_up();
  EXPECT_EQ(get(video.path()).status, 401);
  clock.advance(std::chrono::minutes{5});
  keep_up();
  EXPECT_EQ(get(video.path()).status, 200);
  EXPECT_EQ(names(get("/api/v1/videos")), std::vector<std::string>{"Later"});
  for (const int second : {0, 11})
    EXPECT_EQ(post(video.path("/views"), {{"currentTime", second}}).status, 204);
  keep_up();
  keep_up();
  EXPECT_EQ(count("select views from video"), 1);
}

TEST_P(UploadApiTest, objects_of_requests_that_failed_late_are_collected) {
  const auto root = root_token();
  const auto video = add_video("Mine");
  const auto rename = [&](const char* from, const char* to) {
    ASSERT_TRUE(database->write_blocking([&](db::Session& session) -> Result<> {
      session.execute(fmt::format("alter table {} rename to {}", from, to));
      return {};
    }));
  };
  auto parts = minimal();
  parts.push_back({"thumbnailfile", jpeg(), "t.jpg", "image/jpeg"});
  rename("job", "away");
  EXPECT_GE(upload(parts, root).status, 500) << "after its original was stored";
  rename("away", "job");
  rename("caption", "away");
  EXPECT_GE(
      send_form(net::Method::put, video.path("/captions/en"),
                {{"captionfile", "WEBVTT\n\n00:01.000 --> 00:04.000\nHello\n", "s.vtt"}}, root)
          .status,
      500);
  rename("away", "caption");
  EXPECT_EQ(keys().size(), 3u);
  collect_trash();
  EXPECT_EQ(keys().size(), 2u) << "nobody waits for the caption";
  clock.advance(std::chrono::hours{49});
  runtime_for_objects.run_until_done([](Context& at) -> io::Task<> {
    EXPECT_TRUE(co_await collect_uploads(at));
    EXPECT_TRUE(co_await collect_video_leftovers(at, db::unfenced()));
  }(context()));
  clock.advance(std::chrono::hours{25});
  collect_trash();
  EXPECT_THAT(keys(), testing::IsEmpty());
}

TEST_P(UploadApiTest, pictures_of_uploads_that_never_ended_are_collected) {
  const auto root = root_token();
  const auto answer = send_form(net::Method::post, "/api/v1/videos/upload-resumable",
                                {{"name", "Never sent"},
                                 {"channelId", channel_of("root")},
                                 {"filename", "clip.mp4"},
                                 {"previewfile", jpeg(), "t.jpg", "image/jpeg"}},
                                root, {{"X-Upload-Content-Length", "600725"}});
  EXPECT_EQ(answer.status, 201) << answer.text;
  clock.advance(std::chrono::hours{49});
  ASSERT_TRUE(database->write_blocking([](db::Session& session) -> Result<> {
    session.execute("update upload_session set updated_at = 0");
    return {};
  }));
  runtime_for_objects.run_until_done([](Context& at) -> io::Task<> {
    EXPECT_TRUE(co_await collect_uploads(at));
    EXPECT_TRUE(co_await collect_video_leftovers(at, db::unfenced()));
  }(context()));
  EXPECT_EQ(count("select count(*) from media_file"), 0);
  EXPECT_EQ(count("select count(*) from object_trash"), 1);
}

}  // namespace
}  // namespace shoal::api
