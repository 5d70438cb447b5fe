#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "catalog/password.h"
#include "cli/backup.h"
#include "cli/doctor.h"
#include "cli/users.h"
#include "storage/files.h"
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

}  // namespace
}  // namespace shoal::cli
