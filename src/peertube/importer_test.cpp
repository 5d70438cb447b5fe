// Imports from a PeerTube that answers as the recorded one did, over real files and databases.
#include "peertube/importer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/text.h"
#include "blob/local_store.h"
#include "blob/s3/address.h"
#include "blob/s3_store.h"
#include "catalog/captions.h"
#include "catalog/channels.h"
#include "catalog/storyboards.h"
#include "catalog/users.h"
#include "catalog/video_passwords.h"
#include "media/m3u8/playlist.h"
#include "media/segments_sha256.h"
#include "processing/pipeline/graph.h"
#include "storage/store_registry.h"
#include "storage/trash.h"
#include "tests/support/database_fixture.h"
#include "tests/support/manual_clock.h"
#include "tests/support/old_peertube.h"
#include "tests/support/s3_server.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/upload_fixture.h"

namespace shoal::peertube {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

class ImportTest : public tests::DatabaseTest {
 protected:
  ImportTest() {
    auto opened = blob::LocalStore::open("local", folder.path() / "media", {"instance"}, files,
                                         offload, random);
    SHOAL_CHECK(opened.has_value());
    local = *std::move(opened);
    stores.add(*local);
    fs::create_directories(scratch());
    login.url = old.url();
    login.username = "root";
    login.password = "rootpassword123";
  }

  fs::path scratch() const { return folder.path() / "import"; }

  template <class T>
  T wait(io::Task<T> task) {
    return tests::wait(runtime, std::move(task));
  }
  template <class Read>
  auto read(Read work) {
    auto got = database->read_blocking(std::move(work));
    SHOAL_CHECK(got.has_value());
    return *std::move(got);
  }
  std::int64_t number(const std::string& sql) {
    return read([&](db::Session& session) -> Result<std::int64_t> {
      return session.query_one(sql)->integer(0);
    });
  }

  Result<ImportSummary> import(ImportOptions options = {}) {
    reports.clear();
    waited = Milliseconds{0};
    OldInstance instance(login, {files, offload, [this](Milliseconds time) -> io::Task<> {
                                   waited += time;
                                   co_return;
                                 }});
    auto connected = wait(instance.connect());
    if (!connected) return std::unexpected(connected.error());
    Depot depot({*database, stores, offload, clock});
    const Sources sources({folder_source, bucket, scratch()}, {instance, depot, files, offload});
    Importer importer(std::move(options), {*database, instance, sources, depot, clock, random},
                      {.origin = "https://new.example.org", .users = {}, .password_hash = "-"});
    return wait(importer.run([this](const VideoReport& report) { reports.push_back(report); }));
  }
  const VideoReport& report_of(const std::string& uuid) {
    for (const VideoReport& report : reports)
      if (report.uuid.text() == uuid) return report;
    SHOAL_CHECK(false && "no such report");
    return reports.front();
  }

  std::optional<catalog::Video> find(const std::string& uuid) {
    return read([&](db::Session& session) -> Result<std::optional<catalog::Video>> {
      return catalog::find_video(session, *Uuid::parse(uuid));
    });
  }
  std::string stored(const std::string& name) {
    const auto file = read([&](db::Session& session) -> Result<std::optional<storage::StoredFile>> {
      return storage::find_file(session, name);
    });
    SHOAL_CHECK(file.has_value());
    const auto reader = wait(stores.find(file->store)->open(file->object_key));
    SHOAL_CHECK(reader.has_value());
    std::string bytes((*reader)->size(), '\0');
    for (std::size_t at = 0; at < bytes.size();) {
      const auto got =
          wait((*reader)->read_at(at, std::as_writable_bytes(std::span(bytes)).subspan(at)));
      SHOAL_CHECK(got.has_value() && *got > 0);
      at += *got;
    }
    return bytes;
  }
  static std::string text_of(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  /// The video is here with its renditions, byte for byte, and playlists that fit them.
  void expect_whole(const std::string& uuid) {
    const auto video = find(uuid);
    ASSERT_TRUE(video && video->playlist && video->playlist->is_finished);
    EXPECT_EQ(video->summary.state, catalog::VideoState::published);
    ASSERT_EQ(video->playlist->files.size(), 2U);
    const auto digests =
        media::parse_segments_sha256(stored(video->playlist->segments_sha256_name.value()));
    ASSERT_TRUE(digests);
    const auto master = media::m3u8::parse_master_playlist(stored(video->playlist->master_name));
    ASSERT_TRUE(master);
    EXPECT_EQ(master->variants.size(), 2U);
    EXPECT_LT(master->variants[0].resolution->height, master->variants[1].resolution->height);
    for (const catalog::VideoFile& file : video->playlist->files) {
      const std::string bytes = stored(file.file_name);
      EXPECT_EQ(bytes, text_of(old.hls_folder(uuid) / file.file_name));
      const auto playlist = media::m3u8::parse_media_playlist(stored(file.playlist_name));
      ASSERT_TRUE(playlist);
      EXPECT_TRUE(media::m3u8::check(*playlist));
      ASSERT_EQ(playlist->segments.size(), 3U);
      const auto known =
          std::ranges::find(*digests, file.file_name, &media::FileDigests::file_name);
      ASSERT_NE(known, digests->end());
      for (std::size_t i = 0; i < playlist->segments.size(); ++i) {
        const auto range = playlist->segments[i].range.value();
        EXPECT_EQ(playlist->segments[i].uri, file.file_name);
        EXPECT_EQ(known->segments.at(i).first_byte, range.offset);
        EXPECT_EQ(known->segments.at(i).sha256,
                  Sha256::of(std::string_view(bytes).substr(range.offset, range.length)));
      }
    }
  }
  void expect_nothing_here() {
    for (const char* table : {"video", "media_file", "placement", "object_trash", "channel", "job"})
      EXPECT_EQ(number(std::string("select count(*) from ") + table), 0) << table;
  }

  static constexpr const char* k_public = tests::OldPeertube::k_public_uuid;
  static constexpr const char* k_private = tests::OldPeertube::k_private_uuid;

  tests::OldPeertube old;
  tests::TemporaryDirectory folder;
  tests::ManualClock clock{from_millis(1'800'000'000'000)};
  SeededRandom random{11};
  io::PosixFileSystem files;
  io::Offload offload{"test", 2, 64};
  io::Runtime runtime{1};
  storage::Stores stores;
  std::unique_ptr<blob::LocalStore> local;
  OldInstanceConfig login;
  std::optional<io::Path> folder_source;
  blob::BlobStore* bucket = nullptr;
  std::vector<VideoReport> reports;
  Milliseconds waited{0};
};
SHOAL_ON_BOTH_ENGINES(ImportTest);

TEST_P(ImportTest, downloads_bring_videos_as_they_were) {
  const auto summary = import();
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->taken, 2U);
  EXPECT_EQ(summary->refused, 0U);
  expect_whole(k_public);
  expect_whole(k_private);
  const auto video = find(k_public);
  EXPECT_EQ(video->summary.name, "First video");
  EXPECT_EQ(video->summary.category, 2);
  EXPECT_EQ(video->summary.language, "en");
  EXPECT_EQ(video->support, "Give support");
  EXPECT_THAT(video->tags, ElementsAre("tag1", "tag2"));
  EXPECT_EQ(to_iso8601(video->summary.published_at), "2026-11-22T07:34:41.030Z");
  EXPECT_EQ(to_iso8601(video->summary.created_at), "2026-11-22T07:34:33.545Z");
  EXPECT_EQ(video->channel.name, "films");
  EXPECT_EQ(video->channel.description, "A test channel");
  EXPECT_EQ(video->channel.owner.name, "root");
  EXPECT_EQ(video->playlist->files[0].resolution, 480);
  EXPECT_EQ(video->playlist->files[0].width, 640);
  EXPECT_EQ(video->playlist->files[0].fps, 25);
  EXPECT_NEAR(static_cast<double>(video->summary.duration.count()), 12'000, 50);
  // The names that PeerTube gave, so that its media URLs still lead there.
  EXPECT_EQ(video->playlist->files[0].file_name, old.hls_names(k_public)[0]);
  EXPECT_EQ(find(k_private)->summary.privacy, catalog::Privacy::owner_only);
  // Downloads are not left behind.
  EXPECT_TRUE(fs::is_empty(scratch()));
  EXPECT_EQ(number("select count(*) from object_trash"), 0);
}

TEST_P(ImportTest, pictures_captions_chapters_and_views_come_along) {
  old.video(k_public)["views"] = 4711;
  ASSERT_TRUE(import());
  const auto video = find(k_public);
  EXPECT_EQ(video->summary.views, 4711);
  EXPECT_EQ(video->summary.thumbnail_name, "60571bf2-7e25-43c7-ad4e-ddecbd1fa2b3.jpg");
  EXPECT_TRUE(video->summary.preview_name);
  read([&](db::Session& session) -> Result<bool> {
    const VideoId id = video->summary.id;
    const auto captions = catalog::find_captions(session, id);
    EXPECT_EQ(captions.size(), 2U);
    EXPECT_EQ(captions.front().language, "en");
    EXPECT_EQ(captions.front().file_name, "c6339fa0-1cee-44b2-ab35-a3e5fc46c4de-en.vtt");
    EXPECT_EQ(catalog::find_chapters(session, id).size(), 2U);
    EXPECT_EQ(catalog::find_storyboard(session, id)->sprite_width, 192);
    return true;
  });
  EXPECT_THAT(stored("c6339fa0-1cee-44b2-ab35-a3e5fc46c4de-en.vtt"), HasSubstr("Hello"));
}

TEST_P(ImportTest, a_folder_is_read_and_left_as_it_is) {
  folder_source = old.storage();
  const auto summary = import();
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->taken, 2U);
  EXPECT_EQ(summary->bytes.at(static_cast<std::size_t>(SourceKind::download)), 0U);
  EXPECT_EQ(old.asked("-fragmented.mp4"), 0);
  EXPECT_EQ(old.asked(".m3u8"), 0);
  expect_whole(k_public);
  expect_whole(k_private);
}

TEST_P(ImportTest, done_again_it_finds_everything_here) {
  ASSERT_TRUE(import());
  const auto rows = number("select count(*) from media_file");
  const int asked = old.asked("-fragmented.mp4");
  const auto again = import();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->there, 2U);
  EXPECT_EQ(again->taken, 0U);
  EXPECT_EQ(number("select count(*) from media_file"), rows);
  EXPECT_EQ(old.asked("-fragmented.mp4"), asked);
}

TEST_P(ImportTest, a_dry_run_brings_nothing) {
  const auto summary = import({.channel = "", .limit = {}, .is_dry_run = true});
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->taken, 2U);
  EXPECT_GT(summary->bytes.at(static_cast<std::size_t>(SourceKind::download)), 100'000U);
  expect_nothing_here();
  EXPECT_EQ(old.asked("-fragmented.mp4"), 0);
}

TEST_P(ImportTest, a_download_that_breaks_goes_on_where_it_was) {
  const std::string name = old.hls_names(k_public)[0];
  old.cut_once(name, 70'000);
  const auto summary = import();
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->taken, 2U);
  EXPECT_EQ(old.asked_for_ranges(name), 1);
  expect_whole(k_public);
}

TEST_P(ImportTest, a_server_that_is_asked_too_often_is_given_time) {
  old.be_busy(2);
  ASSERT_TRUE(import());
  EXPECT_GE(waited, Seconds{20});
  expect_whole(k_public);
}

TEST_P(ImportTest, damaged_files_refuse_their_video_and_no_other) {
  folder_source = old.storage();
  const fs::path damaged = old.hls_folder(k_public) / old.hls_names(k_public)[1];
  std::fstream file(damaged, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(20'000);
  file << "damage";
  file.close();
  const auto summary = import();
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->refused, 1U);
  EXPECT_THAT(report_of(k_public).reason, HasSubstr("hash list"));
  EXPECT_FALSE(find(k_public));
  expect_whole(k_private);
}

TEST_P(ImportTest, what_was_put_before_an_end_is_found_again_or_collected) {
  // Somebody else has the channel, so that the last step fails, as a kill would end it.
  ASSERT_TRUE(database->write_blocking([&](db::Session& session) -> Result<> {
    TRY_VOID(catalog::create_user(session,
                                  {.username = "mallory",
                                   .email = "m@example.org",
                                   .password_hash = "-",
                                   .channel_name = "films",
                                   .channel_display_name = "",
                                   .display_name = ""},
                                  "https://new.example.org", clock.now()));
    return {};
  }));
  ASSERT_TRUE(import());
  EXPECT_THAT(report_of(k_public).reason, HasSubstr("belongs to mallory"));
  EXPECT_FALSE(find(k_public));
  EXPECT_GT(number("select count(*) from object_trash"), 4);
  EXPECT_EQ(number("select count(*) from placement p join object_trash t on t.object_key = "
                   "p.object_key and t.store = p.store"),
            0);
  ASSERT_TRUE(database->write_blocking([&](db::Session& session) -> Result<> {
    return catalog::delete_user(session, catalog::find_credentials(session, "mallory")->id);
  }));
  const auto summary = import();
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->taken, 1U) << report_of(k_public).reason;
  expect_whole(k_public);
  EXPECT_EQ(number("select count(*) from placement where object_key like '%.2'"), 0);
  // Whatever was announced and never recorded goes, and nothing else.
  clock.advance(std::chrono::hours(25));
  ASSERT_TRUE(wait(storage::collect_trash(
      *database, [this](std::string_view name) { return stores.find(name); }, clock.now(), 1000)));
  EXPECT_EQ(number("select count(*) from object_trash"), 0);
  expect_whole(k_public);
  expect_whole(k_private);
}

TEST_P(ImportTest, without_renditions_the_whole_file_is_processed_here) {
  old.video(k_public)["streamingPlaylists"] = boost::json::array();
  const auto summary = import();
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->queued, 1U);
  EXPECT_EQ(find(k_public)->summary.state, catalog::VideoState::to_transcode);
  EXPECT_EQ(number("select count(*) from media_file where kind = 1"), 1);
  EXPECT_EQ(number("select count(*) from job where kind = 'video-prepare'"), 1);
}

TEST_P(ImportTest, what_has_its_sound_apart_is_not_taken_silent) {
  auto& playlist =
      old.video(k_public).at("streamingPlaylists").as_array()[0].as_object().at("files").as_array();
  playlist[0].as_object()["hasAudio"] = false;
  ASSERT_TRUE(import());
  EXPECT_EQ(report_of(k_public).outcome, Outcome::queued);
  EXPECT_EQ(old.asked(old.hls_names(k_public)[0]), 0);
}

TEST_P(ImportTest, nobody_sees_more_than_the_public_without_a_token) {
  login.username.clear();
  login.password.clear();
  const auto summary = import();
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->taken, 1U);
  EXPECT_TRUE(find(k_public));
  EXPECT_FALSE(find(k_private));
}

TEST_P(ImportTest, a_video_with_passwords_keeps_them) {
  old.video(k_private)["privacy"] = boost::json::object{{"id", 5}, {"label", "Password"}};
  ASSERT_TRUE(import());
  const auto video = find(k_private);
  ASSERT_TRUE(video) << report_of(k_private).reason;
  read([&](db::Session& session) -> Result<bool> {
    EXPECT_TRUE(catalog::is_video_password(session, video->summary.id, "open sesame"));
    return true;
  });
}

TEST_P(ImportTest, users_come_with_their_address_and_nobodys_password) {
  const auto summary = import();
  ASSERT_TRUE(summary);
  read([&](db::Session& session) -> Result<bool> {
    const auto alice = catalog::find_credentials(session, "alice@example.com");
    EXPECT_TRUE(alice);
    EXPECT_EQ(catalog::find_user(session, alice->id)->role, catalog::Role::user);
    EXPECT_EQ(catalog::find_channel(session, {"alice_channel", std::nullopt})->owner.name, "alice");
    return true;
  });
}

TEST_P(ImportTest, only_one_channel_and_only_so_many) {
  ASSERT_TRUE(import({.channel = "films", .limit = {}, .is_dry_run = false}));
  EXPECT_TRUE(find(k_public));
  EXPECT_FALSE(find(k_private));
  const auto limited = import({.channel = "", .limit = 1, .is_dry_run = false});
  ASSERT_TRUE(limited);
  EXPECT_EQ(limited->taken, 1U);
  EXPECT_EQ(limited->there, 1U);
}

/// The old instance's bucket, with its streaming playlists below a prefix as it writes them.
class ImportInPlaceTest : public ImportTest {
 protected:
  ImportInPlaceTest() {
    auto& server = tests::S3Server::radosgw();
    blob::S3StoreConfig config;
    config.client.store = "old-bucket";
    config.client.address = *blob::s3::parse_address(server.endpoint(), server.new_bucket(),
                                                     "streaming-playlists:", true);
    config.client.region = server.region();
    config.client.credentials = {server.access_key(), server.secret_key(), ""};
    // The same bucket as anybody with its keys sees it.
    plain =
        std::make_unique<blob::s3::Client>(config.client, system_clock, random, database.metrics());
    for (const char* uuid : {k_public, k_private}) {
      for (const auto& entry : fs::directory_iterator(old.hls_folder(uuid))) {
        const auto put =
            wait(blob::s3::upload(*plain, {}, key_of(uuid, entry.path().filename().string()), {},
                                  blob::s3::UploadSource::of_text(text_of(entry.path()))));
        EXPECT_TRUE(put) << put.error().message;
      }
    }
    remote = std::make_unique<blob::S3Store>(
        config, blob::S3Store::Services{system_clock, random, database.metrics(), files, offload});
    stores.add(*remote);
  }
  static std::string key_of(const std::string& uuid, const std::string& name) {
    return fmt::format("hls/{}/{}", uuid, name);
  }
  bool has_object(const std::string& key, std::uint64_t size) {
    const auto reply = wait(plain->call({.name = "HeadObject", .method = "HEAD", .key = key}));
    return reply && reply->headers.find("Content-Length") == std::to_string(size);
  }
  Result<> attach() {
    return wait(storage::attach_registered_store(*database, *remote, "instance", system_clock));
  }

  SystemClock system_clock;
  std::unique_ptr<blob::s3::Client> plain;
  std::unique_ptr<blob::S3Store> remote;
};
SHOAL_ON_BOTH_ENGINES(ImportInPlaceTest);

TEST_P(ImportInPlaceTest, files_of_a_bucket_that_was_taken_over_stay_where_they_are) {
  const auto refused = attach();
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("shoal store accept old-bucket"));
  const auto accepted = wait(storage::accept_bucket(*database, *remote, "instance", system_clock));
  ASSERT_TRUE(accepted) << accepted.error().message;
  ASSERT_TRUE(attach());
  bucket = remote.get();

  const auto summary = import();
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->taken, 2U) << report_of(k_public).reason;
  EXPECT_EQ(summary->bytes.at(static_cast<std::size_t>(SourceKind::download)), 0U);
  EXPECT_EQ(old.asked("-fragmented.mp4"), 0);
  expect_whole(k_public);
  expect_whole(k_private);
  for (const char* uuid : {k_public, k_private}) {
    for (const std::string& name : old.hls_names(uuid)) {
      EXPECT_EQ(number(fmt::format("select count(*) from placement where store = 'old-bucket' and "
                                   "object_key = 'hls/{}/{}' and state = 2",
                                   uuid, name)),
                1);
    }
  }
  EXPECT_EQ(number("select count(*) from object_trash where store = 'old-bucket'"), 0);
}

TEST_P(ImportInPlaceTest, nothing_of_the_old_bucket_is_at_risk_before_it_is_recorded) {
  ASSERT_TRUE(wait(storage::accept_bucket(*database, *remote, "instance", system_clock)));
  ASSERT_TRUE(attach());
  bucket = remote.get();
  // The renditions' home is the same bucket, and the last step fails.
  stores.set_home(storage::FileKind::rendition, "old-bucket");
  stores.set_home(storage::FileKind::playlist, "old-bucket");
  ASSERT_TRUE(database->write_blocking([&](db::Session& session) -> Result<> {
    TRY_VOID(catalog::create_user(session,
                                  {.username = "films",
                                   .email = "m@example.org",
                                   .password_hash = "-",
                                   .channel_name = "",
                                   .channel_display_name = "",
                                   .display_name = ""},
                                  "https://new.example.org", clock.now()));
    return {};
  }));
  ASSERT_TRUE(import({.channel = "films", .limit = {}, .is_dry_run = false}));
  EXPECT_EQ(report_of(k_public).outcome, Outcome::refused);
  clock.advance(std::chrono::hours(25));
  ASSERT_TRUE(wait(storage::collect_trash(
      *database, [this](std::string_view name) { return stores.find(name); }, clock.now(), 1000)));
  for (const auto& entry : fs::directory_iterator(old.hls_folder(k_public))) {
    const std::string name = entry.path().filename().string();
    EXPECT_TRUE(has_object(key_of(k_public, name), fs::file_size(entry.path()))) << name;
  }
}

TEST_P(ImportInPlaceTest, a_bucket_of_another_instance_is_never_taken) {
  ASSERT_TRUE(wait(storage::accept_bucket(*database, *remote, "instance", system_clock)));
  const auto other = wait(storage::accept_bucket(*database, *remote, "another", system_clock));
  ASSERT_FALSE(other);
  EXPECT_THAT(other.error().message, HasSubstr("another Shoal instance"));
}

}  // namespace
}  // namespace shoal::peertube
