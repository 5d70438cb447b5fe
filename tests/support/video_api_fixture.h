#pragma once

#include <gmock/gmock.h>

#include <string>
#include <string_view>
#include <vector>

#include "api/videos/services.h"
#include "catalog/videos.h"
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
      const auto file = [&](std::string name) {
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
      if (said == nullptr || recorded.status < 400) continue;
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

  api::VideoServices services;
  std::vector<Uuid> forgotten;
};

}  // namespace shoal::tests
