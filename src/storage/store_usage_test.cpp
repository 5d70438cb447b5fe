#include "storage/store_usage.h"

#include "storage/file_copies.h"
#include "storage/files.h"
#include "tests/support/database_fixture.h"
#include "tests/support/manual_clock.h"
#include "tests/support/upload_fixture.h"

namespace shoal::storage {
namespace {

class StoreUsageTest : public tests::DatabaseTest {
 protected:
  template <class Work>
  auto write(Work work) {
    auto done = database->write_blocking(std::move(work));
    SHOAL_CHECK(done.has_value());
    if constexpr (!std::is_void_v<typename decltype(done)::value_type>) return *std::move(done);
  }
  void SetUp() override {
    write([](db::Session& session) -> Result<> {
      for (const char* name : {"archive", "local"}) {
        session.execute(
            "insert into store (name, store_id, generation, registered_at) values (:n, 'x', 1, 1)",
            {name});
      }
      return {};
    });
  }
  VideoId add_video() {
    return write([&](db::Session& session) -> Result<VideoId> {
      return VideoId{session.insert(
          "insert into video (uuid, channel_id, name, privacy, state, published_at, created_at, "
          "updated_at) values (:uuid, :channel, 'v', 1, 1, 1, 1, 1) returning id",
          {Uuid::generate(random), uploader.channel})};
    });
  }
  FileId add_file(VideoId video, FileKind kind, const std::string& name, std::size_t size,
                  const std::string& store) {
    return write([&](db::Session& session) -> Result<FileId> {
      return record_file(session,
                         {video, kind, name, "video/mp4", checksum_of(std::string(size, 'x'))},
                         store, "hls/" + name, clock.now());
    });
  }
  std::vector<StoreUsage> count() {
    return write([](db::Session& session) -> Result<std::vector<StoreUsage>> {
      return count_store_usage(session);
    });
  }

  tests::ManualClock clock;
  SystemRandom random;
  const tests::Uploader uploader = tests::add_uploader(*database, "root");
};
SHOAL_ON_BOTH_ENGINES(StoreUsageTest);

TEST_P(StoreUsageTest, counts_what_is_verified_by_store_and_kind) {
  const VideoId video = add_video();
  add_file(video, FileKind::rendition, "a", 10, "archive");
  clock.advance(Seconds{5});
  add_file(video, FileKind::rendition, "b", 20, "archive");
  add_file(video, FileKind::caption, "c", 3, "archive");
  add_file(video, FileKind::running_work, "w", 4, "archive");
  add_file(video, FileKind::running_audio, "s", 1, "archive");
  const FileId unfinished = add_file(video, FileKind::rendition, "d", 1000, "lost");
  write([&](db::Session& session) -> Result<> {
    session.execute("update placement set state = 1 where file_id = :id", {unfinished});
    return announce_object(session, "archive", "k", clock.now());
  });
  const auto usage = count();
  ASSERT_EQ(usage.size(), 2U) << "a copy that is not verified yet is none";
  const StoreUsage& archive = usage[0];
  EXPECT_EQ(archive.name, "archive");
  EXPECT_TRUE(archive.is_registered);
  EXPECT_EQ(archive.files, 5);
  EXPECT_EQ(archive.bytes, 38U);
  ASSERT_EQ(archive.kinds.size(), 3U);
  EXPECT_EQ(archive.kinds[0].kind, FileKind::rendition);
  EXPECT_EQ(archive.kinds[0].bytes, 30U);
  EXPECT_EQ(archive.kinds[2].kind, FileKind::running_work);
  EXPECT_EQ(archive.kinds[2].files, 2);
  EXPECT_EQ(archive.objects_in_trash, 1);
  EXPECT_EQ(archive.oldest_verification, clock.now() - Seconds{5});
  EXPECT_EQ(usage[1].name, "local");
  EXPECT_EQ(usage[1].files, 0);
  EXPECT_EQ(usage[1].oldest_verification, std::nullopt);
}

TEST_P(StoreUsageTest, a_store_waits_for_what_is_at_home_there_and_lies_on_the_local_disk) {
  const VideoId video = add_video();
  add_file(video, FileKind::rendition, "a", 10, "local");
  add_file(video, FileKind::original, "b", 100, "local");
  add_file(video, FileKind::rendition, "c", 1000, "cold");
  Stores homes;
  homes.set_home(FileKind::rendition, "archive");
  const auto usage = count();
  EXPECT_EQ(waiting_for("archive", usage, homes).bytes, 10U);
  EXPECT_EQ(waiting_for("archive", usage, homes).files, 1);
  EXPECT_EQ(waiting_for("cold", usage, homes).files, 0);
  EXPECT_EQ(waiting_for("local", usage, homes).files, 0);
}

TEST_P(StoreUsageTest, is_not_counted_again_for_everybody_who_asks) {
  const VideoId video = add_video();
  add_file(video, FileKind::original, "a", 10, "local");
  io::Runtime runtime(1);
  const Stores homes;
  UsageCache cache(*database, clock, homes);
  const auto bytes = [&] {
    const auto found = tests::wait(runtime, cache.get());
    SHOAL_CHECK(found.has_value());
    EXPECT_EQ((*found)->staged_bytes, (*found)->stores[1].bytes);
    return (*found)->stores[1].bytes;
  };
  EXPECT_EQ(bytes(), 10U);
  add_file(video, FileKind::original, "b", 5, "local");
  EXPECT_EQ(bytes(), 10U);
  clock.advance(UsageCache::k_shortest);
  EXPECT_EQ(bytes(), 15U);
}

TEST_P(StoreUsageTest, the_copies_of_a_video_are_found_file_by_file) {
  const VideoId video = add_video();
  const FileId file = add_file(video, FileKind::rendition, "a", 10, "local");
  add_file(video, FileKind::original, "source", 50, "local");
  add_file(video, FileKind::running_work, "w0", 7, "local");
  add_file(video, FileKind::running_init, "i0", 1, "local");
  add_file(add_video(), FileKind::rendition, "another", 10, "local");
  const VideoCopies copies = write([&](db::Session& session) -> Result<VideoCopies> {
    session.execute(
        "insert into placement (file_id, store, object_key, state, created_at) "
        "values (:file, 'archive', 'hls/a.2', 1, 1)",
        {file});
    return find_video_copies(session, video);
  });
  ASSERT_EQ(copies.files.size(), 2U);
  EXPECT_EQ(copies.files[0].name, "source");
  const CopiedFile& rendition = copies.files[1];
  EXPECT_EQ(rendition.kind, FileKind::rendition);
  EXPECT_EQ(rendition.size, 10U);
  ASSERT_EQ(rendition.copies.size(), 2U);
  EXPECT_EQ(rendition.copies[0].store, "archive");
  EXPECT_EQ(rendition.copies[0].state, CopyState::copying);
  EXPECT_EQ(rendition.copies[0].verified_at, std::nullopt);
  EXPECT_EQ(rendition.copies[1].store, "local");
  EXPECT_EQ(rendition.copies[1].object_key, "hls/a");
  EXPECT_EQ(rendition.copies[1].verified_at, clock.now());
  ASSERT_EQ(copies.running.size(), 1U);
  EXPECT_EQ(copies.running[0].files, 2);
  EXPECT_EQ(copies.running[0].bytes, 8U);
}

}  // namespace
}  // namespace shoal::storage
