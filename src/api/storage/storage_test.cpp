#include <boost/json.hpp>

#include "api/instance/instance_metrics.h"
#include "api/storage/services.h"
#include "base/text.h"
#include "storage/files.h"
#include "storage/moves/move_batches.h"
#include "tests/support/openapi.h"
#include "tests/support/video_api_fixture.h"

namespace shoal::api {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using tests::ApiAnswer;
namespace json = boost::json;

const std::string k_path = "/api/v1/admin/storage/";

class StorageApiTest : public tests::VideoApiTest {
 protected:
  StorageApiTest() {
    homes.set_home(storage::FileKind::rendition, "archive");
    statuses.push_back({.name = "local", .type = "local", .place = "/srv", .is_online = true});
    statuses.push_back({.name = "archive",
                        .type = "s3",
                        .place = "videos, s3.example.org",
                        .reason = "it does not answer",
                        .prices = {.per_gigabyte_month = 20'000,
                                   .per_gigabyte_read = 50'000,
                                   .per_thousand_writes = 5'000,
                                   .per_thousand_reads = 400},
                        .base_urls = {{"https://cdn.example.org", 3, true}}});
    storage_services = {.usage = &usage,
                        .stores = &homes,
                        .statuses = [this] { return statuses; },
                        .staging_limit = 1000};
    write([](db::Session& session) -> Result<> {
      for (const char* name : {"local", "archive", "old"}) {
        session.execute(
            "insert into store (name, store_id, generation, registered_at) values (:n, 'x', 1, 1)",
            {name});
      }
      return {};
    });
    context().storage_services = &storage_services;
  }
  template <class Work>
  void write(Work work) {
    SHOAL_CHECK(database->write_blocking(std::move(work)).has_value());
  }
  void add_file(VideoId video, const std::string& name, std::size_t size,
                const std::string& store) {
    write([&](db::Session& session) -> Result<> {
      storage::record_file(session,
                           {video, storage::FileKind::rendition, name, "video/mp4",
                            storage::checksum_of(std::string(size, 'x'))},
                           store, "hls/" + name, clock.now());
      return {};
    });
  }
  static void expect_documented(const std::string& id, const ApiAnswer& answer) {
    EXPECT_THAT(tests::OpenApi::instance().differences(id, answer.status,
                                                       answer.header("Content-Type"), answer.text),
                IsEmpty())
        << answer.text;
  }
  ApiAnswer add_move(const json::value& move, const std::string& token) {
    ApiAnswer answer = post(k_path + "moves", move, token);
    expect_documented("addMove", answer);
    return answer;
  }

  storage::Stores homes;
  std::vector<StoreStatus> statuses;
  storage::UsageCache usage{*database, clock, homes};
  StorageServices storage_services;
};
SHOAL_ON_BOTH_ENGINES(StorageApiTest);

TEST_P(StorageApiTest, is_for_administrators) {
  make_user("moderator", 1);
  const std::string moderator = login("moderator", "password-moderator");
  const std::string moves = k_path + "moves";
  for (const std::string& path : {k_path + "stores", moves, k_path + "videos/1"}) {
    EXPECT_EQ(get(path).status, 401) << path;
    EXPECT_EQ(get(path, moderator).status, 403) << path;
  }
  const json::value move{{"from", "local"}, {"to", "archive"}};
  EXPECT_EQ(post(moves, move, moderator).status, 403);
  for (const char* verb : {"/1/pause", "/1/resume", "/1/cancel"})
    EXPECT_EQ(post(moves + verb, json::object(), moderator).status, 403) << verb;
}

TEST_P(StorageApiTest, lists_stores_with_what_they_hold_cost_and_answer) {
  const auto video = add_video(attributes("v", catalog::Privacy::everyone));
  add_file(video.id, "a", 3'000'000, "archive");
  add_file(video.id, "b", 500, "local");
  const std::string root = root_token();
  EXPECT_EQ(get(k_path + "stores", root).status, 200);
  const auto request = [&](const char* outcome, double times) {
    metrics
        .counter("shoal_store_requests_total", "-",
                 {{"store", "archive"}, {"operation", "GetObject"}, {"outcome", outcome}})
        .add(times);
  };
  request("ok", 30);
  request("not_found", 6);
  request("unavailable", 4);
  clock.advance(Seconds{10});
  const ApiAnswer answer = get(k_path + "stores", root);
  expect_documented("getStores", answer);
  const json::value body = answer.json();
  ASSERT_EQ(body.at("total"), 3);
  EXPECT_EQ(body.at("staging").at("bytes"), 500);
  EXPECT_EQ(body.at("staging").at("limitBytes"), 1000);
  EXPECT_EQ(body.at("countedAt"), json::string(to_iso8601(clock.now())));
  const json::value& local = body.at("data").at(0);
  EXPECT_EQ(local.at("name"), "local");
  EXPECT_EQ(local.at("online"), true);
  EXPECT_EQ(local.at("bytes"), 500);
  EXPECT_EQ(local.at("monthlyCostMicros"), 0);
  const json::value& archive = body.at("data").at(1);
  EXPECT_EQ(archive.at("online"), false);
  EXPECT_EQ(archive.at("reason"), "it does not answer");
  EXPECT_EQ(archive.at("homeOf"), json::array({"rendition"}));
  EXPECT_EQ(archive.at("files"), 1);
  EXPECT_EQ(archive.at("waitingBytes"), 500);
  EXPECT_EQ(archive.at("monthlyCostMicros"), 60) << "0.003 GB at 0.02";
  EXPECT_EQ(archive.at("requests"), 40);
  EXPECT_EQ(archive.at("errors"), 4) << "a key that is free is no error";
  EXPECT_DOUBLE_EQ(archive.at("requestsPerSecond").to_number<double>(), 4);
  EXPECT_DOUBLE_EQ(archive.at("errorsPerSecond").to_number<double>(), 0.4);
  EXPECT_EQ(archive.at("baseUrls").at(0).at("weight"), 3);
  const json::value& old = body.at("data").at(2);
  EXPECT_EQ(old.at("name"), "old");
  EXPECT_EQ(old.at("type"), nullptr);
  EXPECT_THAT(std::string(old.at("reason").as_string()), HasSubstr("configuration"));
}

TEST_P(StorageApiTest, a_dry_run_says_what_a_move_takes_and_moves_nothing) {
  const auto video = add_video(attributes("v", catalog::Privacy::everyone));
  add_file(video.id, "a", 2'000'000, "local");
  add_file(video.id, "b", 1'000'000, "local");
  const json::value answer = add_move({{"from", "local"},
                                       {"to", "archive"},
                                       {"videos", {video.uuid}},
                                       {"kinds", {"rendition"}},
                                       {"rateLimit", 1'000'000},
                                       {"dryRun", true}},
                                      root_token())
                                 .json();
  const json::value& estimate = answer.at("estimate");
  EXPECT_EQ(estimate.at("files"), 2);
  EXPECT_EQ(estimate.at("bytes"), 3'000'000);
  EXPECT_EQ(estimate.at("writes"), 2);
  EXPECT_EQ(estimate.at("costMicros"), 12) << "2 writes at 0.005 and 6 looks at 0.0004 a thousand";
  EXPECT_EQ(estimate.at("monthlyBeforeMicros"), 0);
  EXPECT_EQ(estimate.at("monthlyAfterMicros"), 60);
  EXPECT_EQ(estimate.at("seconds"), 4);
  EXPECT_EQ(get(k_path + "moves", root_token()).json().at("total"), 0);
}

TEST_P(StorageApiTest, a_move_is_started_paused_resumed_and_cancelled) {
  const auto video = add_video(attributes("v", catalog::Privacy::everyone));
  add_file(video.id, "a", 10, "local");
  const std::string root = root_token();
  const std::string moves = k_path + "moves";
  const json::value made = add_move({{"from", "local"},
                                     {"to", "archive"},
                                     {"channel", "root_channel"},
                                     {"publishedBefore", "2030-01-01T00:00:00.000Z"},
                                     {"viewsBelow", 5},
                                     {"parallel", 7}},
                                    root)
                               .json()
                               .at("move");
  EXPECT_EQ(made.at("state"), "running");
  EXPECT_EQ(made.at("parallel"), 7);
  const std::string move = moves + "/" + std::to_string(made.at("id").as_int64());
  const auto change = [&](const std::string& verb) {
    const ApiAnswer answer = post(move + "/" + verb, json::object(), root);
    expect_documented(verb + "Move", answer);
    return answer.status;
  };
  const auto state = [&] {
    const ApiAnswer answer = get(moves, root);
    expect_documented("getMoves", answer);
    return std::string(answer.json().at("data").at(0).at("state").as_string());
  };
  EXPECT_EQ(get(moves, root).json().at("data").at(0).at("filter").at("viewsBelow"), 5);
  EXPECT_EQ(change("pause"), 204);
  EXPECT_EQ(state(), "paused") << "who changed it sees it at once";
  EXPECT_EQ(change("resume"), 204);
  EXPECT_EQ(state(), "running");
  EXPECT_EQ(change("cancel"), 204);
  EXPECT_EQ(state(), "cancelled");
  EXPECT_EQ(change("cancel"), 409);
  EXPECT_EQ(post(moves + "/77/pause", json::object(), root).status, 404);
  EXPECT_EQ(post(moves + "/x/pause", json::object(), root).status, 400);
}

TEST_P(StorageApiTest, a_move_that_cannot_be_says_why) {
  const std::string root = root_token();
  EXPECT_EQ(add_move({{"from", "local"}, {"to", "nowhere"}}, root).status, 404);
  const auto refused = [&](const json::object& more) {
    json::object move{{"from", "local"}, {"to", "archive"}};
    for (const auto& [name, value] : more) move[name] = value;
    const ApiAnswer answer = add_move(move, root);
    EXPECT_EQ(answer.status, 400) << answer.text;
    return answer.text;
  };
  EXPECT_THAT(refused({{"to", "local"}}), HasSubstr("another store"));
  EXPECT_THAT(refused({{"from", nullptr}}), HasSubstr("from"));
  EXPECT_THAT(refused({{"videos", {"?"}}}), HasSubstr("videos"));
  EXPECT_THAT(refused({{"kinds", {"running"}}}), HasSubstr("kinds"));
  EXPECT_THAT(refused({{"parallel", 65}}), HasSubstr("parallel"));
}

TEST_P(StorageApiTest, tells_where_the_copies_of_a_video_are) {
  const auto video = add_video(attributes("v", catalog::Privacy::owner_only));
  add_file(video.id, "a", 10, "archive");
  const std::string root = root_token();
  const ApiAnswer answer = get(k_path + "videos/" + video.short_uuid, root);
  expect_documented("getVideoCopies", answer);
  const json::value file = answer.json().at("files").at(0);
  EXPECT_EQ(file.at("kind"), "rendition");
  EXPECT_EQ(file.at("copies").at(0).at("store"), "archive");
  EXPECT_EQ(file.at("copies").at(0).at("state"), "verified");
  expect_documented("getVideoCopies", get(k_path + "videos/nonsense!", root));
  EXPECT_EQ(get(k_path + "videos/4711", root).status, 404);
}

TEST_P(StorageApiTest, metrics_tell_usage_and_moves) {
  const auto video = add_video(attributes("v", catalog::Privacy::everyone));
  add_file(video.id, "a", 10, "archive");
  ASSERT_EQ(add_move({{"from", "archive"}, {"to", "local"}}, root_token()).status, 200);
  const std::string text = get("/metrics", root_token()).text;
  for (const char* line :
       {"shoal_store_files{store=\"archive\"} 1\n", "shoal_store_bytes{store=\"archive\"} 10\n",
        "shoal_store_bytes{store=\"local\"} 0\n", "shoal_staging_bytes 0\n",
        "shoal_staging_limit_bytes 1000\n", "shoal_move_batches 1\n",
        "shoal_move_files{state=\"waiting\"} 0\n"})
    EXPECT_THAT(text, HasSubstr(line));
}

}  // namespace
}  // namespace shoal::api
