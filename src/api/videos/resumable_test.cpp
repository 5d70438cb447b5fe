#include "api/videos/content_range.h"
#include "api/videos/upkeep.h"
#include "tests/support/video_api_fixture.h"

namespace shoal::api {
namespace {

class ResumableApiTest : public tests::VideoApiTest {
 protected:
  static constexpr std::string_view k_path = "/api/v1/videos/upload-resumable";

  void SetUp() override {
    with_services();
    root = root_token();
    channel = count("select id from channel order by id limit 1");
  }
  boost::json::object announced() const {
    return {{"name", "Resumable video"}, {"channelId", channel},     {"privacy", 1},
            {"filename", "clip.mp4"},    {"waitTranscoding", false}, {"commentsPolicy", 1},
            {"downloadEnabled", true}};
  }
  tests::ApiAnswer init(const boost::json::object& body, const std::string& length = "600725",
                        std::string type = "video/mp4") {
    std::vector<std::pair<std::string, std::string>> headers{{"X-Upload-Content-Type", type}};
    if (!length.empty()) headers.emplace_back("X-Upload-Content-Length", length);
    return request(net::Method::post, k_path,
                   {.token = root,
                    .body = boost::json::serialize(body),
                    .content_type = "application/json",
                    .headers = std::move(headers)});
  }
  /// The path and query of a new upload.
  std::string begin() {
    const auto answer = init(announced());
    EXPECT_EQ(answer.status, 201) << answer.text;
    const std::string location = answer.header("Location");
    const std::string host = "//localhost:9010";
    EXPECT_TRUE(location.starts_with(host + std::string(k_path) + "?upload_id=")) << location;
    return location.substr(host.size());
  }
  tests::ApiAnswer send(const std::string& target, std::string range, std::string chunk,
                        const std::optional<std::string>& token = {}) {
    return request(net::Method::put, target,
                   {.token = token.value_or(root),
                    .body = std::move(chunk),
                    .content_type = "application/octet-stream",
                    .headers = {{"Content-Range", std::move(range)}}});
  }
  tests::ApiAnswer send(const std::string& target, std::size_t from, std::size_t to) {
    return send(target, fmt::format("bytes {}-{}/{}", from, to - 1, bytes.size()),
                bytes.substr(from, to - from));
  }
  tests::ApiAnswer ask(const std::string& target) { return send(target, "bytes */600725", ""); }

  std::string root;
  std::int64_t channel = 0;
  const std::string bytes = clip();
};
SHOAL_ON_BOTH_ENGINES(ResumableApiTest);

TEST_P(ResumableApiTest, an_upload_goes_on_where_it_was_and_becomes_one_video) {
  const auto first = init(announced());
  expect_as_recorded(first, "032-resumable-1-init");
  EXPECT_EQ(first.header("Cache-Control"), "no-store");
  const std::string target = begin();
  auto answer = ask(target);
  expect_as_recorded(answer, "034-resumable-3-query-nothing-yet");
  EXPECT_EQ(answer.header("Range"), "bytes=0--1");
  answer = send(target, 0, 262144);
  expect_as_recorded(answer, "035-resumable-4-chunk1");
  EXPECT_EQ(answer.header("Range"), "bytes=0-262143");
  EXPECT_EQ(ask(target).header("Range"), "bytes=0-262143");
  answer = send(target, 0, 262144);
  EXPECT_EQ(answer.status, 308) << "a chunk again";
  EXPECT_EQ(answer.header("Range"), "bytes=0-262143");
  EXPECT_EQ(send(target, 400000, 500000).status, 409) << "a gap is not claimed as stored";
  expect_as_recorded(send(target, "bytes 262144-524287/600730", bytes.substr(262144, 262144)),
                     "038-resumable-7-wrong-total");
  answer = send(target, 200000, 524288);
  EXPECT_EQ(answer.header("Range"), "bytes=0-524287") << "an overlap is skipped";
  const auto done = send(target, 524288, 600725);
  expect_as_recorded(done, "043-resumable-12-chunk3-final");
  // The answer may have been lost.
  EXPECT_EQ(send(target, 524288, 600725).text, done.text);
  EXPECT_EQ(ask(target).text, done.text);
  EXPECT_EQ(count("select count(*) from video"), 1);
  EXPECT_EQ(count("select count(*) from job"), 1);
  const std::string id = database
                             ->read_blocking([](db::Session& s) -> Result<std::string> {
                               return s
                                   .query_one(
                                       "select upload_id from upload_session where"
                                       " state = 3")
                                   ->text(0);
                             })
                             .value();
  EXPECT_EQ(object("originals/" + id), bytes);
  EXPECT_EQ(get("/api/v1/videos/" + std::string(done.json().at("video").at("uuid").as_string()))
                .json()
                .at("name"),
            "Resumable video");
}

TEST_P(ResumableApiTest, strangers_and_unknown_uploads_are_refused_as_recorded) {
  const std::string target = begin();
  const auto alice = make_user("alice");
  const std::string chunk = bytes.substr(0, 100);
  const std::string range = "bytes 0-99/600725";
  expect_as_recorded(send(target, range, chunk, ""), "041-resumable-10-chunk-no-token");
  expect_as_recorded(send(target, range, chunk, alice), "042-resumable-11-chunk-other-user");
  const std::string zeros = std::string(k_path) + "?upload_id=00000000000000000000000000000000";
  expect_as_recorded(send(zeros, range, chunk), "050-resumable-19-unknown-upload-id");
  EXPECT_EQ(del(zeros, root).status, 403);
  expect_as_recorded(send(std::string(k_path), range, chunk),
                     "052-resumable-21-put-without-upload-id");
  const std::string own = target.substr(0, target.find("upload_id=") + 10 + 16);
  expect_as_recorded(
      send(own + "-0000000000000000-0000000000000000-0000000000000000", range, chunk),
      "062-resumable-30-unknown-id-with-own-prefix");
}

TEST_P(ResumableApiTest, a_cancelled_upload_is_gone) {
  const std::string target = begin();
  EXPECT_EQ(send(target, 0, 100000).status, 308);
  EXPECT_EQ(del(target, make_user("alice")).status, 403);
  expect_as_recorded(del(target, root), "048-resumable-17-cancel");
  expect_as_recorded(send(target, 100000, 200000), "049-resumable-18-chunk-after-cancel");
  EXPECT_EQ(del(target, root).status, 404);
  EXPECT_EQ(count("select count(*) from upload_session"), 0);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST_P(ResumableApiTest, odd_announcements_are_refused_as_recorded) {
  const boost::json::object no_name{{"channelId", channel}, {"filename", "clip.mp4"}};
  expect_as_recorded(init(no_name), "053-resumable-22-init-missing-name",
                     {"invalid-params.name.value"});
  const boost::json::object no_filename{{"channelId", channel}, {"name", "abc"}};
  expect_as_recorded(init(no_filename), "054-resumable-23-init-missing-filename");
  expect_as_recorded(init(announced(), ""), "055-resumable-24-init-missing-length-header");
  EXPECT_EQ(init(announced(), "0").status, 400);
  EXPECT_EQ(init(announced(), "-5").status, 400);
  auto text = announced();
  text["filename"] = "clip.txt";
  expect_as_recorded(init(text, "600725", "text/plain"), "056-resumable-25-init-bad-extension",
                     {"detail"});
  const auto huge = init(announced(), "10000000000000");
  EXPECT_EQ(huge.status, 413);
  EXPECT_EQ(huge.json().at("error").at("code"), "RequestEntityTooLarge");
  auto stranger = announced();
  stranger["channelId"] = 99999;
  EXPECT_EQ(init(stranger).status, 400);
  EXPECT_EQ(count("select count(*) from upload_session"), 0);
}

TEST_P(ResumableApiTest, odd_ranges_are_refused_and_store_nothing) {
  const std::string target = begin();
  for (const char* range : {"bytes 0-99", "bytes 99-0/600725", "bytes -5/600725", "0-99/600725",
                            "bytes 0-99/*", "bytes 0-99999999999999999999/600725",
                            "bytes 0-99/600725 ", "bytes 0x0-99/600725", "bytes 0-98/600725"}) {
    EXPECT_EQ(send(target, range, bytes.substr(0, 100)).status, 400) << range;
  }
  EXPECT_EQ(send(target, "bytes 600700-600799/600725", bytes.substr(0, 100)).status, 409);
  EXPECT_EQ(ask(target).header("Range"), "bytes=0--1");
}

TEST_P(ResumableApiTest, what_is_no_media_is_refused_with_its_first_bytes) {
  const std::string target = begin();
  const auto answer = send(target, "bytes 0-99999/600725", std::string(100'000, 'x'));
  EXPECT_EQ(answer.status, 422) << answer.text;
  EXPECT_EQ(send(target, 0, 100).status, 404);
  EXPECT_EQ(count("select count(*) from upload_session"), 0);
}

TEST_P(ResumableApiTest, pictures_of_the_announcement_become_the_videos) {
  const auto answer = send_form(
      net::Method::post, k_path,
      {{"name", "Multipart init"},
       {"channelId", std::to_string(channel)},
       {"filename", "clip2.mp4"},
       {"privacy", "1"},
       {"previewfile", jpeg(), "t.jpg", "image/jpeg"}},
      root, {{"X-Upload-Content-Length", "600725"}, {"X-Upload-Content-Type", "video/mp4"}});
  expect_as_recorded(answer, "059-resumable-28-init-multipart");
  const std::string target = answer.header("Location").substr(16);
  const auto done = send(target, 0, bytes.size());
  ASSERT_EQ(done.status, 200) << done.text;
  const auto video =
      get("/api/v1/videos/" + std::string(done.json().at("video").at("uuid").as_string())).json();
  EXPECT_TRUE(video.at("previewPath").is_string());
  EXPECT_EQ(count("select count(*) from media_file where video_id is null"), 0);
}

TEST_P(ResumableApiTest, quota_is_checked_before_the_first_byte) {
  const auto alice = make_user("alice");
  ASSERT_EQ(
      put("/api/v1/users/" + std::to_string(count("select id from users where username = 'alice'")),
          {{"videoQuotaDaily", 1'000'000}}, root)
          .status,
      204);
  root = alice;
  channel = count("select max(id) from channel");
  begin();
  const auto answer = init(announced());
  EXPECT_EQ(answer.status, 413) << "what is announced counts";
  EXPECT_EQ(answer.json().at("code"), "quota_reached");
}

TEST_P(ResumableApiTest, a_crash_between_hand_over_and_rows_loses_nothing) {
  const std::string target = begin();
  EXPECT_EQ(send(target, 0, 300000).status, 308);
  // The transaction fails once, after the bytes were handed over.
  auto work = services.start_processing;
  services.start_processing = [](db::Session&, VideoId) {
    throw db::DatabaseError(ErrorCode::unavailable, "power cut");
  };
  EXPECT_EQ(send(target, 300000, bytes.size()).status, 503);
  EXPECT_EQ(count("select count(*) from video"), 0);
  services.start_processing = work;
  EXPECT_EQ(ask(target).status, 200);
  EXPECT_EQ(count("select count(*) from video"), 1);
}

TEST(ContentRange, forms) {
  EXPECT_EQ(parse_content_range("bytes 0-9/20", 10, 20), (ContentRange{0, 10, 20}));
  EXPECT_EQ(parse_content_range("bytes */20", 0, 20), (ContentRange{0, 0, 20}));
  EXPECT_EQ(parse_content_range("bytes 5-5/20", std::nullopt, 20), (ContentRange{5, 1, 20}));
  EXPECT_EQ(parse_content_range(std::nullopt, 20, 20), (ContentRange{0, 20, 20}));
  EXPECT_FALSE(parse_content_range(std::nullopt, 19, 20));
  EXPECT_FALSE(parse_content_range("bytes 0-9/20", 11, 20));
  EXPECT_FALSE(parse_content_range("bytes 0-18446744073709551615/20", std::nullopt, 20));
  EXPECT_FALSE(parse_content_range("", 0, 20));
}

TEST_P(ResumableApiTest, a_picture_waits_as_long_as_its_upload_takes) {
  auto parts = std::vector<Part>{{"name", "Takes its time"},
                                 {"channelId", std::to_string(channel)},
                                 {"filename", "clip.mp4"},
                                 {"thumbnailfile", jpeg(), "t.jpg", "image/jpeg"}};
  const auto answer = send_form(net::Method::post, k_path, parts, root,
                                {{"X-Upload-Content-Length", std::to_string(bytes.size())}});
  ASSERT_EQ(answer.status, 201) << answer.text;
  const std::string target = answer.header("Location").substr(16);
  for (std::size_t hour = 0; hour < 60; hour += 20) {
    EXPECT_EQ(send(target, hour * 1000, (hour + 20) * 1000).status, 308);
    clock.advance(std::chrono::hours{20});
    root = root_token();
    runtime_for_objects.run_until_done([](Context& at) -> io::Task<> {
      EXPECT_TRUE(co_await collect_uploads(at));
      EXPECT_TRUE(co_await collect_video_leftovers(at, db::unfenced()));
    }(context()));
  }
  const auto done = send(target, 60'000, bytes.size());
  ASSERT_EQ(done.status, 200) << done.text;
  const auto path = "/api/v1/videos/" + std::string(done.json().at("video").at("uuid").as_string());
  EXPECT_TRUE(get(path, root).json().at("thumbnailPath").is_string());
}

TEST_P(ResumableApiTest, an_upload_is_worth_more_than_its_picture) {
  auto parts = std::vector<Part>{{"name", "Loses its picture"},
                                 {"channelId", std::to_string(channel)},
                                 {"filename", "clip.mp4"},
                                 {"thumbnailfile", jpeg(), "t.jpg", "image/jpeg"}};
  const auto answer = send_form(net::Method::post, k_path, parts, root,
                                {{"X-Upload-Content-Length", std::to_string(bytes.size())}});
  ASSERT_EQ(answer.status, 201) << answer.text;
  ASSERT_TRUE(database->write_blocking([](db::Session& session) -> Result<> {
    session.execute("delete from placement");
    session.execute("delete from media_file");
    return {};
  }));
  const auto done = send(answer.header("Location").substr(16), 0, bytes.size());
  EXPECT_EQ(done.status, 200) << done.text;
}

TEST_P(ResumableApiTest, every_name_that_is_advertised_is_taken) {
  for (const char* name : {"clip.ts", "sound.opus", "clip.MP4"}) {
    auto body = announced();
    body["filename"] = name;
    EXPECT_EQ(init(body, "600725", "application/octet-stream").status, 201) << name;
  }
}

}  // namespace
}  // namespace shoal::api
