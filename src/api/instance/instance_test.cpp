#include "api/storage/services.h"
#include "jobs/queue.h"
#include "scaling/fleet/decision_rows.h"
#include "scaling/nodes/node_rows.h"
#include "tests/support/api_fixture.h"
#include "tests/support/recordings.h"

namespace shoal::api {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using tests::ApiAnswer;
using tests::recording;
using tests::shape_differences;

class InstanceTest : public tests::ApiTest {
 protected:
  void expect_shape(const ApiAnswer& answer, std::string_view name,
                    const std::vector<std::string>& ignore = {}) {
    const auto recorded = recording(name);
    EXPECT_EQ(answer.status, recorded.status) << answer.text;
    EXPECT_THAT(shape_differences(recorded.body, answer.json(), ignore), IsEmpty());
  }
};
SHOAL_ON_BOTH_ENGINES(InstanceTest);

TEST_P(InstanceTest, configuration_has_peertubes_shape) {
  expect_shape(get("/api/v1/config"), "014-config");
  expect_shape(get("/api/v1/config/about"), "015-config-about");
  const ApiAnswer refused = get("/api/v1/config/custom");
  expect_shape(refused, "016-config-custom-no-token");
  EXPECT_EQ(refused.json(), recording("016-config-custom-no-token").body);
  expect_shape(get("/api/v1/config/custom", root_token()), "017-config-custom-admin",
               {"theme",
                "services",
                "client",
                "cache",
                "contactForm",
                "live",
                "videoStudio",
                "videoTranscription",
                "videoFile",
                "import",
                "export",
                "trending",
                "autoBlacklist",
                "followers",
                "followings",
                "search",
                "instance.customizations",
                "user.history",
                "transcoding.originalFile",
                "transcoding.remoteRunners",
                "transcoding.allowAdditionalExtensions",
                "transcoding.allowAudioFiles",
                "transcoding.threads",
                "transcoding.concurrency",
                "transcoding.profile",
                "transcoding.webVideos",
                "transcoding.hls"});
  EXPECT_EQ(get("/api/v1/ping").text, recording("018-ping").body.as_string());
}

TEST_P(InstanceTest, settings_apply_at_once_and_survive_a_restart) {
  const std::string root = root_token();
  const boost::json::value changes{
      {"instance", {{"name", "Fish <b>"}, {"languages", {"en", "de"}}}},
      {"transcoding", {{"resolutions", {{"1080p", false}, {"144p", true}}}}}};
  const ApiAnswer saved = put("/api/v1/config/custom", changes, root);
  EXPECT_EQ(saved.status, 200) << saved.text;
  EXPECT_EQ(saved.json().at("instance").at("name"), "Fish <b>");
  const auto config = get("/api/v1/config").json();
  EXPECT_EQ(config.at("instance").at("name"), "Fish <b>");
  EXPECT_EQ(config.at("transcoding").at("enabledResolutions").at(0), 144);
  EXPECT_EQ(get("/api/v1/config/about").json().at("instance").at("languages").at(1), "de");

  const auto stored = database->read_blocking([&](db::Session& session) {
    return Result<catalog::RuntimeSettings>(catalog::load_settings(session, {}));
  });
  EXPECT_EQ(stored->instance.name, "Fish <b>");
  EXPECT_EQ(stored->instance.description, catalog::RuntimeSettings().instance.description);

  EXPECT_EQ(del("/api/v1/config/custom", root).status, 200);
  EXPECT_EQ(get("/api/v1/config").json().at("instance").at("name"), "Shoal");
}

TEST_P(InstanceTest, bad_settings_change_nothing_and_name_the_field) {
  const ApiAnswer answer =
      put("/api/v1/config/custom",
          {{"instance", {{"name", "New"}, {"isNSFW", "perhaps"}}}, {"signup", {{"limit", -5}}}},
          root_token());
  EXPECT_EQ(answer.status, 400);
  EXPECT_TRUE(answer.json().at("invalid-params").as_object().contains("instance.isNSFW"));
  EXPECT_TRUE(answer.json().at("invalid-params").as_object().contains("signup.limit"));
  EXPECT_EQ(get("/api/v1/config").json().at("instance").at("name"), "Shoal");
}

TEST_P(InstanceTest, another_nodes_change_is_seen_within_seconds) {
  EXPECT_EQ(get("/api/v1/config").json().at("instance").at("name"), "Shoal");
  ASSERT_TRUE(database
                  ->write_blocking([&](db::Session& session) -> Result<> {
                    catalog::put_setting(session, "instance.name", "\"Elsewhere\"", clock.now());
                    return {};
                  })
                  .has_value());
  clock.advance(catalog::SettingsCache::k_keep + Seconds{2});
  EXPECT_EQ(get("/api/v1/config").json().at("instance").at("name"), "Elsewhere");
}

TEST_P(InstanceTest, two_administrators_lose_nothing_of_each_others_changes) {
  const std::string root = root_token();
  get("/api/v1/config");
  // Another node, while this one still knows the settings of before.
  catalog::SettingsCache other(*database, clock, config.defaults);
  io::Runtime runtime{1};
  runtime.run_until_done([](catalog::SettingsCache& settings) -> io::Task<> {
    EXPECT_TRUE(co_await settings.change(
        [](catalog::RuntimeSettings& now) { now.instance.name = "Named elsewhere"; }));
  }(other));
  const ApiAnswer saved =
      put("/api/v1/config/custom", {{"instance", {{"shortDescription", "Described here"}}}}, root);
  EXPECT_EQ(saved.json().at("instance").at("name"), "Named elsewhere");
  EXPECT_EQ(saved.json().at("instance").at("shortDescription"), "Described here");
  clock.advance(catalog::SettingsCache::k_keep);
  EXPECT_EQ(get("/api/v1/config").json().at("instance").at("name"), "Named elsewhere");
}

TEST_P(InstanceTest, readiness_asks_the_database_once_a_second) {
  context();
  const auto reads = [this] {
    const std::string text = database.metrics().render();
    const std::string_view name = "shoal_db_transaction_seconds_count{mode=\"read\"} ";
    const auto at = text.find(name);
    return at == std::string::npos ? 0 : std::stoi(text.substr(at + name.size()));
  };
  const int before = reads();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(get("/readyz").status, 200);
  EXPECT_EQ(reads(), before + 1);
  clock.advance(Seconds{1});
  EXPECT_EQ(get("/readyz").status, 200);
  EXPECT_EQ(reads(), before + 2);
}

TEST_P(InstanceTest, a_draining_node_is_not_ready_and_still_answers) {
  EXPECT_EQ(get("/readyz").status, 200);
  context().is_draining = true;
  EXPECT_EQ(get("/readyz").status, 503) << "also while the answer of before is kept";
  EXPECT_EQ(get("/healthz").status, 200);
  EXPECT_EQ(get("/api/v1/config").status, 200);
  context().is_draining = false;
  EXPECT_EQ(get("/readyz").status, 200);
}

TEST_P(InstanceTest, a_server_that_starts_is_ready_when_it_knows_its_stores_or_after_five_seconds) {
  StoreStatus bucket{.name = "bucket", .type = "s3", .place = "there"};
  StorageServices storage;
  storage.statuses = [&bucket] { return std::vector{bucket}; };
  context().storage_services = &storage;
  EXPECT_EQ(get("/readyz").status, 503);
  EXPECT_EQ(get("/readyz").text, "the store bucket was not looked at yet\n");
  bucket.since = clock.now();  // away
  EXPECT_EQ(get("/readyz").status, 200);
  bucket.since.reset();
  EXPECT_EQ(get("/readyz").status, 503);
  clock.advance(Seconds{5});
  EXPECT_EQ(get("/readyz").status, 200);
  context().storage_services = nullptr;
}

TEST_P(InstanceTest, nodes_are_for_administrators) {
  EXPECT_EQ(get("/api/v1/server/nodes").status, 401);
  EXPECT_EQ(get("/api/v1/server/nodes", make_user("mo", 1)).status, 403);
  const std::string root = root_token();
  EXPECT_EQ(get("/api/v1/server/nodes", root).json().at("total"), 0);
  scaling::NodeProfile who;
  who.id = "a";
  who.name = "one";
  who.cores = 4;
  ASSERT_TRUE(database->write_blocking([&](db::Session& session) -> Result<> {
    TRY(const auto key, scaling::join(session, who));
    TRY_VOID(scaling::beat(
        session, key, {.running_jobs = 2, .requests_per_second = 1.5, .bytes_per_second = 10}));
    return {};
  }));
  const auto listed = get("/api/v1/server/nodes", root).json();
  EXPECT_EQ(listed.at("total"), 1);
  const auto& node = listed.at("data").at(0);
  EXPECT_EQ(node.at("name"), "one");
  EXPECT_EQ(node.at("state"), "up");
  EXPECT_EQ(node.at("alive"), true);
  EXPECT_EQ(node.at("duties"), false);
  EXPECT_EQ(node.at("capacity").at("cores"), 4);
  EXPECT_EQ(node.at("load").at("runningJobs"), 2);
}

TEST_P(InstanceTest, decisions_of_the_autoscaler_are_for_administrators) {
  EXPECT_EQ(get("/api/v1/server/autoscaler").status, 401);
  EXPECT_EQ(get("/api/v1/server/autoscaler", make_user("mo", 1)).status, 403);
  const std::string root = root_token();
  const auto none = get("/api/v1/server/autoscaler", root).json();
  EXPECT_EQ(none.at("enabled"), false);
  EXPECT_EQ(none.at("total"), 0);
  const auto keep = [&](std::uint32_t wanted, std::optional<std::string> error) {
    ASSERT_TRUE(database->write_blocking([&](db::Session& session) -> Result<> {
      scaling::keep_decision(session, {.decided_at = clock.now(),
                                       .driver = "process",
                                       .workers = 1,
                                       .wanted = wanted,
                                       .queued_media_seconds = 12.5,
                                       .reasons = {"so much waits"},
                                       .error = std::move(error)});
      return {};
    }));
  };
  keep(2, std::nullopt);
  keep(3, "no room");
  const auto listed = get("/api/v1/server/autoscaler", root).json();
  EXPECT_EQ(listed.at("total"), 2);
  const auto& newest = listed.at("data").at(0);
  EXPECT_EQ(newest.at("workers").at("wanted"), 3);
  EXPECT_EQ(newest.at("error"), "no room");
  EXPECT_EQ(newest.at("reasons").at(0), "so much waits");
  EXPECT_EQ(newest.at("queue").at("mediaSeconds"), 12.5);
  EXPECT_TRUE(listed.at("data").at(1).at("error").is_null());
}

TEST_P(InstanceTest, statistics_have_peertubes_shape) {
  const ApiAnswer stats = get("/api/v1/server/stats");
  EXPECT_EQ(stats.status, 200);
  for (const auto& line : shape_differences(recording("265-server-stats").body, stats.json())) {
    const bool left_out = line.find("ActivityPub") != std::string::npos ||
                          line.find("activityPub") != std::string::npos ||
                          line.find("Abuse") != std::string::npos ||
                          line.find("Registration") != std::string::npos;
    EXPECT_TRUE(left_out) << line;
  }
  EXPECT_EQ(stats.json().at("totalUsers"), 1);
  expect_shape(get("/nodeinfo/2.0.json"), "195-nodeinfo-2.0", {"metadata.nodeConfig"});
  expect_shape(get("/.well-known/nodeinfo"), "194-nodeinfo-well-known");
}

TEST_P(InstanceTest, overview_is_for_administrators) {
  EXPECT_EQ(get("/api/v1/admin/overview").status, 401);
  EXPECT_EQ(get("/api/v1/admin/overview", make_user("mo", 1)).status, 403);
  const ApiAnswer answer = get("/api/v1/admin/overview", root_token());
  EXPECT_EQ(answer.status, 200) << answer.text;
  const auto overview = answer.json();
  EXPECT_GT(overview.at("memory").at("residentBytes").as_int64(), 1'000'000);
  EXPECT_GT(overview.at("disk").at("totalBytes").to_number<double>(), 0);
  EXPECT_EQ(overview.at("users"), 2);
  EXPECT_EQ(overview.at("jobs").at("waiting"), 0);
}

TEST_P(InstanceTest, what_waits_on_purpose_is_not_behind) {
  const auto enqueue = [&](Seconds later) {
    ASSERT_TRUE(database->write_blocking([&](db::Session& session) -> Result<JobId> {
      jobs::NewJob job;
      job.kind = "tidy";
      job.run_after = session.now() + later;
      return jobs::enqueue(session, job);
    }));
    clock.advance(Seconds{2});  // answers are kept for a second
  };
  const std::string root = root_token();
  enqueue(Seconds{3600});
  EXPECT_EQ(get("/api/v1/admin/overview", root).json().at("jobs").at("waiting"), 0);
  enqueue(Seconds{0});
  EXPECT_EQ(get("/api/v1/admin/overview", root).json().at("jobs").at("waiting"), 1);
}

TEST_P(InstanceTest, health_needs_no_token_and_metrics_do_from_elsewhere) {
  EXPECT_EQ(get("/healthz").status, 200);
  EXPECT_EQ(get("/readyz").status, 200);
  EXPECT_EQ(get("/metrics").status, 401);
  const ApiAnswer here = request(net::Method::get, "/metrics", {.client = "127.0.0.1"});
  EXPECT_EQ(here.status, 200);
  EXPECT_THAT(here.text, HasSubstr("peertube_users_total 1\n"));
  EXPECT_THAT(here.text, HasSubstr("process_resident_memory_bytes "));
  EXPECT_EQ(get("/metrics", root_token()).status, 200);
}

TEST_P(InstanceTest, unknown_routes_answer_as_recorded) {
  const ApiAnswer answer = get("/api/v1/does-not-exist");
  EXPECT_EQ(answer.status, recording("278-unknown-api-route").status);
  EXPECT_EQ(answer.text, "");
  EXPECT_EQ(get("/nothing/here").status, 404);
  const ApiAnswer method = del("/api/v1/config");
  EXPECT_EQ(method.status, 405);
  EXPECT_EQ(method.header("Allow"), "GET");
  const ApiAnswer preflight =
      request(net::Method::options, "/api/v1/users/me",
              {.headers = {{"Access-Control-Request-Headers", "authorization"}}});
  EXPECT_EQ(preflight.status, 204);
  EXPECT_EQ(preflight.header("Access-Control-Allow-Headers"), "authorization");
}

}  // namespace
}  // namespace shoal::api
