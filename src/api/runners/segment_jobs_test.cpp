// Segment jobs done over the protocol: a real ffmpeg, a real store, a real database.
#include <gmock/gmock.h>

#include <cstdlib>
#include <thread>

#include "api/runners/services.h"
#include "blob/local_store.h"
#include "catalog/videos.h"
#include "io/process.h"
#include "jobs/runner.h"
#include "processing/pipeline/graph.h"
#include "processing/pipeline/retry.h"
#include "processing/steps.h"
#include "runners/assignment.h"
#include "runners/offers.h"
#include "runners/tokens.h"
#include "storage/files.h"
#include "tests/support/api_fixture.h"
#include "tests/support/recordings.h"
#include "tests/support/upload_fixture.h"

namespace shoal::api {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using tests::ApiAnswer;
using tests::recording;
using tests::shape_differences;

constexpr const char* k_others_left =
    "select count(*) from job where kind <> 'video-encode' and state in (1, 2)"
    " and kind <> 'video-clean-up'";

class SegmentJobsTest : public tests::ApiTest {
 protected:
  SegmentJobsTest() {
    auto opened =
        blob::LocalStore::open("local", folder.path() / "media", {"instance"}, files, disk, random);
    SHOAL_CHECK(opened.has_value());
    store = *std::move(opened);
    stores.add(*store);
    pipeline = std::make_unique<processing::Pipeline>(
        processing::PipelineConfig{.scratch = folder.path() / "work", .encodes = false},
        processing::Pipeline::Services{.database = *database,
                                       .steps = steps,
                                       .stores = stores,
                                       .clock = wall,
                                       .random = random,
                                       .plan_config = []() -> io::Task<processing::PlanConfig> {
                                         processing::PlanConfig config;
                                         config.ladder.resolutions = {144, 240};
                                         co_return config;
                                       },
                                       .on_changed = [](const Uuid&) {},
                                       .on_grown = [](const Uuid&) {}});
    services = {.pipeline = pipeline.get(),
                .stores = &stores,
                .files = &files,
                .bulk = &disk,
                .progress = &progress,
                .presign = {},
                .cancel_job = [this](db::Session& session, JobId job) {
                  return processing::cancel(session, job, wall.now());
                }};
    context().runner_services = &services;
    context().job_progress = &progress;
    registration = made_registration();
    upload();
    run_other_jobs();
  }

  template <class T>
  T wait(io::Task<T> task) {
    return tests::wait(runtime, std::move(task));
  }

  std::string made_registration() {
    const std::string root = root_token();
    post("/api/v1/runners/registration-tokens/generate", {}, root);
    const auto list = get("/api/v1/runners/registration-tokens", root).json();
    return std::string(list.at("data").at(0).at("registrationToken").as_string());
  }
  std::string enter(std::string_view name) {
    const auto entered =
        post("/api/v1/runners/register", {{"registrationToken", registration}, {"name", name}});
    return std::string(entered.json().at("runnerToken").as_string());
  }

  void upload() {
    const std::string command = fmt::format(
        "ffmpeg -v error -y -f lavfi -i testsrc2=s=426x240:r=25:d=9 -f lavfi -i "
        "sine=f=440:r=48000:d=9 -c:v mpeg4 -q:v 4 -c:a aac {}",
        clip.string());
    SHOAL_CHECK(std::system(command.c_str()) == 0);
    const auto checksum = storage::checksum_of(files, clip);
    SHOAL_CHECK(wait(store->put_copy("originals/clip", clip, {})).has_value());
    const auto made = database->write_blocking([&](db::Session& session) -> Result<VideoId> {
      catalog::NewVideo wanted;
      wanted.uuid = Uuid::generate(random);
      wanted.channel = ChannelId{1};
      wanted.attributes.name = "clip";
      wanted.attributes.privacy = catalog::Privacy::everyone;
      const VideoId id = catalog::create_video(session, wanted, wall.now());
      storage::record_file(session,
                           {id, storage::FileKind::original, "clip", "video/mp4", *checksum},
                           "local", "originals/clip", wall.now());
      processing::enqueue_prepare(session, id);
      return id;
    });
    video = *made;
  }

  std::int64_t count(std::string_view sql) {
    return *database->read_blocking([&](db::Session& session) -> Result<std::int64_t> {
      return session.query_one(sql)->integer(0);
    });
  }

  /// What this server does itself: all but encoding.
  void run_other_jobs() {
    jobs::Runner runner(runtime, *database, progress, metrics, {.poll_every = Milliseconds(20)});
    pipeline->register_handlers(runner);
    runner.start();
    runtime.run_until_done([](jobs::Runner& running, std::function<bool()> done) -> io::Task<> {
      boost::asio::steady_timer pause(co_await boost::asio::this_coro::executor);
      for (int i = 0; i < 6000 && !done(); ++i) {
        pause.expires_after(Milliseconds(10));
        co_await pause.async_wait(io::use_awaitable);
      }
      co_await running.stop();
    }(runner, [this] { return count(k_others_left) == 0; }));
    ASSERT_EQ(count(k_others_left), 0);
  }

  ApiAnswer ask(std::string_view runner, int wait_seconds = 0) {
    return post("/api/v1/runners/jobs/request", {{"runnerToken", runner},
                                                 {"jobTypes", {runners::k_segment_type}},
                                                 {"waitSeconds", wait_seconds}});
  }
  std::string first_job(std::string_view runner) {
    const auto jobs = runners::parse_offers(ask(runner).text);
    EXPECT_FALSE(jobs.empty());
    return jobs.empty() ? "" : jobs.front();
  }
  static std::string path_of(std::string_view job, std::string_view rest) {
    return fmt::format("/api/v1/runners/jobs/{}/{}", job, rest);
  }
  ApiAnswer accept(std::string_view runner, std::string_view job) {
    return post(path_of(job, "accept"), {{"runnerToken", runner}});
  }
  runners::Assignment take(std::string_view runner) {
    const ApiAnswer accepted = accept(runner, first_job(runner));
    EXPECT_EQ(accepted.status, 200) << accepted.text;
    auto assignment = runners::parse_assignment(accepted.text);
    EXPECT_TRUE(assignment) << assignment.error().message;
    return *std::move(assignment);
  }
  ApiAnswer tell(std::string_view runner, const runners::Assignment& job, std::string_view what,
                 boost::json::object more = {}) {
    more["runnerToken"] = runner;
    more["jobToken"] = job.job_token;
    return post(path_of(job.job, what), more);
  }

  /// The job as an administrator sees it.
  boost::json::value listed(std::string_view job) {
    const ApiAnswer list = get("/api/v1/runners/jobs?sort=-updatedAt&count=100", root_token());
    EXPECT_EQ(list.status, 200);
    const boost::json::value page = list.json();
    for (const auto& item : page.at("data").as_array())
      if (item.at("uuid").as_string() == job) return item;
    ADD_FAILURE() << "not listed: " << list.text;
    return {};
  }

  using Pieces = std::map<std::uint32_t, std::string>;
  /// What an honest worker makes.
  Pieces encode(const runners::Assignment& job) {
    const io::Path work = folder.path() / "worker";
    EXPECT_TRUE(files.create_directories(work));
    EXPECT_TRUE(wait(processing::encode_work(steps, job.plan, job.work_segment, clip, work)));
    Pieces pieces;
    for (const auto& rendition : job.plan.renditions) {
      const io::Path path = processing::video_piece_path(work, rendition, job.work_segment);
      pieces[rendition.resolution] = *io::read_whole(files, path, 1 << 28);
    }
    EXPECT_TRUE(files.remove_all(work));
    return pieces;
  }
  ApiAnswer deliver(std::string_view runner, const runners::Assignment& job, const Pieces& pieces) {
    std::string form;
    const auto begin = [&](std::string_view name, std::string_view more) {
      form +=
          fmt::format("--b\r\nContent-Disposition: form-data; name=\"{}\"{}\r\n\r\n", name, more);
    };
    begin("runnerToken", "");
    form += fmt::format("{}\r\n", runner);
    begin("jobToken", "");
    form += fmt::format("{}\r\n", job.job_token);
    for (const auto& [resolution, bytes] : pieces) {
      begin(runners::piece_field(resolution), "; filename=\"piece.mp4\"");
      form += bytes + "\r\n";
    }
    form += "--b--\r\n";
    return request(net::Method::post, path_of(job.job, "success"),
                   {.body = form, .content_type = "multipart/form-data; boundary=b"});
  }
  /// A clip that is none of ours, as a fragmented MP4.
  std::string foreign_piece(const std::string& options) {
    const io::Path path = folder.path() / "foreign.mp4";
    const std::string command = fmt::format(
        "ffmpeg -v error -y {} -movflags +frag_keyframe+empty_moov+default_base_moof {}", options,
        path.string());
    EXPECT_EQ(std::system(command.c_str()), 0);
    return *io::read_whole(files, path, 1 << 28);
  }
  void expect_refused(const ApiAnswer& answer, std::string_view why) {
    EXPECT_EQ(answer.status, 400) << answer.text;
    EXPECT_EQ(answer.json().at("code"), "runner_job_result_refused");
    EXPECT_THAT(answer.text, HasSubstr(std::string(why)));
    EXPECT_EQ(count("select count(*) from work_segment"), 0);
    EXPECT_TRUE(std::filesystem::is_empty(folder.path() / "work"));
  }
  void expect_shape(const ApiAnswer& answer, std::string_view name,
                    const std::vector<std::string>& ignore = {}) {
    const auto recorded = recording(name);
    EXPECT_EQ(answer.status, recorded.status) << answer.text;
    if (!recorded.body.is_null())
      EXPECT_THAT(shape_differences(recorded.body, answer.json(), ignore), IsEmpty())
          << answer.text;
  }
  void expect_refusal(const ApiAnswer& answer, std::string_view name) {
    expect_shape(answer, name);
    for (const char* field : {"type", "detail", "status", "code", "error"})
      if (recording(name).body.as_object().contains(field))
        EXPECT_EQ(answer.json().at(field), recording(name).body.at(field)) << answer.text;
  }

  tests::TemporaryDirectory folder;
  const io::Path clip = folder.path() / "clip.mp4";
  io::PosixFileSystem files;
  io::SandboxedRunner processes;
  io::Offload disk{"disk", 2, 64};
  io::Runtime runtime{1};
  SystemClock wall;
  processing::Steps steps{processes, files, disk, {}};
  std::unique_ptr<blob::LocalStore> store;
  storage::Stores stores;
  jobs::Progress progress;
  std::unique_ptr<processing::Pipeline> pipeline;
  RunnerServices services;
  std::string registration;
  VideoId video;
};
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
