#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/metrics.h"
#include "blob/local_store.h"
#include "db/database.h"
#include "io/runtime.h"
#include "jobs/queue.h"
#include "storage/uploads/local_upload_bytes.h"
#include "storage/uploads/upload_staging.h"
#include "tests/support/manual_clock.h"
#include "tests/support/sqlite_volatile.h"
#include "tests/support/upload_fixture.h"
#include "tests/support/volatile_file_system.h"

namespace shoal::faults {

/// The storing half of `shoal serve` on a VolatileFileSystem: database, store and staging, put
/// together as the program does, with steps as the API and the workers take them. One thread.
class SimulatedBox {
 public:
  explicit SimulatedBox(std::uint64_t seed);

  /// As the program starts; and ends, however. Both may be repeated.
  Result<> start();
  void stop();

  Result<storage::Upload> announce(std::uint64_t total);
  Result<storage::Upload> append(const storage::Upload& upload, std::uint64_t from,
                                 std::uint64_t length, bool breaks);
  /// A complete upload becomes a video with its original and the jobs that follow.
  Result<VideoId> publish(const storage::Upload& upload);
  /// Leases and runs one job. False when there is none.
  Result<bool> run_job(const std::string& worker);
  Result<> delete_video(VideoId video);
  Result<std::size_t> collect();

  Result<db::Rows> query(const std::string& sql, const std::vector<db::Value>& arguments = {});
  Result<storage::Upload> find(const std::string& upload_id);
  std::optional<std::string> object(const std::string& key);
  Result<std::vector<std::string>> objects();
  std::optional<std::string> staged(const std::string& upload_id);

  /// The content that the object of a file must have.
  static std::string expected(const std::string& name, std::int64_t size);
  static std::string original_of(const std::string& upload_id) { return upload_id + ".mp4"; }

  tests::VolatileFileSystem files;
  std::shared_ptr<tests::ManualClock> clock = std::make_shared<tests::ManualClock>();

 private:
  template <class T>
  T wait(io::Task<T> task) {
    return tests::wait(runtime_, std::move(task));
  }
  Result<> finish_job(const jobs::LeasedJob& job);
  Result<> announce_object(const std::string& key);

  tests::SqliteOnFileSystem sqlite_{files};
  Metrics metrics_;
  io::Offload disk_{"disk", 1, 16};
  SeededRandom random_;
  io::Runtime runtime_{1};
  tests::Uploader owner_;
  std::unique_ptr<db::Database> database_;
  std::unique_ptr<blob::LocalStore> store_;
  storage::LocalUploadBytes upload_bytes_{files.root() / "uploads", files, disk_, 0};
  std::unique_ptr<storage::UploadStaging> staging_;
};

}  // namespace shoal::faults
