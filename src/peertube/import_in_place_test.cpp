// Imports whose files stay in the bucket of the old instance.
#include "blob/s3/address.h"
#include "blob/s3/upload.h"
#include "blob/s3_store.h"
#include "catalog/users.h"
#include "storage/store_registry.h"
#include "storage/trash.h"
#include "tests/support/import_fixture.h"
#include "tests/support/s3_server.h"

namespace shoal::peertube {
namespace {

using testing::HasSubstr;

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
    return wait(
        storage::attach_registered_store(*database, *remote, "instance", random, system_clock));
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
  const auto accepted = wait(storage::accept_store(*database, *remote, "instance", system_clock));
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
  ASSERT_TRUE(wait(storage::accept_store(*database, *remote, "instance", system_clock)));
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
  ASSERT_TRUE(wait(storage::accept_store(*database, *remote, "instance", system_clock)));
  const auto other = wait(storage::accept_store(*database, *remote, "another", system_clock));
  ASSERT_FALSE(other);
  EXPECT_THAT(other.error().message, HasSubstr("another Shoal instance"));
}

}  // namespace
}  // namespace shoal::peertube
