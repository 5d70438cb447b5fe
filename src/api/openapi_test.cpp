#include "tests/support/openapi.h"

#include <algorithm>
#include <fstream>
#include <regex>
#include <set>

#include "api/storage/services.h"
#include "api/videos/services.h"
#include "base/text.h"
#include "catalog/videos.h"
#include "scaling/nodes/node_rows.h"
#include "tests/support/api_fixture.h"
#include "tests/support/temporary_directory.h"

namespace shoal::api {
namespace {

using testing::IsEmpty;
using tests::ApiAnswer;
using tests::OpenApi;
namespace json = boost::json;

/// `/videos/:id` and `/client/*path` as OpenAPI writes them.
std::string documented_path(const std::string& pattern) {
  return std::regex_replace(pattern, std::regex("[:*]([A-Za-z]+)"), "{$1}");
}

/// What `{name}` stands for, which depends on what it names.
std::string name_in(const std::string& path) {
  if (path.starts_with("/feeds/")) return "videos.json";
  const bool channel = path.starts_with("/c/") || path.starts_with("/video-channels/");
  return channel ? "root_channel" : "root";
}

class OpenApiTest : public tests::ApiTest {
 protected:
  OpenApiTest() {
    for (const char* page : {"index.html", "embed.html"}) {
      std::ofstream(web_.path() / page) << "<html><!-- shoal:head --></html>";
    }
    std::ofstream(web_.path() / "logo.svg") << "<svg/>";
    config.web_folder = web_.path().string();
  }

  Uuid add_video(catalog::Privacy privacy) {
    catalog::NewVideo video;
    video.uuid = Uuid::generate(random);
    video.channel = ChannelId{1};
    video.attributes.name = "A video";
    video.attributes.description = "Described";
    video.attributes.privacy = privacy;
    video.attributes.tags = {"one", "two"};
    video.state = catalog::VideoState::published;
    EXPECT_TRUE(database
                    ->write_blocking([&](db::Session& session) -> Result<VideoId> {
                      return catalog::create_video(session, video, clock.now());
                    })
                    .has_value());
    return video.uuid;
  }

  /// Stores and their homes, for who lists them.
  void add_storage() {
    storage_ = {.usage = &usage_,
                .stores = &stores_,
                .statuses = [] { return std::vector<StoreStatus>(); },
                .staging_limit = 0};
    context().storage_services = &storage_;
  }

  void expect_documented(const std::string& id, const ApiAnswer& answer) {
    EXPECT_THAT(OpenApi::instance().differences(id, answer.status, answer.header("Content-Type"),
                                                answer.text),
                IsEmpty())
        << answer.text.substr(0, 600);
  }

  tests::TemporaryDirectory web_;
  storage::Stores stores_;
  storage::UsageCache usage_{*database, clock, stores_};
  StorageServices storage_;
};
SHOAL_ON_BOTH_ENGINES(OpenApiTest);

TEST_P(OpenApiTest, documents_every_route_and_nothing_else) {
  context();
  std::set<std::pair<std::string, std::string>> here;
  for (const Routes::Registered& route : registered) {
    here.emplace(to_lower_ascii(net::to_string(route.method)), documented_path(route.pattern));
  }
  std::set<std::pair<std::string, std::string>> there;
  std::set<std::string> ids;
  for (const OpenApi::Operation& operation : OpenApi::instance().operations()) {
    there.emplace(operation.method, operation.path);
    EXPECT_TRUE(ids.insert(operation.id).second) << operation.id << " stands there twice";
  }
  for (const auto& [method, path] : here) {
    EXPECT_TRUE(there.contains({method, path})) << "not documented: " << method << " " << path;
  }
  for (const auto& [method, path] : there) {
    EXPECT_TRUE(here.contains({method, path})) << "does not exist: " << method << " " << path;
  }
}

TEST_P(OpenApiTest, answers_to_reading_are_as_documented) {
  const std::string open = add_video(catalog::Privacy::everyone).text();
  const std::string hidden = add_video(catalog::Privacy::owner_only).text();
  const std::string root = root_token();
  add_storage();
  ASSERT_TRUE(database->write_blocking([](db::Session& session) {
    return scaling::join(session, {.id = "a",
                                   .name = "one",
                                   .roles = "",
                                   .region = "",
                                   .labels = "gpu",
                                   .address = "",
                                   .version = "",
                                   .schema_version = 1,
                                   .cores = 1,
                                   .unshared = ""});
  }));
  for (const OpenApi::Operation& operation : OpenApi::instance().operations()) {
    if (operation.method != "get") continue;
    // Of a file that only an upload leaves: see upload_test.cpp.
    if (operation.path.find("/torrents/") != std::string::npos) continue;
    // Another protocol than HTTP: see whole_jobs_test.cpp.
    if (operation.id == "listenForRunnerJobs") continue;
    std::string target = operation.path;
    for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{
             {"{name}", name_in(operation.path)},
             {"{handle}", "root_channel"},
             {"{id}", operation.path.starts_with("/api/v1/users/") ? "1" : open},
             {"{state}", "completed"},
             {"{path}", operation.path.starts_with("/client/") ? "logo.svg" : "about"},
             {"{rest}", "videos"}}) {
      const std::size_t at = target.find(name);
      if (at != std::string::npos) target.replace(at, name.size(), value);
    }
    if (operation.id == "getOEmbed") {
      target += "?url=" + url_encode("http://localhost:9010/videos/watch/" + open);
    }
    const ApiAnswer answer = get(target, root);
    EXPECT_LT(answer.status, 400) << target << " " << answer.text;
    expect_documented(operation.id, answer);
    expect_documented(operation.id, get(target));
  }
  expect_documented("getVideo", get("/api/v1/videos/" + hidden, root));
  expect_documented("getVideo", get("/api/v1/videos/" + hidden));
  expect_documented("getVideo", get("/api/v1/videos/nonsense!"));
  expect_documented("getVideos", get("/api/v1/videos?count=1000"));
  expect_documented("getVideos", get("/api/v1/videos?include=1"));
  expect_documented("getUser", get("/api/v1/users/1?withStats=true", root));
  expect_documented("getWatchPage", get("/w/" + hidden));
  expect_documented("getSyndicatedVideos", get("/feeds/videos.xml"));
  expect_documented("getSyndicatedVideos", get("/feeds/videos.atom"));
}

TEST_P(OpenApiTest, answers_to_writing_are_as_documented) {
  const std::string video = add_video(catalog::Privacy::everyone).text();
  const std::string root = root_token();
  const std::string api = "/api/v1/";
  expect_documented("getOAuthToken", try_login("root", "wrong"));
  expect_documented("getOAuthToken", try_login("root", "rootpassword123"));
  expect_documented("addUser", post(api + "users", {{"username", "!"}}, root));
  const ApiAnswer made =
      post(api + "users",
           {{"username", "alice"}, {"password", "password-alice"}, {"email", "alice@example.com"}},
           root);
  expect_documented("addUser", made);
  expect_documented("addUser",
                    post(api + "users", json::object(), login("alice", "password-alice")));
  const std::string user =
      api + "users/" + std::to_string(made.json().at("user").at("id").as_int64());
  expect_documented("putUser", put(user, {{"videoQuota", 1}}, root));
  expect_documented("blockUser", post(user + "/block", {{"reason", "spam"}}, root));
  expect_documented("unblockUser", post(user + "/unblock", json::object(), root));
  expect_documented("delUser", del(user, root));
  expect_documented("delUser", del(user, root));
  expect_documented("putUserInfo", put(api + "users/me", {{"theme", "dark"}}, root));
  expect_documented("putUserInfo", put(api + "users/me", {{"theme", 1.5}}, root));
  expect_documented("registerUser", post(api + "users/register", json::object()));
  const json::value channel{{"name", "films"}, {"displayName", "Films"}};
  expect_documented("addVideoChannel", post(api + "video-channels", channel, root));
  expect_documented("addVideoChannel", post(api + "video-channels", channel, root));
  expect_documented("putVideoChannel",
                    put(api + "video-channels/films", {{"displayName", "More"}}, root));
  expect_documented("delVideoChannel", del(api + "video-channels/films", root));
  expect_documented("putCustomConfig",
                    put(api + "config/custom", {{"signup", {{"limit", 3}}}}, root));
  expect_documented("delCustomConfig", del(api + "config/custom", root));
  expect_documented("addView", post(api + "videos/" + video + "/views", {{"currentTime", 5}}));
  expect_documented("addView", post(api + "videos/" + video + "/views", json::object()));
  expect_documented("replaceVideoChapters",
                    put(api + "videos/" + video + "/chapters",
                        {{"chapters", {{{"timecode", 0}, {"title", "Start"}}}}}, root));
  expect_documented("getVideoChapters", get(api + "videos/" + video + "/chapters"));
  expect_documented("putVideo", put(api + "videos/" + video, {{"name", "x"}}, root));
  expect_documented("putVideo", put(api + "videos/" + video, {{"name", "Renamed"}}, root));
  expect_documented("uploadLegacy", post_form(api + "videos/upload", "name=x"));
  expect_documented("uploadResumableInit", post(api + "videos/upload-resumable", json::object()));
  expect_documented("delVideo", del(api + "videos/" + video));
  expect_documented("revokeOAuthToken", post(api + "users/revoke-token", json::object(), root));
  expect_documented("revokeOAuthToken", post(api + "users/revoke-token", json::object(), root));
}

}  // namespace
}  // namespace shoal::api
