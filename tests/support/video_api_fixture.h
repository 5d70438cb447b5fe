#pragma once

#include <gmock/gmock.h>

#include <string>
#include <string_view>
#include <vector>

#include "api/videos/services.h"
#include "blob/memory_store.h"
#include "catalog/videos.h"
#include "jobs/queue.h"
#include "storage/uploads/local_upload_bytes.h"
#include "storage/uploads/upload_staging.h"
#include "tests/support/api_fixture.h"
#include "tests/support/recordings.h"

namespace shoal::tests {

/// The API with videos in its catalogue, as if they had been uploaded.
class VideoApiTest : public ApiTest {
 protected:
  VideoApiTest() {
    services.sign_media_token = [](const Uuid& video, std::int64_t epoch, UtcTime) {
      return video.text() + "/" + std::to_string(epoch);
    };
    services.staging = &staging;
    services.incoming = &store;
    services.local = &store;
    services.files = &files;
    services.disk = &disk;
    services.bulk = &bulk;
    services.max_upload_size = std::uint64_t{1} << 30;
    services.start_processing = [](db::Session& session, VideoId video) {
      jobs::enqueue(
          session,
          {.kind = "test-work", .video = video, .payload = "{}", .after = {}, .run_after = {}});
    };
    services.forget_media = [this](const Uuid& video) { forgotten.push_back(video); };
  }

  api::Context& with_services() {
    context().video_services = &services;
    return context();
  }

  struct Added {
    VideoId id;
    std::string uuid;
    std::string short_uuid;
    std::string path(std::string_view rest = {}) const {
      return "/api/v1/videos/" + uuid + std::string(rest);
    }
  };

  static catalog::VideoAttributes attributes(std::string name, catalog::Privacy privacy) {
    catalog::VideoAttributes video;
    video.name = std::move(name);
    video.privacy = privacy;
    return video;
  }

  /// A published video of 12 s in the first channel of `username`.
  Added add_video(const catalog::VideoAttributes& video, std::string_view username = "root",
                  catalog::VideoState state = catalog::VideoState::published) {
    with_services();
    clock.advance(Milliseconds{1000});
    const Uuid uuid = Uuid::generate(random);
    auto id = database->write_blocking([&](db::Session& session) -> Result<VideoId> {
      const auto channel = session.query_one(
          "select c.id from channel c join account a on a.id = c.account_id join users u"
          " on u.id = a.user_id where u.username = :name order by c.id limit 1",
          {username});
      const auto video_id = catalog::create_video(session,
                                                  {.uuid = uuid,
                                                   .channel = channel->id<ChannelId>(0),
                                                   .attributes = video,
                                                   .source_filename = "clip.mp4",
                                                   .source_size = 1000,
                                                   .state = state},
                                                  clock.now());
      TRY_VOID(catalog::record_processing(
          session, video_id,
          {.state = {}, .duration = Milliseconds{12'040}, .aspect_ratio = 4.0 / 3, .failure = {}},
          clock.now()));
      return video_id;
    });
    EXPECT_TRUE(id.has_value());
    return {*id, uuid.text(), uuid.short_text()};
  }
  Added add_video(std::string name, catalog::Privacy privacy = catalog::Privacy::everyone,
                  std::string_view username = "root") {
    return add_video(attributes(std::move(name), privacy), username);
  }

  /// A finished playlist with one rendition, pictures and a storyboard; nothing is stored.
  void add_files(const Added& video) {
    const auto done = database->write_blocking([&](db::Session& session) -> Result<> {
      const auto file = [&](const std::string& name) {
        return session.insert(
            "insert into media_file (video_id, kind, name, content_type, size, sha256,"
            " created_at) values (:video, 1, :name, 'x/y', 895373, '00', :now) returning id",
            {video.id, name, clock.now()});
      };
      const auto media = file(video.uuid + "-480-fragmented.mp4");
      const auto playlist = file(video.uuid + "-480.m3u8");
      session.execute(
          "insert into rendition (video_id, height, width, pixel_height, fps, codecs, bandwidth,"
          " average_bandwidth, has_audio, has_video, file_id, playlist_file_id, created_at)"
          " values (:video, 480, 640, 480, 25, 'avc1', 1, 1, 1, 1, :file, :playlist, :now)",
          {video.id, media, playlist, clock.now()});
      session.execute(
          "insert into streaming_playlist (video_id, master_file_id, segments_sha256_file_id,"
          " created_at, updated_at) values (:video, :master, :hashes, :created, :updated)",
          {video.id, file(video.uuid + "-master.m3u8"), file(video.uuid + "-segments-sha256.json"),
           clock.now(), clock.now()});
      for (const int kind : {1, 2}) {
        session.execute(
            "insert into thumbnail (video_id, kind, file_id, automatic)"
            " values (:video, :kind, :file, 1)",
            {video.id, kind, file(video.uuid + "-" + std::to_string(kind) + ".jpg")});
      }
      session.execute(
          "insert into storyboard (video_id, file_id, total_width, total_height, sprite_width,"
          " sprite_height, sprite_duration) values (:video, :file, 1152, 288, 192, 144, 1)",
          {video.id, file(video.uuid + "-board.jpg")});
      return {};
    });
    EXPECT_TRUE(done.has_value());
    context().responses.clear();
  }

  /// One part of a form.
  struct Part {
    std::string name;
    std::string value;
    std::string filename{};
    std::string content_type{};
  };
  ApiAnswer send_form(net::Method method, std::string_view target, const std::vector<Part>& parts,
                      std::string_view token,
                      std::vector<std::pair<std::string, std::string>> headers = {}) {
    with_services();
    std::string body;
    for (const Part& part : parts) {
      body += "--b0undary\r\nContent-Disposition: form-data; name=\"" + part.name + "\"";
      if (!part.filename.empty()) body += "; filename=\"" + part.filename + "\"";
      if (!part.content_type.empty()) body += "\r\nContent-Type: " + part.content_type;
      body += "\r\n\r\n" + part.value + "\r\n";
    }
    body += "--b0undary--\r\n";
    return request(method, target,
                   {.token = std::string(token),
                    .body = std::move(body),
                    .content_type = "multipart/form-data; boundary=b0undary",
                    .headers = std::move(headers)});
  }
  /// Bytes that begin like an MP4 file.
  static std::string clip(std::size_t size = 600'725) {
    std::string bytes(
        "\0\0\0\x20"
        "ftypisom\0\0\2\0isomiso2avc1mp41\0\0\0\x08"
        "free",
        40);
    SeededRandom noise(size);
    std::string rest(size - bytes.size(), '\0');
    noise.fill(std::as_writable_bytes(std::span(rest)));
    return bytes + rest;
  }
  static std::string jpeg() { return std::string("\xff\xd8\xff\xe0\0\x10JFIF", 10) + "picture"; }

  std::int64_t count(const std::string& sql) {
    return database
        ->read_blocking([&](db::Session& session) -> Result<std::int64_t> {
          return session.query_one(sql)->integer(0);
        })
        .value_or(-1);
  }
  /// All bytes of an object.
  std::string object(std::string key) {
    std::string bytes;
    runtime_for_objects.run_until_done(read_object(std::move(key), bytes));
    return bytes;
  }

  /// Status, shape and words as a real PeerTube answered.
  void expect_as_recorded(const ApiAnswer& answer, std::string_view name,
                          const std::vector<std::string>& ignore = {}) {
    const auto recorded = recording(name);
    EXPECT_EQ(answer.status, recorded.status) << name << ": " << answer.text;
    if (!recorded.body.is_object()) {
      EXPECT_EQ(answer.text, "") << name;
      return;
    }
    const auto ours = answer.json();
    EXPECT_THAT(shape_differences(recorded.body, ours, ignore), testing::IsEmpty())
        << name << ": " << answer.text;
    for (const char* words : {"detail", "code", "type", "title"}) {
      const auto* said = recorded.body.as_object().if_contains(words);
      if (said == nullptr || recorded.status < 400 ||
          std::ranges::find(ignore, words) != ignore.end())
        continue;
      const auto* own = ours.as_object().if_contains(words);
      EXPECT_TRUE(own != nullptr && *own == *said) << name << " " << words << ": " << answer.text;
    }
  }

  static std::vector<std::string> names(const ApiAnswer& answer) {
    std::vector<std::string> out;
    const auto json = answer.json();
    for (const auto& video : json.at("data").as_array())
      out.emplace_back(video.at("name").as_string());
    return out;
  }

  io::Task<> read_object(std::string key, std::string& out) {
    const auto reader = co_await store.open(std::move(key));
    EXPECT_TRUE(reader.has_value());
    if (!reader) co_return;
    out.resize((*reader)->size());
    const auto got = co_await (*reader)->read_at(0, std::as_writable_bytes(std::span(out)));
    EXPECT_EQ(got.value_or(0), out.size());
  }

  TemporaryDirectory folder;
  io::PosixFileSystem files;
  io::Offload disk{"disk", 2, 64};
  io::Offload bulk{"bulk", 1, 64};
  blob::MemoryStore store{"local", clock};
  storage::UploadLimits upload_limits;
  storage::LocalUploadBytes upload_bytes{folder.path(), files, disk};
  storage::UploadStaging staging{upload_bytes, *database, random, api::make_quota_check(clock),
                                 upload_limits};
  io::Runtime runtime_for_objects{1};
  api::VideoServices services;
  std::vector<Uuid> forgotten;
};

}  // namespace shoal::tests
