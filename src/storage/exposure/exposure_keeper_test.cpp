// Videos that leave the public, and come back, with trouble at every operation: no object is ever
// open to strangers that a row does not know to be, and in the end exactly those of open videos
// are.
#include "storage/exposure/exposure_keeper.h"

#include "tests/support/moves_fixture.h"

namespace shoal::storage {
namespace {

using testing::IsEmpty;
using testing::SizeIs;
using tests::Trouble;

constexpr int k_public = 1;
constexpr int k_private = 3;

class ExposureTest : public tests::MoveTest {
 protected:
  ExposureTest() { stores.add(*near.troubled); }

  blob::MemoryStore& memory() { return dynamic_cast<blob::MemoryStore&>(*near.plain); }
  VideoId video_of(FileId file) {
    return write([&](db::Session& session) -> Result<VideoId> {
      return session.query_one("select video_id from media_file where id = :file", {file})
          ->id<VideoId>(0);
    });
  }
  /// As the API does it.
  void set_privacy(FileId file, int privacy) {
    const VideoId video = video_of(file);
    write([&](db::Session& session) -> Result<> {
      session.execute(
          "update video set privacy = :privacy, privacy_epoch = privacy_epoch + 1 where id = :id",
          {privacy, video});
      settle_exposure_later(session, video);
      return {};
    });
  }
  /// A file of a public video, whose object anybody may read.
  FileId add_open_file(const std::string& name) {
    const std::string key = "hls/" + name;
    const FileId file = add_file(name, "bytes of " + name, near);
    SHOAL_CHECK(wait(near.plain->remove(key)).has_value());
    SHOAL_CHECK(
        wait(near.plain->put_bytes(key, "bytes of " + name, {.is_public = true})).has_value());
    write([&](db::Session& session) -> Result<> {
      session.execute("update placement set exposure = 2 where file_id = :file", {file});
      return {};
    });
    return file;
  }

  Result<> settle() {
    const auto job = lease(k_settle_exposure);
    if (!job) return fail(ErrorCode::not_found, "no job waits");
    tests::TroubledDatabase troubled(*database, trouble);
    ExposureKeeper keeper({.database = troubled,
                           .stores = stores,
                           .clock = *clock,
                           .random = random,
                           .empty_trash = [this, &troubled] { return empty_trash(troubled); },
                           .on_changed = [this](const Uuid& video) { moved.insert(video); }});
    return wait(keeper.run(*job));
  }
  io::Task<Result<>> empty_trash(db::Database& from) {
    const StoreLookup lookup = [this](std::string_view name) { return stores.find(name); };
    const PurgeHook hook = [this](std::string store, std::string key) {
      return purge(std::move(store), std::move(key));
    };
    CO_TRY_VOID(co_await collect_trash(from, lookup, clock->now(), 100, hook));
    co_return Result<>{};
  }
  io::Task<Result<>> purge(std::string store, std::string key) {
    CO_TRY_VOID(trouble.before());
    EXPECT_FALSE(memory().is_public(key)) << "told to forget what is there still";
    purged.insert(store + ":" + key);
    co_return trouble.after();
  }
  void settle_all() {
    for (int i = 0; i < 10 && number("select count(*) from job") > 0; ++i) {
      reclaim();
      clock->advance(Seconds{700});
      const auto done = settle();
      EXPECT_TRUE(done) << done.error().message;
    }
    EXPECT_EQ(number("select count(*) from job"), 0);
  }

  std::set<std::string> open_objects() {
    std::set<std::string> open;
    for (const std::string& key : objects(near))
      if (memory().is_public(key) == true) open.insert(key);
    return open;
  }
  std::set<std::string> keys_of(const std::string& sql) {
    const auto rows =
        write([&](db::Session& session) -> Result<db::Rows> { return session.query(sql); });
    std::set<std::string> keys;
    for (const db::Row& row : rows) keys.insert(row.text(0));
    return keys;
  }
  /// Whatever has happened.
  void expect_rows_know_what_is_open() {
    const auto known = keys_of(
        "select object_key from placement where exposure = 2 union select object_key from "
        "object_trash");
    for (const std::string& key : open_objects()) EXPECT_TRUE(known.contains(key)) << key;
  }
  /// When all is settled.
  void expect_open_objects_are_those_of_open_videos() {
    clock->advance(std::chrono::hours(26));
    expect_nothing_is_left_over();
    EXPECT_EQ(open_objects(),
              keys_of("select p.object_key from placement p join media_file f on f.id = p.file_id "
                      "join video v on v.id = f.video_id where v.privacy in (1, 2)"));
  }

  /// For each operation of settling a file: `prepare`, the trouble, then settling to the end.
  template <class Arm>
  void sweep(int from, int to, Arm arm) {
    std::uint64_t most = 0;
    for (std::uint64_t n = 1; !HasFailure(); ++n) {
      SCOPED_TRACE("operation " + std::to_string(n));
      const std::string name = "file-" + std::to_string(++files_made);
      const FileId file = from == k_public ? add_open_file(name) : add_file(name, "bytes", near);
      set_privacy(file, from);
      settle_all();
      set_privacy(file, to);
      arm(n, file);
      (void)settle();
      const std::uint64_t operations = trouble.operations();
      trouble.disarm();
      expect_rows_know_what_is_open();
      expect_all_files_are_safe();
      settle_all();
      expect_all_files_are_safe();
      expect_open_objects_are_those_of_open_videos();
      if (operations < n) break;
      most = n;
    }
    EXPECT_GE(most, 6U);
  }
  auto trouble_of(Trouble::Kind kind) {
    return [this, kind](std::uint64_t n, FileId) { trouble.arm(kind, n); };
  }

  Stores stores;
  std::set<std::string> purged;
  int files_made = 0;
};

INSTANTIATE_TEST_SUITE_P(
    Shapes, ExposureTest,
    testing::Values(tests::MoveShape{db::Engine::sqlite, tests::StoreKind::memory,
                                     tests::StoreKind::memory},
                    tests::MoveShape{db::Engine::postgresql, tests::StoreKind::memory,
                                     tests::StoreKind::memory}),
    tests::move_shape_name);

TEST_P(ExposureTest, a_video_that_leaves_the_public_leaves_nothing_under_a_name_that_was_told) {
  stores.set_exposure("near", Exposure::address);
  const FileId file = add_open_file("a");
  set_privacy(file, k_private);
  EXPECT_THAT(open_objects(), SizeIs(1)) << "nothing has happened yet";
  ASSERT_TRUE(settle());
  EXPECT_THAT(open_objects(), IsEmpty());
  EXPECT_EQ(object(near, "hls/a"), "none");
  ASSERT_THAT(places(file), SizeIs(1));
  EXPECT_NE(places(file)[0], "near:hls/a");
  EXPECT_EQ(object(near, places(file)[0].substr(5)), "bytes of a");
  EXPECT_THAT(purged, testing::ElementsAre("near:hls/a"));
  EXPECT_THAT(moved, SizeIs(1));
  // And back again.
  set_privacy(file, k_public);
  ASSERT_TRUE(settle());
  EXPECT_THAT(open_objects(), SizeIs(1));
  expect_open_objects_are_those_of_open_videos();
}

TEST_P(ExposureTest, addresses_that_ended_with_their_signature_are_replaced_too) {
  stores.set_exposure("near", Exposure::signed_urls);
  const FileId file = add_file("a", "bytes", near);
  set_privacy(file, k_public);
  ASSERT_TRUE(settle());
  EXPECT_EQ(places(file)[0], "near:hls/a") << "it was not to be copied";
  EXPECT_EQ(number("select exposure from placement"), 1);
  set_privacy(file, k_private);
  ASSERT_TRUE(settle());
  EXPECT_NE(places(file)[0], "near:hls/a");
  EXPECT_EQ(object(near, "hls/a"), "none");
}

TEST_P(ExposureTest, what_a_store_never_tells_of_keeps_its_name) {
  const FileId file = add_file("a", "bytes", near);
  for (const int privacy : {k_private, k_public, k_private}) {
    set_privacy(file, privacy);
    ASSERT_TRUE(settle());
    EXPECT_EQ(places(file)[0], "near:hls/a");
  }
}

TEST_P(ExposureTest, what_waits_in_the_trash_goes_with_the_videos_privacy_or_its_end) {
  stores.set_exposure("near", Exposure::address);
  for (const bool deleted : {false, true}) {
    const std::string name = deleted ? "b" : "a";
    const FileId file = add_open_file(name);
    const FileId other = add_file(name + "-far", "bytes", far);
    const VideoId video = video_of(file);
    write([&](db::Session& session) -> Result<> {
      session.execute("update media_file set video_id = :video where id = :file", {video, other});
      trash_file(session, file, clock->now() + Seconds{86'400});
      if (deleted) session.execute("delete from video where id = :id", {video});
      settle_exposure_later(session, video);
      return {};
    });
    ASSERT_TRUE(settle());
    EXPECT_EQ(object(near, "hls/" + name), deleted ? "none" : "bytes of " + name);
    if (deleted) continue;
    set_privacy(other, k_private);
    ASSERT_TRUE(settle());
    EXPECT_EQ(object(near, "hls/" + name), "none");
  }
}

TEST_P(ExposureTest, what_a_store_does_not_delete_is_asked_for_until_it_does) {
  stores.set_exposure("near", Exposure::address);
  const FileId file = add_open_file("a");
  set_privacy(file, k_private);
  // Of what a settling does the deletion is the only operation that may fail unheard.
  std::uint64_t unheard = 0;
  for (std::uint64_t n = 1; n < 40 && number("select count(*) from job") > 0; ++n) {
    reclaim();
    clock->advance(Seconds{700});
    trouble.arm(Trouble::Kind::error, n);
    const auto done = settle();
    trouble.disarm();
    if (done && object(near, "hls/a") != "none") ++unheard;
  }
  EXPECT_EQ(unheard, 0U);
  settle_all();
  EXPECT_EQ(object(near, "hls/a"), "none");
}

TEST_P(ExposureTest, a_store_that_exposes_its_media_otherwise_now_is_settled_page_by_page) {
  const FileId open = add_file("open", "bytes", near);
  const FileId closed = add_file("closed", "bytes", near);
  set_privacy(closed, k_private);
  settle_all();
  stores.set_exposure("near", Exposure::address);
  const auto start = [&](Exposure exposure) {
    write([&](db::Session& session) -> Result<> {
      settle_store_later(session, "near", exposure);
      return {};
    });
  };
  start(Exposure::address);
  start(Exposure::address);
  EXPECT_EQ(number("select count(*) from job"), 1);
  for (int page = 0; page < 3; ++page) {
    const auto job = lease(k_settle_store);
    ASSERT_TRUE(job);
    write([&](db::Session& session) -> Result<> {
      settle_store_on(session, *parse_store_cursor(job->payload), 1);
      return jobs::complete(session, *job);
    });
  }
  EXPECT_FALSE(lease(k_settle_store));
  settle_all();
  EXPECT_EQ(open_objects(), std::set{places(open)[0].substr(5)});
  expect_open_objects_are_those_of_open_videos();
  start(Exposure::closed);
  EXPECT_EQ(number("select count(*) from job"), 0);
}

TEST_P(ExposureTest, a_store_that_is_away_is_waited_for) {
  stores.set_exposure("near", Exposure::address);
  Stores without;
  const FileId file = add_open_file("a");
  set_privacy(file, k_private);
  const auto job = lease(k_settle_exposure);
  ASSERT_TRUE(job);
  ExposureKeeper keeper(
      {*database, without, *clock, random, [this] { return empty_trash(*database); }, {}});
  const auto done = wait(keeper.run(*job));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::unavailable);
  settle_all();
  EXPECT_THAT(open_objects(), IsEmpty());
}

TEST_P(ExposureTest, any_operation_may_fail_and_the_process_may_die_at_any_time) {
  stores.set_exposure("near", Exposure::address);
  for (const auto kind : {Trouble::Kind::error, Trouble::Kind::death, Trouble::Kind::late_death}) {
    sweep(k_public, k_private, trouble_of(kind));
    sweep(k_private, k_public, trouble_of(kind));
  }
}

TEST_P(ExposureTest, privacy_may_change_again_at_any_time) {
  stores.set_exposure("near", Exposure::address);
  for (const int from : {k_public, k_private}) {
    sweep(from, k_public + k_private - from, [&](std::uint64_t n, FileId file) {
      trouble.arm(Trouble::Kind::event, n, [this, file, from] { set_privacy(file, from); });
    });
  }
}

TEST_P(ExposureTest, the_file_may_be_deleted_at_any_time) {
  stores.set_exposure("near", Exposure::address);
  for (const int from : {k_public, k_private}) {
    sweep(from, k_public + k_private - from, [&](std::uint64_t n, FileId file) {
      trouble.arm(Trouble::Kind::event, n, [this, file] { delete_file(file); });
    });
  }
}

}  // namespace
}  // namespace shoal::storage
