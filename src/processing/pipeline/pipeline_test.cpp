// The jobs of a video over a real ffmpeg, a real store and a real database.
#include "processing/pipeline/pipeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/this_coro.hpp>
#include <cstdlib>

#include "blob/local_store.h"
#include "catalog/channels.h"
#include "catalog/users.h"
#include "catalog/videos.h"
#include "io/process.h"
#include "io/task_group.h"
#include "jobs/list.h"
#include "jobs/remote_lease.h"
#include "jobs/twins.h"
#include "media/m3u8/playlist.h"
#include "processing/pipeline/graph.h"
#include "processing/pipeline/incoming.h"
#include "processing/pipeline/retry.h"
#include "tests/support/database_fixture.h"
#include "tests/support/temporary_directory.h"

namespace shoal::processing {
namespace {

/// Runs the real programs; what `fails` says of a command ends as if its input had been broken, and
/// it begins once `waits` says so no more.
class FailingRunner final : public io::ProcessRunner {
 public:
  io::Task<Result<io::ProcessExit>> run(io::Command command) override {
    while (waits && waits(command)) {
      boost::asio::steady_timer pause(co_await boost::asio::this_coro::executor, Milliseconds{10});
      co_await pause.async_wait(io::use_awaitable);
    }
    const bool failing = fails && fails(command);
    auto exit = co_await real_.run(std::move(command));
    if (failing && exit) exit->status = 1;
    if (linger > Milliseconds{0}) {
      boost::asio::steady_timer pause(co_await boost::asio::this_coro::executor, linger);
      co_await pause.async_wait(io::use_awaitable);
    }
    co_return exit;
  }
  /// How long a child lives on after its work is done.
  Milliseconds linger{0};
  std::function<bool(const io::Command&)> fails;
  std::function<bool(const io::Command&)> waits;

 private:
  io::SandboxedRunner real_;
};

bool copies_picture(const io::Command& command) {
  const auto& arguments = command.arguments;
  for (std::size_t i = 1; i < arguments.size(); ++i)
    if (arguments[i - 1].starts_with("-c:v") && arguments[i] == "copy") return true;
  return false;
}

constexpr const char* k_first_work_segments =
    "select count(*) from work_segment where position = 0";

bool makes_second_work_segment(const io::Command& command) {
  return std::ranges::any_of(command.arguments, [](const std::string& argument) {
    return argument.find("video-240-1.mp4") != argument.npos;
  });
}

class PipelineTest : public tests::DatabaseTest {
 protected:
  PipelineTest() {
    auto opened =
        blob::LocalStore::open("local", folder.path() / "media", {"instance"}, files, disk, random);
    SHOAL_CHECK(opened.has_value());
    store = *std::move(opened);
    stores.add(*store);
  }

  Path make_clip(const std::string& name, const std::string& codec) {
    const Path path = folder.path() / name;
    const std::string command = fmt::format(
        "ffmpeg -v error -y -f lavfi -i testsrc2=s=426x240:r=25:d=9 -f lavfi -i "
        "sine=f=440:r=48000:d=9 {} -pix_fmt yuv420p -c:a aac {}",
        codec, path.string());
    SHOAL_CHECK(std::system(command.c_str()) == 0);
    return path;
  }

  template <class T>
  T wait(io::Task<T> task) {
    std::optional<T> result;
    runtime.run_until_done([](io::Task<T> inner, std::optional<T>& out) -> io::Task<> {
      out.emplace(co_await std::move(inner));
    }(std::move(task), result));
    return std::move(*result);
  }

  /// What an upload leaves: the original in the store, the video, and the first job.
  VideoId upload(const Path& clip) {
    const auto checksum = storage::checksum_of(files, clip);
    SHOAL_CHECK(checksum.has_value());
    SHOAL_CHECK(wait(store->put_file("originals/clip", clip, {})).has_value());
    const auto made = database->write_blocking([&](db::Session& session) -> Result<VideoId> {
      TRY(const auto user, catalog::create_user(session,
                                                {.username = "alice",
                                                 .email = "alice@example.com",
                                                 .password_hash = "-",
                                                 .channel_name = "",
                                                 .channel_display_name = "",
                                                 .display_name = ""},
                                                "http://localhost", clock.now()));
      catalog::NewVideo video;
      video.uuid = uuid;
      video.channel = user.channel;
      video.attributes.name = "clip";
      video.attributes.privacy = catalog::Privacy::everyone;
      const VideoId id = catalog::create_video(session, video, clock.now());
      storage::record_file(session,
                           {id, storage::FileKind::original, "clip", "video/mp4", *checksum},
                           "local", "originals/clip", clock.now());
      enqueue_prepare(session, id);
      return id;
    });
    SHOAL_CHECK(made.has_value());
    return *made;
  }

  Pipeline::Services services() {
    return {.database = *database,
            .steps = {processes, files, disk, {}},
            .stores = stores,
            .clock = clock,
            .random = random,
            .plan_config = []() -> io::Task<PlanConfig> {
              PlanConfig config;
              config.ladder.resolutions = {144, 240};
              co_return config;
            },
            .on_changed = [](const Uuid&) {},
            .on_grown = [](const Uuid&) {}};
  }

  std::int64_t count(std::string_view sql) {
    return *database->read_blocking([&](db::Session& session) -> Result<std::int64_t> {
      return session.query_one(sql)->integer(0);
    });
  }

  /// Runs jobs until none is left that may run now, or `until` holds.
  void run_jobs(const std::function<bool()>& until) {
    Pipeline pipeline({.scratch = folder.path() / "work", .encodes = encodes}, services());
    jobs::Runner runner(runtime, *database, progress, metrics, {.poll_every = Milliseconds(20)});
    pipeline.register_handlers(runner);
    runner.start();
    runtime.run_until_done([](jobs::Runner& running, std::function<bool()> done) -> io::Task<> {
      boost::asio::steady_timer pause(co_await boost::asio::this_coro::executor);
      for (int i = 0; i < 6000 && !done(); ++i) {
        pause.expires_after(Milliseconds(10));
        co_await pause.async_wait(io::use_awaitable);
      }
      co_await running.stop();
    }(runner, until));
  }
  void fail_after_the_first_work_segment() {
    processes.fails = makes_second_work_segment;
    processes.waits = [this](const io::Command& command) {
      return makes_second_work_segment(command) && count(k_first_work_segments) == 0;
    };
  }
  void run_all_jobs() {
    run_jobs(
        [this] { return count("select count(*) from job where kind <> 'video-clean-up'") == 0; });
  }

  catalog::Video find(VideoId id) {
    return *database->read_blocking([&](db::Session& session) -> Result<catalog::Video> {
      return *catalog::find_video(session, catalog::VideoKey(id));
    });
  }

  std::string read_file(const std::string& name) {
    const auto file =
        database->read_blocking([&](db::Session& session) -> Result<storage::StoredFile> {
          return *storage::find_file(session, name);
        });
    const auto reader = wait(store->open(file->object_key));
    std::string text((*reader)->size(), '\0');
    EXPECT_EQ(wait((*reader)->read_at(0, std::as_writable_bytes(std::span(text)))), text.size());
    return text;
  }

  /// Made while it was stored, so that its torrent never reads it.
  void expect_pieces(const std::string& name) {
    const std::string bytes = read_file(name);
    const auto pieces = database->read_blocking(
        [&](db::Session& session) -> Result<std::optional<storage::Pieces>> {
          return storage::find_pieces(session, storage::find_file(session, name)->id);
        });
    ASSERT_TRUE(pieces && *pieces);
    storage::PieceHasher hasher(bytes.size());
    hasher.update(std::as_bytes(std::span(bytes)));
    EXPECT_EQ((*pieces)->sha1, hasher.finish().sha1);
  }

  void expect_published(VideoId id, const std::vector<std::int64_t>& heights) {
    const catalog::Video video = find(id);
    EXPECT_EQ(video.summary.state, catalog::VideoState::published);
    EXPECT_FALSE(video.failure) << *video.failure;
    ASSERT_TRUE(video.playlist && video.playlist->is_finished);
    std::vector<std::int64_t> found;
    for (const auto& file : video.playlist->files) found.push_back(file.resolution);
    EXPECT_EQ(found, heights);
    const auto master = media::m3u8::parse_master_playlist(read_file(video.playlist->master_name));
    ASSERT_TRUE(master);
    EXPECT_EQ(master->variants.size(), heights.size());
    for (const auto& file : video.playlist->files) {
      const auto playlist = media::m3u8::parse_media_playlist(read_file(file.playlist_name));
      ASSERT_TRUE(playlist);
      EXPECT_TRUE(playlist->ended);
      EXPECT_EQ(playlist->segments.back().range->offset + playlist->segments.back().range->length,
                file.size);
      expect_pieces(file.file_name);
    }
    EXPECT_EQ(count("select count(*) from work_segment"),
              static_cast<std::int64_t>(heights.size()) *
                  count("select count(distinct position) from work_segment"));
    EXPECT_EQ(count("select count(*) from thumbnail"), 2);
    EXPECT_EQ(count("select count(*) from storyboard"), 1);
    EXPECT_TRUE(std::filesystem::is_empty(folder.path() / "work"));
  }

  bool encodes = true;
  tests::TemporaryDirectory folder;
  io::PosixFileSystem files;
  FailingRunner processes;
  SystemClock clock;
  SeededRandom random{42};
  Metrics metrics;
  jobs::Progress progress;
  io::Runtime runtime{1};
  io::Offload disk{"disk", 2, 64};
  std::unique_ptr<blob::LocalStore> store;
  storage::Stores stores;
  Uuid uuid = Uuid::generate(random);
};
SHOAL_ON_BOTH_ENGINES(PipelineTest);

TEST_P(PipelineTest, a_source_that_must_be_encoded_is_published_in_every_rendition) {
  const VideoId id = upload(make_clip("clip.avi", "-c:v mpeg4"));
  run_all_jobs();
  expect_published(id, {240, 144});
}

TEST_P(PipelineTest, a_source_that_qualifies_is_copied_and_the_rest_encoded) {
  const VideoId id = upload(make_clip("clip.mp4", "-c:v libx264 -preset ultrafast -g 50"));
  run_all_jobs();
  expect_published(id, {240, 144});
}

TEST_P(PipelineTest, all_jobs_of_a_video_are_of_its_account) {
  upload(make_clip("clip.mp4", "-c:v libx264 -preset ultrafast -g 50"));
  constexpr const char* k_of_account =
      "select count(*) from job join account on account.id = job.owner";
  EXPECT_EQ(count(k_of_account), 1);
  run_jobs([&] { return count("select count(*) from job where kind = 'video-finish'") > 0; });
  EXPECT_GE(count(k_of_account), 1);
  EXPECT_EQ(count(k_of_account), count("select count(*) from job"));
}

TEST_P(PipelineTest, a_child_may_end_long_after_its_last_piece) {
  processes.linger = Milliseconds{300};
  const VideoId id = upload(make_clip("clip.mp4", "-c:v libx264 -preset ultrafast -g 50"));
  run_all_jobs();
  expect_published(id, {240, 144});
}

TEST_P(PipelineTest, sound_alone_is_published_as_one_rendition_without_picture) {
  const VideoId id = upload(make_clip("song.m4a", "-vn"));
  run_all_jobs();
  const catalog::Video video = find(id);
  EXPECT_EQ(video.summary.state, catalog::VideoState::published);
  EXPECT_FALSE(video.failure) << *video.failure;
  ASSERT_TRUE(video.playlist && video.playlist->is_finished);
  ASSERT_EQ(video.playlist->files.size(), 1U);
  EXPECT_EQ(video.playlist->files.front().resolution, 0);
  EXPECT_TRUE(video.playlist->files.front().has_audio);
  EXPECT_FALSE(video.playlist->files.front().has_video);
}

TEST_P(PipelineTest, a_video_that_does_not_wait_is_published_with_its_first_segment) {
  fail_after_the_first_work_segment();
  const VideoId id = upload(make_clip("clip.avi", "-c:v mpeg4"));
  run_jobs([&] { return count(k_first_work_segments) > 0; });
  ASSERT_EQ(count("select count(*) from rendition"), 0);
  EXPECT_EQ(find(id).summary.state, catalog::VideoState::published);
}

TEST_P(PipelineTest, stopped_anywhere_it_goes_on_and_publishes_once) {
  const VideoId id = upload(make_clip("clip.avi", "-c:v mpeg4"));
  for (const auto* reached :
       {"select count(*) from streaming_playlist", "select count(*) from work_segment",
        "select count(*) from rendition"})
    run_jobs([&] { return count(reached) > 0; });
  run_all_jobs();
  expect_published(id, {240, 144});
  EXPECT_EQ(count("select count(*) from rendition"), 2);
}

TEST_P(PipelineTest, a_source_that_cannot_be_copied_after_all_is_encoded) {
  processes.fails = copies_picture;
  const VideoId id = upload(make_clip("clip.mp4", "-c:v libx264 -preset ultrafast -g 50"));
  run_all_jobs();
  expect_published(id, {240, 144});
  // What the first round had listed is gone from the rows and on its way out of the store.
  EXPECT_EQ(count("select count(*) from media_file where kind = 9 and name not like '%-r2-%'"), 0);
}

TEST_P(PipelineTest, what_failed_halfway_stays_playable_and_is_finished_by_a_retry) {
  fail_after_the_first_work_segment();
  const VideoId id = upload(make_clip("clip.avi", "-c:v mpeg4"));
  run_jobs([&] { return find(id).failure.has_value() && count("select count(*) from job") == 0; });
  EXPECT_EQ(find(id).summary.state, catalog::VideoState::published);
  const auto made = count("select count(*) from work_segment");
  EXPECT_GT(made, 0);

  const auto try_again = [&] {
    return database->write_blocking(
        [&](db::Session& session) { return retry(session, id, clock.now()); });
  };
  processes.fails = nullptr;
  ASSERT_TRUE(try_again());
  EXPECT_EQ(count("select count(*) from work_segment"), made);
  EXPECT_EQ(try_again().error().code, ErrorCode::conflict);
  run_all_jobs();
  expect_published(id, {240, 144});
  EXPECT_EQ(try_again().error().code, ErrorCode::conflict);
}

TEST_P(PipelineTest, a_segment_that_two_end_at_once_is_recorded_once) {
  encodes = false;
  const VideoId id = upload(make_clip("clip.avi", "-c:v mpeg4"));
  const Path clip = *(*wait(store->open("originals/clip")))->local_path();
  run_jobs([&] {
    return count("select count(*) from job where kind = 'video-encode'") > 0 &&
           count("select count(*) from job where kind <> 'video-encode' and state <> 3") == 0;
  });
  const auto lease = [&](bool twin) {
    return **database->write_blocking(
        [&](db::Session& session) -> Result<std::optional<jobs::LeasedJob>> {
          const JobId job{
              session.query_one("select min(id) from job where kind = 'video-encode'")->integer(0)};
          return twin ? jobs::lease_twin(session, "runner:2", job, Seconds{30})
                      : jobs::lease_job(session, "runner:1", job, Seconds{30});
        });
  };
  const auto plan = *database->read_blocking(
      [&](db::Session& session) -> Result<Plan> { return find_plan(session, id); });
  Pipeline pipeline({.scratch = folder.path() / "work"}, services());
  const Steps steps = services().steps;
  std::set<std::uint32_t> made_here;
  for (const RenditionPlan& rendition : plan.renditions)
    if (rendition.video == StreamMode::encode) made_here.insert(rendition.resolution);
  std::array<Result<>, 2> ends;
  io::TaskGroup group(runtime.executor(0), "both");
  for (const bool twin : {false, true}) {
    const jobs::LeasedJob job = lease(twin);
    auto incoming = *pipeline.receive(job);
    const auto made = wait(encode_work(steps, plan, payload_index(job), clip, incoming->folder()));
    ASSERT_TRUE(made) << made.error().message;
    group.spawn([](Pipeline& to, jobs::LeasedJob what, std::unique_ptr<Pipeline::Incoming> from,
                   std::set<std::uint32_t> renditions, Result<>& out) -> io::Task<> {
      out = co_await to.record_encoded(std::move(what), *from, std::move(renditions));
    }(pipeline, job, std::move(incoming), made_here, ends[twin ? 1 : 0]));
  }
  runtime.run_until_done(group.drain());
  EXPECT_NE(ends[0].has_value(), ends[1].has_value());
  const auto& lost = ends[0] ? ends[1] : ends[0];
  EXPECT_EQ(lost.error().code, ErrorCode::conflict) << lost.error().message;
  EXPECT_EQ(count(k_first_work_segments), 2) << "one of each rendition";
  encodes = true;
  run_all_jobs();
  expect_published(id, {240, 144});
}

TEST_P(PipelineTest, a_job_cancelled_by_hand_leaves_its_video_failed_and_open_to_a_retry) {
  const VideoId id = upload(make_clip("clip.avi", "-c:v mpeg4"));
  run_jobs([&] { return count("select count(*) from streaming_playlist") > 0; });
  ASSERT_TRUE(database->write_blocking([&](db::Session& session) {
    const auto job = session.query_one("select id from job where kind = 'video-encode' limit 1");
    return cancel(session, job->id<JobId>(0), clock.now());
  }));
  EXPECT_EQ(count("select count(*) from job"), 0);
  ASSERT_TRUE(find(id).failure);
  EXPECT_THAT(*find(id).failure, testing::HasSubstr("cancelled"));
  ASSERT_TRUE(database->write_blocking(
      [&](db::Session& session) { return retry(session, id, clock.now()); }));
  run_all_jobs();
  expect_published(id, {240, 144});
}

TEST_P(PipelineTest, a_file_that_is_no_media_fails_with_a_reason_for_its_owner) {
  const Path path = folder.path() / "noise";
  ASSERT_EQ(std::system(("head -c 100000 /dev/urandom > " + path.string()).c_str()), 0);
  const VideoId id = upload(path);
  run_jobs([&] { return find(id).summary.state == catalog::VideoState::transcoding_failed; });
  const catalog::Video video = find(id);
  EXPECT_EQ(video.summary.state, catalog::VideoState::transcoding_failed);
  ASSERT_TRUE(video.failure);
  EXPECT_THAT(*video.failure, testing::Not(testing::HasSubstr(folder.path().string())));
}

}  // namespace
}  // namespace shoal::processing
