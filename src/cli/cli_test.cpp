#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "catalog/instance.h"
#include "catalog/password.h"
#include "catalog/videos.h"
#include "cli/backup.h"
#include "cli/doctor.h"
#include "cli/storage.h"
#include "cli/storage_checks.h"
#include "cli/users.h"
#include "cli/videos.h"
#include "jobs/queue.h"
#include "processing/pipeline/graph.h"
#include "storage/files.h"
#include "storage/store_registry.h"
#include "tests/support/database_fixture.h"
#include "tests/support/temporary_directory.h"

namespace shoal::cli {
namespace {

namespace fs = std::filesystem;

class CliTest : public tests::DatabaseTest {
 protected:
  void put_media(const std::string& key, const std::string& text) {
    fs::create_directories((data() / "media" / key).parent_path());
    std::ofstream(data() / "media" / key) << text;
    ASSERT_TRUE(database->write_blocking([&](db::Session& session) -> Result<> {
      storage::record_file(
          session, {{}, storage::FileKind::rendition, key, "video/mp4", storage::checksum_of(text)},
          "local", key, clock.now());
      return {};
    }));
  }
  /// With a file and a waiting job.
  Uuid make_video(const std::string& name, catalog::Privacy privacy, catalog::VideoState state) {
    if (list_users(*database)->empty())
      EXPECT_TRUE(create_user(*database, {"alice", "a@b", {}}, "http://x", random, clock));
    const Uuid uuid = Uuid::generate(random);
    catalog::NewVideo video;
    video.uuid = uuid;
    video.attributes.name = name;
    video.attributes.privacy = privacy;
    video.state = state;
    const auto made = database->write_blocking([&](db::Session& session) -> Result<> {
      video.channel = session.query_one("select id from channel")->id<ChannelId>(0);
      const VideoId id = catalog::create_video(session, video, clock.now());
      storage::record_file(session,
                           {id, storage::FileKind::original, uuid.text(), "video/mp4",
                            storage::checksum_of("bytes")},
                           "local", uuid.text(), clock.now());
      jobs::NewJob job;
      job.kind = processing::k_pictures;
      job.video = id;
      jobs::enqueue(session, job);
      return {};
    });
    EXPECT_TRUE(made);
    return uuid;
  }
  void register_store(const std::string& name) {
    ASSERT_TRUE(database->write_blocking([&](db::Session& session) -> Result<> {
      session.execute(
          "insert into store (name, store_id, generation, registered_at) values (:n, 'x', 1, 1)",
          {name});
      return {};
    }));
  }
  fs::path data() const { return folder.path() / "data"; }

  tests::TemporaryDirectory folder;
  SystemClock clock;
  SeededRandom random{3};
  io::PosixFileSystem files;
  io::SandboxedRunner processes;
};
SHOAL_ON_BOTH_ENGINES(CliTest);

TEST_P(CliTest, a_made_user_can_log_in_and_a_reset_password_replaces_the_first) {
  const auto made = create_user(*database, {"alice", "alice@example.com", catalog::Role::moderator},
                                "http://localhost", random, clock);
  ASSERT_TRUE(made) << made.error().message;
  const auto hash = [&] {
    return *database->read_blocking([](db::Session& session) -> Result<std::string> {
      return catalog::find_credentials(session, "alice")->password_hash;
    });
  };
  EXPECT_TRUE(catalog::verify_password(made->password, hash()));
  const auto changed = reset_password(*database, "alice@example.com", random, clock);
  ASSERT_TRUE(changed);
  EXPECT_FALSE(catalog::verify_password(made->password, hash()));
  EXPECT_TRUE(catalog::verify_password(*changed, hash()));
  EXPECT_EQ(list_users(*database)->size(), 1U);
}

TEST_P(CliTest, bad_names_and_unknown_users_are_refused) {
  EXPECT_EQ(create_user(*database, {"Al ice", "a@b", {}}, "http://x", random, clock).error().code,
            ErrorCode::invalid);
  EXPECT_EQ(create_user(*database, {"alice", "nobody", {}}, "http://x", random, clock).error().code,
            ErrorCode::invalid);
  EXPECT_EQ(set_blocked(*database, "bob", true, clock).error().code, ErrorCode::not_found);
}

TEST_P(CliTest, doctor_names_what_is_missing) {
  put_media("a.mp4", "bytes");
  put_media("b.mp4", "bytes");
  fs::remove(data() / "media" / "b.mp4");
  std::vector<std::string> problems;
  for (const Finding& finding : examine(*database, files, processes, data()))
    if (!finding.healthy) problems.push_back(finding.what);
  EXPECT_THAT(problems, testing::Contains(testing::HasSubstr("media/b.mp4 is missing")));
  EXPECT_THAT(problems, testing::Not(testing::Contains(testing::HasSubstr("a.mp4"))));
}

TEST_P(CliTest, doctor_misses_no_files_of_a_store_that_is_not_there) {
  fs::create_directories(data());
  ASSERT_TRUE(database->write_blocking([&](db::Session& session) -> Result<> {
    catalog::ensure_identity(session, random, clock.now());
    return {};
  }));
  const std::string instance = *database->read_blocking([](db::Session& session) {
    return Result<std::string>(*catalog::find_instance_id(session));
  });
  io::Offload disk{"disk", 1, 16};
  ASSERT_TRUE(storage::open_registered_store(*database, {"local", data() / "media", instance},
                                             files, disk, random, clock.now()));
  put_media("a.mp4", "bytes");
  const auto problems = [&] {
    std::string out;
    for (const Finding& finding : examine(*database, files, processes, data()))
      if (!finding.healthy) out += finding.what + "\n";
    return out;
  };
  EXPECT_THAT(problems(), testing::Not(testing::HasSubstr("store")));
  fs::rename(data() / "media", data() / "unmounted");
  fs::create_directories(data() / "media");
  EXPECT_THAT(problems(), testing::HasSubstr("store local is offline"));
  EXPECT_THAT(problems(), testing::Not(testing::HasSubstr("missing")));
}

TEST_P(CliTest, doctor_finds_changed_content_only_when_it_reads_it) {
  put_media("a.mp4", "bytes");
  std::ofstream(data() / "media" / "a.mp4") << "bites";
  const auto problems = [&](bool checksums) {
    std::vector<std::string> out;
    for (const Finding& finding : examine(*database, files, processes, data(), checksums))
      if (!finding.healthy && finding.what.starts_with("media/")) out.push_back(finding.what);
    return out;
  };
  EXPECT_THAT(problems(false), testing::IsEmpty());
  EXPECT_THAT(problems(true),
              testing::ElementsAre("media/a.mp4 has another content than recorded"));
}

TEST_P(CliTest, videos_of_every_privacy_and_state_are_listed_shown_and_deleted) {
  const auto secret =
      make_video("A secret rabbit", catalog::Privacy::owner_only, catalog::VideoState::published);
  const auto broken = make_video("A broken rabbit", catalog::Privacy::everyone,
                                 catalog::VideoState::transcoding_failed);
  const auto names = [&](const VideoListOptions& options) {
    std::vector<std::string> out;
    for (const auto& video : list_videos(*database, options, clock.now())->videos)
      out.push_back(video.name);
    return out;
  };
  EXPECT_THAT(names({}), testing::UnorderedElementsAre("A secret rabbit", "A broken rabbit"));
  EXPECT_THAT(names({"", true}), testing::ElementsAre("A broken rabbit"));
  EXPECT_THAT(names({"secret"}), testing::ElementsAre("A secret rabbit"));
  EXPECT_EQ(list_videos(*database, {"", false, 0, 1}, clock.now())->total, 2);

  const auto shown = show_video(*database, secret.short_text());
  ASSERT_TRUE(shown) << shown.error().message;
  EXPECT_EQ(shown->video.summary.uuid, secret);
  EXPECT_THAT(shown->jobs, testing::SizeIs(1));
  EXPECT_THAT(shown->files, testing::SizeIs(1));

  EXPECT_EQ(retry_video(*database, broken.text(), clock).value(), "A broken rabbit");
  EXPECT_EQ(retry_video(*database, broken.text(), clock).error().code, ErrorCode::conflict);
  EXPECT_THAT(names({"", true}), testing::IsEmpty());
  EXPECT_EQ(*delete_video(*database, broken.text(), clock, Milliseconds{0}), "A broken rabbit");
  EXPECT_EQ(show_video(*database, broken.text()).error().code, ErrorCode::not_found);
  EXPECT_EQ(delete_video(*database, "?", clock, Milliseconds{0}).error().code, ErrorCode::invalid);
  EXPECT_THAT(names({}), testing::ElementsAre("A secret rabbit"));
}

TEST_P(CliTest, the_address_of_an_instance_is_known_from_its_first_start) {
  EXPECT_EQ(known_origin(*database).error().code, ErrorCode::not_found);
  ASSERT_TRUE(
      create_user(*database, {"alice", "a@b", {}}, "https://v.example:8443", random, clock));
  EXPECT_EQ(known_origin(*database).value(), "https://v.example:8443");
}

class BackupTest : public CliTest {};
INSTANTIATE_TEST_SUITE_P(Sqlite, BackupTest, testing::Values(db::Engine::sqlite),
                         tests::engine_name);

TEST_P(BackupTest, a_restored_backup_is_the_instance_again) {
  put_media("hls/a.mp4", "bytes");
  const fs::path backup = folder.path() / "backup";
  const auto report = back_up(*database, files, data(), backup, clock);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->files, 2U);
  const fs::path restored = folder.path() / "restored";
  const auto back = restore(files, backup, restored);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*io::read_whole(files, restored / "media/hls/a.mp4", 100), "bytes");
  EXPECT_TRUE(fs::exists(restored / "shoal.db"));
  EXPECT_EQ(restore(files, backup, restored).error().code, ErrorCode::conflict);
  EXPECT_EQ(back_up(*database, files, data(), backup, clock).error().code, ErrorCode::conflict);
}

TEST_P(BackupTest, a_backup_that_lost_or_changed_a_file_restores_nothing) {
  put_media("hls/a.mp4", "bytes");
  const fs::path backup = folder.path() / "backup";
  ASSERT_TRUE(back_up(*database, files, data(), backup, clock));
  const fs::path restored = folder.path() / "restored";
  fs::remove(backup / "media/hls/a.mp4");
  EXPECT_EQ(restore(files, backup, restored).error().code, ErrorCode::corrupt);
  EXPECT_FALSE(fs::exists(restored));
  fs::remove(backup / "manifest.json");
  EXPECT_EQ(restore(files, backup, restored).error().code, ErrorCode::not_found);
}

TEST_P(BackupTest, nothing_is_deleted_for_a_restored_database_until_that_is_confirmed) {
  put_media("hls/a.mp4", "bytes");
  register_store("local");
  const fs::path backup = folder.path() / "backup";
  ASSERT_TRUE(back_up(*database, files, data(), backup, clock));
  EXPECT_FALSE(list_stores(*database)->at(0).hold);
  const fs::path restored = folder.path() / "restored";
  ASSERT_TRUE(restore(files, backup, restored));
  Metrics metrics;
  db::DatabaseConfig config;
  config.sqlite_path = (restored / "shoal.db").string();
  const auto again = db::Database::open(config, metrics);
  ASSERT_TRUE(again);
  EXPECT_THAT(list_stores(**again)->at(0).hold.value_or(""), testing::HasSubstr("restored"));
  ASSERT_TRUE(confirm_store(**again, "local"));
  EXPECT_FALSE(list_stores(**again)->at(0).hold);
  EXPECT_EQ(confirm_store(**again, "nowhere").error().code, ErrorCode::not_found);
}

TEST_P(CliTest, bad_copies_that_have_a_good_one_are_queued_for_repair_once) {
  put_media("a", "bytes");
  put_media("b", "bytes");
  put_media("c", "bytes");
  register_store("local");
  ASSERT_TRUE(database->write_blocking([&](db::Session& session) -> Result<> {
    session.execute(
        "insert into placement (file_id, store, object_key, state, created_at) "
        "select id, 'archive', name, 2, 1 from media_file where name <> 'c'");
    for (const char* store : {"local", "archive"}) {
      for (const auto& copy :
           storage::list_copies(session, {.store = store, .verified_before = UtcTime::max()}, 10)) {
        const bool is_bad =
            copy.file.name == "c" || (copy.file.name == "a" && copy.store == "local");
        if (is_bad) storage::record_bad(session, copy, "a test says so", clock.now());
      }
    }
    return {};
  }));
  EXPECT_EQ(list_stores(*database)->at(1).bad_copies, 2);
  EXPECT_EQ(repair_copies(*database, "", true)->queued, 1);
  EXPECT_EQ(repair_copies(*database, "archive", false)->queued, 0);
  const auto plan = repair_copies(*database, "local", false);
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->queued, 1) << "a dry run queues nothing";
  EXPECT_EQ(plan->bytes, 5U);
  EXPECT_EQ(plan->hopeless, 1);
  ASSERT_EQ(plan->examples.size(), 1U);
  EXPECT_EQ(plan->examples[0].name, "c");
  const auto again = repair_copies(*database, "", false);
  EXPECT_EQ(again->queued, 0);
  EXPECT_EQ(again->running, 1);
  std::vector<std::string> problems;
  for (const Finding& finding : examine(*database, files, processes, data()))
    if (!finding.healthy) problems.push_back(finding.what);
  EXPECT_THAT(problems, testing::Contains(testing::HasSubstr("2 copies in store local are bad")));
}

TEST(VerifyOptionsTest, are_read_as_typed) {
  const UtcTime now = SystemClock().now();
  EXPECT_EQ(plan_verify({}, now)->percent, 5);
  EXPECT_EQ(plan_verify({.is_full = true}, now)->percent, 100);
  EXPECT_EQ(plan_verify({.is_quick = true}, now)->percent, 100);
  EXPECT_EQ(plan_verify({.is_quick = true}, now)->depth, storage::VerifyDepth::size);
  EXPECT_EQ(plan_verify({.sample = "0.5%"}, now)->percent, 0.5);
  EXPECT_EQ(plan_verify({.sample = "20"}, now)->percent, 20);
  EXPECT_EQ(plan_verify({.older_than = "2d"}, now)->verified_before, now - std::chrono::hours(48));
  EXPECT_EQ(plan_verify({.limit_rate = "2MB"}, now)->rate_limit, 2U << 20);
  for (const char* wrong : {"0", "101%", "-1", "5%%", "much", "nan"})
    EXPECT_EQ(plan_verify({.sample = wrong}, now).error().code, ErrorCode::invalid) << wrong;
  EXPECT_EQ(plan_verify({.older_than = "old"}, now).error().code, ErrorCode::invalid);
  EXPECT_EQ(plan_verify({.limit_rate = "0"}, now).error().code, ErrorCode::invalid);
}

TEST(GcOptionsTest, are_read_as_typed_and_never_too_short) {
  EXPECT_FALSE(plan_gc({})->schedules);
  EXPECT_EQ(plan_gc({})->older_than, std::chrono::hours(48));
  EXPECT_EQ(plan_gc({})->kept_for, std::chrono::hours(7 * 24));
  EXPECT_TRUE(plan_gc({.deletes = true})->schedules);
  EXPECT_EQ(plan_gc({.older_than = "30d"})->older_than, std::chrono::hours(720));
  EXPECT_EQ(plan_gc({.older_than = "23h"}).error().code, ErrorCode::invalid);
  EXPECT_EQ(plan_gc({.keep_for = "1min"}).error().code, ErrorCode::invalid);
}

TEST_P(CliTest, what_gc_put_in_the_trash_is_listed_and_taken_back) {
  ASSERT_TRUE(database->write_blocking([&](db::Session& session) -> Result<> {
    session.execute(
        "insert into object_trash (store, object_key, due_at, orphan) values ('a', 'k', 5, 1), "
        "('a', 'l', 6, 1), ('b', 'k', 7, 1), ('a', 'other', 1, 0)");
    return {};
  }));
  EXPECT_EQ(list_trash(*database, "")->size(), 3U);
  EXPECT_EQ(list_trash(*database, "a")->front().object_key, "k");
  EXPECT_EQ(take_back(*database, "a", {"k"}), 1);
  EXPECT_EQ(take_back(*database, "a", {"other"}).error().code, ErrorCode::not_found);
  EXPECT_EQ(take_back(*database, "a", {}), 1);
  EXPECT_EQ(list_trash(*database, "")->size(), 1U);
}

TEST_P(CliTest, stores_are_listed_with_what_they_hold) {
  put_media("a", "bytes");
  put_media("b", "more bytes");
  ASSERT_TRUE(database->write_blocking([&](db::Session& session) -> Result<> {
    session.execute(
        "insert into store (name, store_id, generation, registered_at) values ('empty', 'x', 1, "
        "1)");
    return storage::announce_object(session, "empty", "k", clock.now());
  }));
  const auto stores = list_stores(*database);
  ASSERT_TRUE(stores);
  ASSERT_EQ(stores->size(), 2U);
  EXPECT_EQ(stores->at(0).name, "empty");
  EXPECT_TRUE(stores->at(0).is_registered);
  EXPECT_EQ(stores->at(0).files, 0);
  EXPECT_EQ(stores->at(0).objects_in_trash, 1);
  EXPECT_EQ(stores->at(1).name, "local");
  EXPECT_FALSE(stores->at(1).is_registered);
  EXPECT_EQ(stores->at(1).files, 2);
  EXPECT_EQ(stores->at(1).bytes, 15U);
}

TEST_P(CliTest, a_move_is_planned_as_typed_and_started) {
  put_media("a", "bytes");
  ASSERT_TRUE(database->write_blocking([](db::Session& session) -> Result<> {
    for (const char* name : {"local", "archive"}) {
      session.execute(
          "insert into store (name, store_id, generation, registered_at) values (:n, 'x', 1, 1)",
          {name});
    }
    return {};
  }));
  const UtcTime now = clock.now();
  MoveOptions options{.from = "local", .to = "archive"};
  EXPECT_EQ(plan_move(*database, options, {}, now)->estimate.files, 1);
  options.older_than = "1d";
  options.less_viewed_than = 3;
  options.kinds = {"rendition", "caption"};
  options.limit_rate = "2MB";
  options.videos = {"7"};
  options.channel = "news";
  const auto planned = plan_move(*database, options, {}, now);
  ASSERT_TRUE(planned) << planned.error().message;
  EXPECT_EQ(planned->estimate.files, 0);
  EXPECT_EQ(planned->batch.rate_limit, 2U << 20);
  EXPECT_EQ(planned->batch.filter.published_before, now - std::chrono::hours(24));
  EXPECT_EQ(planned->batch.filter.views_below, 3);
  const auto id = start_move(*database, planned->batch);
  ASSERT_TRUE(id) << id.error().message;
  ASSERT_TRUE(pause_move(*database, id->value));
  EXPECT_EQ(list_moves(*database)->at(0).state, storage::BatchState::paused);
  ASSERT_TRUE(resume_move(*database, id->value));
  ASSERT_TRUE(cancel_move(*database, id->value));
  EXPECT_EQ(list_moves(*database)->at(0).state, storage::BatchState::cancelled);
  EXPECT_EQ(cancel_move(*database, id->value + 1).error().code, ErrorCode::not_found);
}

TEST_P(CliTest, a_move_that_cannot_be_read_says_which_word_it_was) {
  ASSERT_TRUE(database->write_blocking([](db::Session& session) -> Result<> {
    session.execute(
        "insert into store (name, store_id, generation, registered_at) values ('a', 'x', 1, 1)");
    return {};
  }));
  const auto problem = [&](const MoveOptions& options) {
    const auto planned = plan_move(*database, options, {}, clock.now());
    return planned ? "none" : planned.error().message;
  };
  using testing::HasSubstr;
  EXPECT_THAT(problem({.from = "a", .to = "a"}), HasSubstr("same store"));
  EXPECT_THAT(problem({.from = "a", .to = "b"}), HasSubstr("no store 'b'"));
  EXPECT_THAT(problem({.from = "a", .to = "b", .videos = {"?"}}), HasSubstr("'?'"));
  EXPECT_THAT(problem({.from = "a", .to = "b", .older_than = "old"}), HasSubstr("--older-than"));
  EXPECT_THAT(problem({.from = "a", .to = "b", .kinds = {"running"}}), HasSubstr("--kind running"));
  EXPECT_THAT(problem({.from = "a", .to = "b", .limit_rate = "fast"}), HasSubstr("--limit-rate"));
}

}  // namespace
}  // namespace shoal::cli
