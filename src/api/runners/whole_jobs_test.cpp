// Renditions that a stock peertube-runner makes whole, over its protocol.
#include "tests/support/segment_jobs_fixture.h"

namespace shoal::api {
namespace {

using testing::HasSubstr;
using tests::ApiAnswer;

class WholeJobsTest : public tests::SegmentJobsFixture {
 protected:
  explicit WholeJobsTest(Seconds patience = Seconds{60})
      : tests::SegmentJobsFixture(true, patience) {}

  struct Held {
    std::string job;
    std::string token;
  };
  struct Made {
    std::string file;
    std::string playlist;
  };

  ApiAnswer ask_stock(std::string_view runner) {
    return post("/api/v1/runners/jobs/request", {{"runnerToken", runner}});
  }
  std::vector<std::string> offered(std::string_view runner) {
    std::vector<std::string> jobs;
    const boost::json::value answer = ask_stock(runner).json();
    for (const auto& job : answer.at("availableJobs").as_array()) {
      EXPECT_EQ(job.at("type"), "vod-hls-transcoding");
      jobs.emplace_back(job.at("uuid").as_string());
    }
    return jobs;
  }
  Held hold(std::string_view runner, std::string_view job) {
    const ApiAnswer accepted = accept(runner, job);
    EXPECT_EQ(accepted.status, 200) << accepted.text;
    return {std::string(job), std::string(accepted.json().at("job").at("jobToken").as_string())};
  }
  ApiAnswer say(std::string_view runner, const Held& held, std::string_view what,
                boost::json::object more = {}) {
    more["runnerToken"] = runner;
    more["jobToken"] = held.token;
    return post(path_of(held.job, what), more);
  }
  std::int64_t resolution_of(std::string_view job) {
    return listed(job).at("payload").at("output").at("resolution").as_int64();
  }

  /// As PeerTube's runner calls ffmpeg; `more` options come last and win.
  Made make(const std::string& filter, const std::string& more = "") {
    const io::Path file = folder.path() / "x-fragmented.mp4";
    const io::Path list = folder.path() / "x.m3u8";
    const std::string command = fmt::format(
        "ffmpeg -v error -y -i {} -an -c:v libx264 -vf {} -preset veryfast -maxrate 400k -bufsize "
        "800k -b_strategy 1 -bf 16 -r 25 -g:v 50 -pix_fmt yuv420p -map_metadata -1 {} -hls_time 4 "
        "-hls_list_size 0 -hls_playlist_type vod -hls_segment_filename {} -hls_segment_type fmp4 "
        "-f hls -hls_flags single_file {}",
        clip.string(), filter, more, file.string(), list.string());
    EXPECT_EQ(std::system(command.c_str()), 0);
    return {*io::read_whole(files, file, 1 << 28), *io::read_whole(files, list, 1 << 20)};
  }
  Made make(std::int64_t resolution) { return make(fmt::format("scale=w=-2:h={}", resolution)); }
  ApiAnswer hand_in(std::string_view runner, const Held& held, const Made& made) {
    std::string form;
    const auto field = [&](std::string_view name, std::string_view more, std::string_view text) {
      form +=
          fmt::format("--b\r\nContent-Disposition: form-data; name=\"{}\"{}\r\n\r\n", name, more);
      form.append(text).append("\r\n");
    };
    field("runnerToken", "", runner);
    field("jobToken", "", held.token);
    if (!made.file.empty()) field("payload[videoFile]", "; filename=\"x.mp4\"", made.file);
    if (!made.playlist.empty())
      field("payload[resolutionPlaylistFile]", "; filename=\"x.m3u8\"", made.playlist);
    form += "--b--\r\n";
    return request(net::Method::post, path_of(held.job, "success"),
                   {.body = form, .content_type = "multipart/form-data; boundary=b"});
  }
  /// By the database's clock.
  UtcTime now() {
    return *database->read_blocking(
        [](db::Session& session) -> Result<UtcTime> { return session.now(); });
  }
  void expect_none_made() { EXPECT_EQ(count("select count(*) from rendition"), 0); }
  void expect_published() {
    const auto made = database->read_blocking([&](db::Session& session) -> Result<catalog::Video> {
      return *catalog::find_video(session, catalog::VideoKey(video));
    });
    EXPECT_EQ(made->summary.state, catalog::VideoState::published);
    ASSERT_TRUE(made->playlist && made->playlist->is_finished);
    EXPECT_EQ(made->playlist->files.size(), 2);
    EXPECT_EQ(count("select count(*) from job_history where outcome = 2"), 0);
  }
};
SHOAL_ON_BOTH_ENGINES(WholeJobsTest);

/// Nothing is kept for runners.
class ImpatientWholeJobsTest : public WholeJobsTest {
 protected:
  ImpatientWholeJobsTest() : WholeJobsTest(Seconds{0}) {}
};
SHOAL_ON_BOTH_ENGINES(ImpatientWholeJobsTest);

TEST_P(WholeJobsTest, a_video_is_made_by_a_stock_runner_alone) {
  const std::string runner = enter("stock");
  std::vector<std::int64_t> sizes;
  for (auto jobs = offered(runner); !jobs.empty(); jobs = offered(runner)) {
    const Held held = hold(runner, jobs.front());
    sizes.push_back(resolution_of(held.job));
    EXPECT_EQ(say(runner, held, "update", {{"progress", 10}}).status, 204);
    const ApiAnswer done = hand_in(runner, held, make(sizes.back()));
    ASSERT_EQ(done.status, 204) << done.text;
  }
  EXPECT_THAT(sizes, testing::ElementsAre(240, 144));
  run_other_jobs();
  expect_published();
  EXPECT_EQ(count("select count(*) from job where kind = 'video-encode'"), 0);
  EXPECT_EQ(count("select count(*) from work_segment"), 0);
}

TEST_P(WholeJobsTest, what_a_stock_runner_is_told_is_as_recorded) {
  const std::string runner = enter("stock");
  expect_shape(ask_stock(runner), "293-runners-jobs-request-one");
  const std::string job = offered(runner).front();
  const ApiAnswer accepted = accept(runner, job);
  expect_shape(accepted, "310-runners-job-accept-2");
  const boost::json::value payload = accepted.json().at("job").at("payload");
  const std::string video_uuid(listed(job).at("privatePayload").at("videoUUID").as_string());
  const boost::json::value expected{
      {"input",
       {{"videoFileUrl", fmt::format("{}/api/v1/runners/jobs/{}/files/videos/{}/max-quality",
                                     config.origin, job, video_uuid)},
        {"separatedAudioFileUrl", boost::json::array()}}},
      {"output", {{"resolution", 240}, {"fps", 25}, {"separatedAudio", true}}}};
  EXPECT_EQ(payload, expected) << payload;
  const Held held{job, std::string(accepted.json().at("job").at("jobToken").as_string())};
  const boost::json::value proof{{"runnerToken", runner}, {"jobToken", held.token}};
  for (const char* rest : {"max-quality", "max-quality/audio"}) {
    const ApiAnswer source =
        post(path_of(job, fmt::format("files/videos/{}/{}", video_uuid, rest)), proof);
    EXPECT_EQ(source.status, 200) << rest;
    EXPECT_EQ(source.text, *io::read_whole(files, clip, 1 << 28));
  }
  expect_refusal(say(runner, held, "success", {{"payload", boost::json::object()}}),
                 "307-runners-job-success-missing-files");
}

TEST_P(WholeJobsTest, hostile_results_are_refused_and_others_are_offered_the_job) {
  const std::string bad = enter("bad");
  const std::string other = enter("other");
  const Made good = make(240);
  const std::string job = offered(bad).front();
  Held held;
  const auto expect_bad = [&](const Made& made, std::string_view why) {
    ASSERT_TRUE(database->write_blocking([](db::Session& session) -> Result<> {
      session.execute("update job set run_after = 0, attempt = 0, failures = 0 where state = 1");
      session.execute("delete from runner_failure");
      return {};
    }));
    held = hold(bad, job);
    SCOPED_TRACE(why);
    expect_refused(hand_in(bad, held, made), why);
    expect_none_made();
  };
  expect_bad({good.file.substr(0, good.file.size() - 1000), good.playlist}, "cut off");
  expect_bad({"#!/bin/sh\nexit 0\n", good.playlist}, "The result was refused");
  expect_bad(make(144), "another picture");
  expect_bad(make("scale=w=-2:h=240", "-t 5"), "125 frames instead of 225");
  expect_bad(make("scale=w=-2:h=240", "-r 50"), "frames instead of 225");
  expect_bad(make("scale=w=-2:h=240", "-g:v 300 -sc_threshold 0"), "too far apart");
  expect_bad(make("scale=w=-2:h=240", "-c:v mpeg4"), "mp4v");
  expect_bad({good.file, "#EXTM3U\n"}, "");
  expect_bad({good.file, make(144).playlist}, "the playlist is wrong");
  expect_bad({good.file + std::string(8 << 20, 'x'), good.playlist}, "larger than");
  std::string noise = good.file;
  const std::size_t begin = noise.find("mdat") + 4;
  for (std::size_t i = begin; i < begin + 64; ++i) noise[i] = static_cast<char>(i * 37);
  expect_bad({noise, good.playlist}, "NAL units");
  EXPECT_EQ(say(bad, held, "update").json().at("code"), "runner_job_not_in_processing_state");
  // It is not shown to the one that failed.
  ASSERT_TRUE(database->write_blocking([](db::Session& session) -> Result<> {
    session.execute("update job set run_after = 0 where state = 1");
    return {};
  }));
  EXPECT_NE(offered(bad).front(), job);
  EXPECT_EQ(offered(other).front(), job);
  EXPECT_EQ(hand_in(other, hold(other, job), good).status, 204);
}

TEST_P(WholeJobsTest, a_part_of_a_result_completes_nothing) {
  const std::string runner = enter("stock");
  const Held held = hold(runner, offered(runner).front());
  const Made good = make(240);
  EXPECT_EQ(hand_in(runner, held, {good.file, ""}).status, 400);
  EXPECT_EQ(hand_in(runner, held, {"", good.playlist}).status, 400);
  // The ways of our own workers are not its.
  const boost::json::array sizes{{{"resolution", 240}, {"size", 1000}}};
  EXPECT_EQ(say(runner, held, "result-urls", {{"pieces", sizes}}).status, 400);
  EXPECT_EQ(say(runner, held, "success", {{"payload", {{"putResolutions", {240}}}}}).status, 400);
  expect_none_made();
  EXPECT_EQ(hand_in(runner, held, good).status, 204);
}

TEST_P(WholeJobsTest, who_lost_the_lease_writes_nothing) {
  const std::string slow = enter("slow");
  const std::string quick = enter("quick");
  const std::string job = offered(slow).front();
  const Held lost = hold(slow, job);
  EXPECT_EQ(say(slow, lost, "abort", {{"reason", "stopped"}}).status, 204);
  const Held held = hold(quick, job);
  const Made good = make(240);
  EXPECT_EQ(hand_in(slow, lost, good).json().at("code"), "runner_job_not_in_processing_state");
  expect_none_made();
  EXPECT_EQ(hand_in(quick, held, good).status, 204);
  EXPECT_EQ(count("select count(*) from rendition"), 1);
}

TEST_P(WholeJobsTest, a_lease_cannot_be_extended_for_ever) {
  const std::string runner = enter("stock");
  const Held held = hold(runner, offered(runner).front());
  EXPECT_EQ(say(runner, held, "update").status, 204);
  const auto lease_end = [&] {
    return count("select lease_expires_at from job where kind = 'video-whole' and state = 2");
  };
  const std::int64_t before = lease_end();
  const runners::JobTokens tokens(config.identity.secret);
  const auto known = tokens.verify(held.token, *runners::job_of(held.job), runners::RunnerId{1});
  ASSERT_TRUE(known);
  // Nine seconds of video: ten minutes, and twelve times that.
  EXPECT_NEAR(std::chrono::duration<double>(known->last - now()).count(), 600 + 108, 60);
  const auto with_end = [&](UtcTime last) {
    return Held{held.job, tokens.sign({known->key, last}, runners::RunnerId{1})};
  };
  EXPECT_EQ(say(runner, with_end(now() + Seconds{20}), "update").status, 204);
  EXPECT_LT(lease_end(), before);
  EXPECT_EQ(say(runner, with_end(now() - Seconds{1}), "update").json().at("code"),
            "runner_job_not_in_processing_state");
}

TEST_P(WholeJobsTest, a_deleted_job_is_in_no_list_and_its_video_is_made_without_it) {
  const std::string runner = enter("stock");
  const Held held = hold(runner, offered(runner).front());
  const std::string path = "/api/v1/runners/jobs/" + held.job;
  EXPECT_EQ(request(net::Method::del, path, {.token = make_user("alice")}).status, 403);
  EXPECT_EQ(request(net::Method::del, path, {.token = root_token()}).status, 204);
  EXPECT_EQ(request(net::Method::del, path, {.token = root_token()}).status, 404);
  EXPECT_THAT(get("/api/v1/runners/jobs?count=100", root_token()).text,
              testing::Not(HasSubstr(held.job)));
  EXPECT_EQ(say(runner, held, "update").status, 400);
  EXPECT_GT(count("select count(*) from job where kind = 'video-encode'"), 0);
}

TEST_P(WholeJobsTest, who_listens_is_told_when_to_ask_and_only_where_something_is_offered) {
  const auto listen = [&](std::string_view query, std::string_view protocol) {
    return request(net::Method::get, fmt::format("/socket.io/?{}&transport=websocket", query),
                   {.headers = {{"Upgrade", std::string(protocol)},
                                {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}}});
  };
  EXPECT_EQ(listen("EIO=4", "websocket").status, 404);
  services.wakes_stock = true;
  EXPECT_EQ(listen("EIO=3", "websocket").status, 400);
  EXPECT_EQ(listen("EIO=4", "h2c").status, 400);
  const ApiAnswer heard = listen("EIO=4", "WebSocket");
  EXPECT_EQ(heard.status, 101);
  // The example of RFC 6455 section 1.3.
  EXPECT_EQ(heard.header("Sec-WebSocket-Accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST_P(ImpatientWholeJobsTest, segments_leave_out_what_is_lent_and_make_it_when_it_comes_back) {
  const std::string stock = enter("stock");
  const std::string worker = enter("worker");
  const Held held = hold(stock, offered(stock).front());
  while (!runners::parse_offers(ask(worker).text).empty()) {
    const auto job = take(worker);
    ASSERT_EQ(job.plan.renditions.size(), 1);
    EXPECT_EQ(job.plan.renditions.front().resolution, 144);
    EXPECT_EQ(deliver(worker, job, encode(job)).status, 204);
  }
  // Finish waits for the runner.
  run_until_none(
      "select 1 - count(*) from job where kind = 'video-finish' and last_error is not"
      " null and state = 1");
  EXPECT_EQ(say(stock, held, "abort", {{"reason", "stopped"}}).status, 204);
  run_until_none("select count(*) from job where kind = 'video-whole'");
  int again = 0;
  while (!runners::parse_offers(ask(worker).text).empty()) {
    const auto job = take(worker);
    ASSERT_EQ(job.plan.renditions.size(), 1);
    EXPECT_EQ(job.plan.renditions.front().resolution, 240);
    EXPECT_EQ(deliver(worker, job, encode(job)).status, 204);
    ++again;
  }
  EXPECT_GT(again, 0);
  run_other_jobs();
  expect_published();
}

TEST_P(ImpatientWholeJobsTest, what_is_listed_already_is_not_lent) {
  const std::string stock = enter("stock");
  const std::string worker = enter("worker");
  const auto jobs = offered(stock);
  ASSERT_EQ(jobs.size(), 2);
  const auto first = take(worker);
  EXPECT_EQ(first.plan.renditions.size(), 2);
  EXPECT_EQ(deliver(worker, first, encode(first)).status, 204);
  EXPECT_TRUE(offered(stock).empty());
  EXPECT_EQ(accept(stock, jobs.front()).status, 409);
  EXPECT_EQ(count("select count(*) from job where kind = 'video-whole' and state = 1"), 2);
}

TEST_P(ImpatientWholeJobsTest, a_piece_that_comes_after_its_rendition_was_lent_is_not_listed) {
  const std::string stock = enter("stock");
  const std::string worker = enter("worker");
  const auto first = take(worker);
  ASSERT_EQ(first.plan.renditions.size(), 2);
  const Held held = hold(stock, offered(stock).front());
  EXPECT_EQ(deliver(worker, first, encode(first)).status, 204);
  EXPECT_EQ(count("select count(*) from work_segment where height = 240"), 0);
  EXPECT_EQ(count("select count(*) from work_segment where height = 144"), 1);
  EXPECT_EQ(hand_in(stock, held, make(240)).status, 204);
  EXPECT_EQ(count("select count(*) from rendition where height = 240"), 1);
}

}  // namespace
}  // namespace shoal::api
