// Results that runners put into the store themselves.
#include "tests/support/segment_jobs_fixture.h"

namespace shoal::api {
namespace {

using testing::HasSubstr;
using tests::ApiAnswer;

/// The store of the fixture takes puts, though only by the test's own hand.
class ResultPlacesTest : public tests::SegmentJobsFixture {
 protected:
  ResultPlacesTest() {
    services.result_url = [this](std::string_view, std::string_view key, std::uint64_t size) {
      asked_size = size;
      return std::optional("put:" + std::string(key));
    };
  }
  static boost::json::array sizes_of(const Pieces& pieces) {
    boost::json::array sizes;
    for (const auto& [resolution, bytes] : pieces)
      sizes.push_back({{"resolution", resolution}, {"size", bytes.size()}});
    return sizes;
  }
  ApiAnswer places(const runners::Assignment& job, const Pieces& pieces) {
    return tell(runner, job, "result-urls", {{"pieces", sizes_of(pieces)}});
  }
  /// What a runner does with the places that it was given.
  void put(const ApiAnswer& given, const Pieces& pieces) {
    const auto urls = runners::parse_result_urls(given.text);
    ASSERT_TRUE(urls) << given.text;
    ASSERT_EQ(urls->size(), pieces.size());
    for (const auto& place : *urls) {
      ASSERT_TRUE(place.url.starts_with("put:results/")) << place.url;
      ASSERT_TRUE(wait(store->put_bytes(place.url.substr(4), pieces.at(place.resolution), {})));
    }
  }
  ApiAnswer say_put(const runners::Assignment& job, const Pieces& pieces) {
    boost::json::array resolutions;
    for (const auto& [resolution, bytes] : pieces) resolutions.push_back(resolution);
    return tell(runner, job, "success", {{"payload", {{"putResolutions", resolutions}}}});
  }

  const std::string runner = enter("one");
  std::uint64_t asked_size = 0;
};
SHOAL_ON_BOTH_ENGINES(ResultPlacesTest);

TEST_P(ResultPlacesTest, a_video_is_made_of_pieces_that_never_came_through_the_server) {
  while (!runners::parse_offers(ask(runner).text).empty()) {
    const auto job = take(runner);
    ASSERT_TRUE(job.takes_puts);
    const Pieces pieces = encode(job);
    put(places(job, pieces), pieces);
    const ApiAnswer done = say_put(job, pieces);
    EXPECT_EQ(done.status, 204) << done.text;
  }
  run_other_jobs();
  EXPECT_EQ(count("select count(*) from video where state = 1"), 1);
  EXPECT_EQ(count("select count(*) from job_history where outcome <> 1"), 0);
  // All that was put goes as soon as no URL takes it any more.
  const auto due = count("select max(due_at) from object_trash where object_key like 'results/%'");
  EXPECT_GT(due, 0);
  EXPECT_LE(due, (clock.now() + k_result_url_life).time_since_epoch().count());
}

TEST_P(ResultPlacesTest, no_place_is_given_for_more_bytes_than_a_piece_may_have_or_what_is_none) {
  const auto job = take(runner);
  const auto ask_for = [&](boost::json::array pieces) {
    return tell(runner, job, "result-urls", {{"pieces", std::move(pieces)}});
  };
  EXPECT_THAT(ask_for({{{"resolution", 240}, {"size", std::uint64_t{1} << 40}}}).text,
              HasSubstr("at the most"));
  EXPECT_EQ(ask_for({{{"resolution", 2160}, {"size", 1}}}).status, 400);
  EXPECT_EQ(ask_for({{{"resolution", 240}, {"size", 0}}}).status, 400);
  EXPECT_EQ(ask_for({{{"resolution", 240}}}).status, 400);
  EXPECT_EQ(tell(runner, job, "result-urls").status, 400);
  auto forged = job;
  forged.job_token = "ptrjt-1-00";
  EXPECT_EQ(places(forged, {{240, "bytes"}}).status, 404);
  EXPECT_EQ(count("select count(*) from object_trash where object_key like 'results/%'"), 0);
  EXPECT_EQ(places(job, {{240, "bytes"}}).status, 200);
  EXPECT_EQ(asked_size, 5);
  EXPECT_EQ(count("select count(*) from object_trash where object_key like 'results/%'"), 1);
}

TEST_P(ResultPlacesTest, pieces_that_are_not_there_or_wrong_are_refused) {
  const auto job = take(runner);
  const Pieces pieces = encode(job);
  expect_refused(say_put(job, pieces), "was not put");
  EXPECT_EQ(tell(runner, job, "update").json().at("code"), "runner_job_not_in_processing_state");
  EXPECT_TRUE(database->write_blocking([](db::Session& session) -> Result<> {
    session.execute("update job set run_after = 0 where state = 1");
    session.execute("delete from runner_failure");
    return {};
  }));
  const auto again = take(runner);
  Pieces wrong = pieces;
  wrong[240] = pieces.at(144);
  put(places(again, wrong), wrong);
  expect_refused(say_put(again, wrong), "another picture");
}

TEST_P(ResultPlacesTest, where_the_store_takes_none_the_answer_names_none) {
  services.result_url = {};
  const auto job = take(runner);
  EXPECT_FALSE(job.takes_puts);
  const ApiAnswer given = places(job, {{240, "bytes"}});
  EXPECT_EQ(given.status, 200);
  EXPECT_TRUE(runners::parse_result_urls(given.text)->empty());
  EXPECT_EQ(count("select count(*) from object_trash where object_key like 'results/%'"), 0);
}

}  // namespace
}  // namespace shoal::api
