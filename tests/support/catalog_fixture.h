#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "catalog/users.h"
#include "catalog/videos.h"
#include "tests/support/database_fixture.h"

namespace shoal::catalog {

/// A catalogue with one user, on both engines.
class CatalogTest : public tests::DatabaseTest {
 protected:
  template <class Work>
  auto write(Work work) {
    auto result = database->write_blocking(std::move(work));
    SHOAL_CHECK(result.has_value());
    if constexpr (!std::is_void_v<typename decltype(result)::value_type>) return *std::move(result);
  }
  /// `work` returns a plain value here.
  template <class Work>
  auto read(Work work) {
    using Value = std::invoke_result_t<Work&, db::Session&>;
    auto result = database->read_blocking(
        [&](db::Session& session) -> Result<Value> { return work(session); });
    SHOAL_CHECK(result.has_value());
    return *std::move(result);
  }

  void SetUp() override { alice = add_user("alice"); }

  CreatedUser add_user(const std::string& name) {
    return write([&](db::Session& session) {
      NewUser user;
      user.username = name;
      user.email = name + "@example.com";
      user.password_hash = "x";
      return create_user(session, user, "http://localhost:9000", now);
    });
  }

  /// A published, public video of alice.
  VideoId add_video(const std::string& name, VideoAttributes attributes = public_video(),
                    VideoState state = VideoState::published) {
    attributes.name = name;
    return write([&](db::Session& session) -> Result<VideoId> {
      return create_video(session,
                          {.uuid = Uuid::generate(random),
                           .channel = alice.channel,
                           .attributes = attributes,
                           .source_filename = "clip.mp4",
                           .source_size = 1000,
                           .state = state},
                          now);
    });
  }
  static VideoAttributes public_video() {
    VideoAttributes attributes;
    attributes.privacy = Privacy::everyone;
    return attributes;
  }

  /// A row of a file that no store has.
  FileId add_file(const std::string& name, std::optional<VideoId> video = {}) {
    return write([&](db::Session& session) -> Result<FileId> {
      return FileId{session.insert(
          "insert into media_file (video_id, kind, name, content_type, size, sha256, created_at)"
          " values (:video, 1, :name, 'video/mp4', 10, '00', :now) returning id",
          {video, name, now})};
    });
  }

  SeededRandom random{7};
  UtcTime now = from_millis(1'750'000'000'000);
  CreatedUser alice;
};

}  // namespace shoal::catalog
