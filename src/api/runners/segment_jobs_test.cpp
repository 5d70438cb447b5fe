// Segment jobs done over the protocol: a real ffmpeg, a real store, a real database.
#include <thread>

#include "tests/support/segment_jobs_fixture.h"

namespace shoal::api {
namespace {

using testing::HasSubstr;
using tests::ApiAnswer;

class SegmentJobsTest : public tests::SegmentJobsFixture {};
SHOAL_ON_BOTH_ENGINES(SegmentJobsTest);

/// Payloads are of another type than the recorded ones, and so is what they hold.
const std::vector<std::string> k_other_payload{"job.payload.input.separatedAudioFileUrl",
                                               "job.payload.output.fps",
                                               "job.payload.output.resolution"};

TEST_P(SegmentJobsTest, a_video_is_made_by_workers_elsewhere) {
  const std::string runner = enter("one");
  int done = 0;
  while (!runners::parse_offers(ask(runner).text).empty()) {
    const auto job = take(runner);
    EXPECT_EQ(deliver(runner, job, encode(job)).status, 204);
    ++done;
  }
  EXPECT_GE(done, 2);
  run_other_jobs();
  const auto made = database->read_blocking([&](db::Session& session) -> Result<catalog::Video> {
    return *catalog::find_video(session, catalog::VideoKey(video));
  });
  EXPECT_EQ(made->summary.state, catalog::VideoState::published);
  ASSERT_TRUE(made->playlist && made->playlist->is_finished);
  EXPECT_EQ(made->playlist->files.size(), 2);
  EXPECT_EQ(count("select count(*) from job_history where outcome <> 1"), 0);
}

TEST_P(SegmentJobsTest, the_life_of_a_job_is_as_recorded) {
  const std::string runner = enter("one");
  expect_shape(ask(runner), "293-runners-jobs-request-one",
               {"availableJobs[].payload.input.separatedAudioFileUrl",
                "availableJobs[].payload.output.fps", "availableJobs[].payload.output.resolution"});
  const std::string job = first_job(runner);
  const ApiAnswer accepted = accept(runner, job);
  expect_shape(accepted, "295-runners-job-accept", k_other_payload);
  EXPECT_EQ(accepted.json().at("job").at("state").at("label"), "Processing");
  expect_refusal(accept(runner, job), "296-runners-job-accept-again");
  auto held = *runners::parse_assignment(accepted.text);
  expect_shape(tell(runner, held, "update", {{"progress", 42}}), "297-runners-job-update-progress");
  EXPECT_EQ(tell(runner, held, "update", {{"progress", 101}}).status, 400);
  auto forged = held;
  forged.job_token = "ptrjt-00000000-0000-4000-8000-000000000000";
  expect_refusal(tell(runner, forged, "update", {{"progress", 42}}),
                 "298-runners-job-update-bad-token");
  const auto shown = listed(job);
  EXPECT_EQ(shown.at("progress"), 42);
  EXPECT_EQ(shown.at("runner").at("name"), "one");
  expect_shape(tell(runner, held, "abort", {{"reason", "runner stops"}}), "303-runners-job-abort");
  const ApiAnswer again = accept(runner, job);
  EXPECT_EQ(again.status, 200) << again.text;
  const auto second = *runners::parse_assignment(again.text);
  EXPECT_EQ(tell(runner, held, "update").json().at("code"), "runner_job_not_in_processing_state");
  expect_refusal(tell(runner, second, "success", {{"payload", boost::json::object()}}),
                 "307-runners-job-success-missing-files");
  const Pieces pieces = encode(second);
  EXPECT_EQ(deliver(runner, second, {*pieces.begin()}).status, 400);
  EXPECT_EQ(deliver(runner, second, pieces).status, 204);
  expect_refusal(deliver(runner, second, pieces), "309-runners-job-success-again");
}

TEST_P(SegmentJobsTest, a_stock_runner_never_sees_our_own_type) {
  const std::string runner = enter("one");
  const ApiAnswer plain = post("/api/v1/runners/jobs/request", {{"runnerToken", runner}});
  EXPECT_TRUE(plain.json().at("availableJobs").as_array().empty());
  const ApiAnswer typed = post("/api/v1/runners/jobs/request",
                               {{"runnerToken", runner}, {"jobTypes", {"vod-hls-transcoding"}}});
  EXPECT_TRUE(typed.json().at("availableJobs").as_array().empty());
}

TEST_P(SegmentJobsTest, a_runner_that_waits_hears_of_a_job_as_soon_as_there_is_one) {
  const std::string runner = enter("one");
  while (!runners::parse_offers(ask(runner).text).empty()) take(runner);
  // The clock of the server stands still: nothing but a job ends the wait.
  std::thread other([&] {
    EXPECT_TRUE(database->write_blocking([](db::Session& session) -> Result<> {
      session.execute("update job set state = 1 where kind = 'video-encode' and state = 2");
      session.notify(jobs::k_waiting_channel);
      return {};
    }));
  });
  EXPECT_FALSE(runners::parse_offers(ask(runner, 30).text).empty());
  other.join();
  EXPECT_EQ(ask(runner, 31).status, 400);
}

TEST_P(SegmentJobsTest, a_job_that_its_workers_died_on_is_given_to_nobody_and_shows_why) {
  const std::string runner = enter("one");
  const std::string job = first_job(runner);
  ASSERT_TRUE(database->write_blocking([](db::Session& session) -> Result<> {
    session.execute(
        "update job set attempt = max_attempts, last_error = 'attempt 5 died with its worker"
        " runner:9' where kind = 'video-encode' and state = 1");
    return {};
  }));
  EXPECT_EQ(accept(runner, job).status, 400);
  EXPECT_TRUE(runners::parse_offers(ask(runner).text).empty());
  const auto shown = listed(job);
  EXPECT_EQ(shown.at("state").at("label"), "Errored");
  EXPECT_EQ(shown.at("error"),
            "all 5 attempts failed, the last with its worker\n"
            "attempt 5 died with its worker runner:9");
}

TEST_P(SegmentJobsTest, a_node_that_stops_lets_no_runner_wait) {
  const std::string runner = enter("one");
  while (!runners::parse_offers(ask(runner).text).empty()) take(runner);
  context().is_draining = true;
  EXPECT_TRUE(runners::parse_offers(ask(runner, 30).text).empty());
}

TEST_P(SegmentJobsTest, the_source_is_given_to_who_holds_the_job_and_in_parts) {
  const std::string runner = enter("one");
  const auto job = take(runner);
  const std::string path = job.input.url.substr(config.origin.size());
  const boost::json::value body{{"runnerToken", runner}, {"jobToken", job.job_token}};
  const ApiAnswer whole = post(path, body);
  EXPECT_EQ(whole.status, 200);
  EXPECT_EQ(whole.text, *io::read_whole(files, clip, 1 << 28));
  EXPECT_EQ(whole.text.size(), job.input.size);
  const ApiAnswer part = request(net::Method::post, path,
                                 {.body = boost::json::serialize(body),
                                  .content_type = "application/json",
                                  .headers = {{"Range", "bytes=100-"}}});
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.text, whole.text.substr(100));
  EXPECT_EQ(post(path, {{"runnerToken", runner}, {"jobToken", "ptrjt-1-00"}}).status, 404);
  EXPECT_EQ(post(path, {{"runnerToken", enter("two")}, {"jobToken", job.job_token}}).status, 404);
  tell(runner, job, "abort");
  EXPECT_EQ(post(path, body).status, 400);
}

TEST_P(SegmentJobsTest, hostile_results_are_refused_and_somebody_else_does_the_work) {
  const std::string bad = enter("bad");
  auto job = take(bad);
  const Pieces good = encode(job);
  const auto with = [&](std::string bytes) {
    Pieces pieces = good;
    pieces[240] = std::move(bytes);
    return pieces;
  };
  const auto next = [&] {
    // Its pauses, and the minute in which this runner is not shown it.
    EXPECT_TRUE(database->write_blocking([](db::Session& session) -> Result<> {
      session.execute("update job set run_after = 0, attempt = 0, failures = 0 where state = 1");
      session.execute("delete from runner_failure");
      return {};
    }));
    job = take(bad);
  };
  expect_refused(deliver(bad, job, with(good.at(240).substr(0, good.at(240).size() - 1000))),
                 "cut off");
  EXPECT_EQ(tell(bad, job, "update").json().at("code"), "runner_job_not_in_processing_state");
  next();
  expect_refused(deliver(bad, job, with("#!/bin/sh\nexit 0\n")), "The result was refused");
  next();
  expect_refused(deliver(bad, job, with("")), "The result was refused");
  next();
  expect_refused(deliver(bad, job, with(good.at(144))), "another picture");
  next();
  expect_refused(deliver(bad, job,
                         with(foreign_piece("-f lavfi -i testsrc2=s=426x240:r=25:d=9 "
                                            "-c:v mpeg4"))),
                 "mp4v");
  next();
  expect_refused(deliver(bad, job,
                         with(foreign_piece("-f lavfi -i testsrc2=s=426x240:r=25:d=9 "
                                            "-pix_fmt yuv420p -c:v libx264"))),
                 "225 frames instead of");
  next();
  expect_refused(deliver(bad, job,
                         with(foreign_piece("-f lavfi -i testsrc2=s=426x240:r=25:d=1 "
                                            "-pix_fmt yuv420p -c:v libx264"))),
                 "25 frames instead of");
  next();
  std::string noise = good.at(240);
  const std::size_t begin = noise.find("mdat") + 4;
  for (std::size_t i = begin; i < begin + 64; ++i) noise[i] = static_cast<char>(i * 37);
  expect_refused(deliver(bad, job, with(noise)), "NAL units");
  next();
  expect_refused(deliver(bad, job, with(std::string(8 << 20, 'x'))), "larger than");

  // Not shown to the one that failed, so that the other gets it.
  EXPECT_TRUE(database->write_blocking([](db::Session& session) -> Result<> {
    session.execute("update job set run_after = 0 where state = 1");
    return {};
  }));
  EXPECT_NE(first_job(bad), job.job);
  EXPECT_EQ(accept(bad, job.job).status, 400);
  const std::string honest = enter("honest");
  const auto taken = take(honest);
  EXPECT_EQ(taken.job, job.job);
  EXPECT_EQ(deliver(honest, taken, good).status, 204);
}

TEST_P(SegmentJobsTest, an_error_is_told_to_the_administrator_and_tried_again) {
  const std::string runner = enter("one");
  const auto job = take(runner);
  expect_shape(tell(runner, job, "error", {{"message", "ffmpeg failed"}}), "305-runners-job-error");
  const auto shown = listed(job.job);
  EXPECT_EQ(shown.at("failures"), 1);
  EXPECT_EQ(shown.at("error"), "ffmpeg failed");
  EXPECT_EQ(shown.at("state").at("id"), 1);
  EXPECT_EQ(count("select count(*) from job_history where outcome <> 1"), 0);
}

TEST_P(SegmentJobsTest, an_administrator_cancels_a_job_and_its_worker_hears_of_it) {
  const std::string runner = enter("one");
  const auto job = take(runner);
  EXPECT_EQ(post(path_of(job.job, "cancel"), {}, make_user("alice")).status, 403);
  EXPECT_EQ(post(path_of(job.job, "cancel"), {}, root_token()).status, 204);
  EXPECT_EQ(tell(runner, job, "update").json().at("code"), "runner_job_not_in_processing_state");
  EXPECT_EQ(post(path_of(job.job, "cancel"), {}, root_token()).status, 400);
  EXPECT_EQ(
      post(path_of("00000000-0000-4000-8000-00000000ffff", "cancel"), {}, root_token()).status,
      404);
}

TEST_P(SegmentJobsTest, a_result_with_other_headers_than_its_neighbours_is_refused) {
  const std::string runner = enter("one");
  const auto first = take(runner);
  EXPECT_EQ(deliver(runner, first, encode(first)).status, 204);
  auto second = take(runner);
  // What an encoder with other settings would make.
  auto plan = second;
  for (auto& rendition : plan.plan.renditions) rendition.max_bitrate.value *= 3;
  const ApiAnswer answer = deliver(runner, second, encode(plan));
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.text, HasSubstr("other headers"));
}

}  // namespace
}  // namespace shoal::api
