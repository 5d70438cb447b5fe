#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/text.h"
#include "blob/local_store.h"
#include "catalog/users.h"
#include "catalog/videos.h"
#include "media/m3u8/playlist.h"
#include "media/segments_sha256.h"
#include "peertube/importer.h"
#include "tests/support/database_fixture.h"
#include "tests/support/manual_clock.h"
#include "tests/support/old_peertube.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/upload_fixture.h"

namespace shoal::peertube {

namespace fs = std::filesystem;

inline io::Task<> at_once() {
  co_return;
}

/// An import of an old instance into an empty database and a local store.
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
    OldInstance instance(login, {files, offload, [this](Milliseconds time) {
                                   waited += time;
                                   return at_once();
                                 }});
    auto connected = wait(instance.connect());
    if (!connected) return std::unexpected(connected.error());
    Depot depot({*database, stores, offload, clock});
    const Sources sources({folder_source, bucket, scratch()}, {instance, depot, files, offload});
    Importer importer(std::move(options), {*database, instance, sources, depot, steps, clock},
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
  /// Somebody else has the channel of the public video, so that its last step fails, as a kill
  /// would end it; and has it no more.
  void give_channel_away() {
    const auto done = database->write_blocking([&](db::Session& session) -> Result<> {
      TRY_VOID(catalog::create_user(session,
                                    {.username = "mallory",
                                     .email = "m@example.org",
                                     .password_hash = "-",
                                     .channel_name = "films",
                                     .channel_display_name = "",
                                     .display_name = ""},
                                    "https://new.example.org", clock.now()));
      return {};
    });
    SHOAL_CHECK(done.has_value());
  }
  void free_channel() {
    const auto done = database->write_blocking([&](db::Session& session) -> Result<> {
      return catalog::delete_user(session, catalog::find_credentials(session, "mallory")->id);
    });
    SHOAL_CHECK(done.has_value());
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
  io::SandboxedRunner processes;
  processing::Steps steps{processes, files, offload};
  io::Runtime runtime{1};
  storage::Stores stores;
  std::unique_ptr<blob::LocalStore> local;
  OldInstanceConfig login;
  std::optional<io::Path> folder_source;
  blob::BlobStore* bucket = nullptr;
  std::vector<VideoReport> reports;
  Milliseconds waited{0};
};

}  // namespace shoal::peertube
