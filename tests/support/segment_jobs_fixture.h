#pragma once

#include <gmock/gmock.h>

#include <cstdlib>

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

namespace shoal::tests {

inline constexpr const char* k_others_left =
    "select count(*) from job where kind not in ('video-encode', 'video-whole', 'video-clean-up')"
    " and state in (1, 2)";

/// A server that encodes nothing, with one uploaded clip whose segments wait for workers. Real
/// ffmpeg, store and database.
class SegmentJobsFixture : public ApiTest {
 protected:
  /// `offer_whole` and `patience`: whether whole renditions are offered too, and kept how long.
  explicit SegmentJobsFixture(bool offer_whole = false, Seconds patience = Seconds{60}) {
    auto opened =
        blob::LocalStore::open("local", folder.path() / "media", {"instance"}, files, disk, random);
    SHOAL_CHECK(opened.has_value());
    store = *std::move(opened);
    stores.add(*store);
    pipeline = std::make_unique<processing::Pipeline>(
        processing::PipelineConfig{
            .scratch = folder.path() / "work", .encodes = false, .runner_patience = patience},
        processing::Pipeline::Services{
            .database = *database,
            .steps = steps,
            .stores = stores,
            .clock = wall,
            .random = random,
            .plan_config = [offer_whole] { return plan_config(offer_whole); },
            .on_changed = [](const Uuid&) {},
            .on_grown = [](const Uuid&) {}});
    services = {.pipeline = pipeline.get(),
                .stores = &stores,
                .files = &files,
                .bulk = &disk,
                .progress = &progress,
                .source_url = {},
                .result_url = {},
                .cancel_job = [this](db::Session& session, JobId job) {
                  return processing::cancel(session, job, wall.now());
                }};
    context().runner_services = &services;
    context().job_progress = &progress;
    registration = made_registration();
    upload();
    run_other_jobs();
  }

  static io::Task<processing::PlanConfig> plan_config(bool offer_whole) {
    processing::PlanConfig wanted;
    wanted.ladder.resolutions = {144, 240};
    wanted.offer_whole = offer_whole;
    co_return wanted;
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
  void run_other_jobs() { run_until_none(k_others_left); }
  /// Until this query counts none.
  void run_until_none(const std::string& sql) {
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
    }(runner, [this, &sql] { return count(sql) == 0; }));
    ASSERT_EQ(count(sql), 0);
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
    EXPECT_THAT(answer.text, testing::HasSubstr(std::string(why)));
    EXPECT_EQ(count("select count(*) from work_segment"), 0);
    EXPECT_TRUE(std::filesystem::is_empty(folder.path() / "work"));
  }
  void expect_shape(const ApiAnswer& answer, std::string_view name,
                    const std::vector<std::string>& ignore = {}) {
    const auto recorded = recording(name);
    EXPECT_EQ(answer.status, recorded.status) << answer.text;
    if (!recorded.body.is_null())
      EXPECT_THAT(shape_differences(recorded.body, answer.json(), ignore), testing::IsEmpty())
          << answer.text;
  }
  void expect_refusal(const ApiAnswer& answer, std::string_view name) {
    expect_shape(answer, name);
    for (const char* field : {"type", "detail", "status", "code", "error"})
      if (recording(name).body.as_object().contains(field))
        EXPECT_EQ(answer.json().at(field), recording(name).body.at(field)) << answer.text;
  }

  TemporaryDirectory folder;
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
  api::RunnerServices services;
  std::string registration;
  VideoId video;
};

}  // namespace shoal::tests
