#include "tests/faults/simulated_box.h"

#include <fmt/format.h>

#include "storage/files.h"
#include "storage/trash.h"

namespace shoal::faults {

namespace {

constexpr Seconds k_lease{30};
const std::vector<std::string> k_kinds{"derive", "finish"};

storage::NewFile new_file(VideoId video, storage::FileKind kind, std::string name,
                          const std::string& bytes) {
  storage::NewFile file;
  file.video = video;
  file.kind = kind;
  file.name = std::move(name);
  file.content_type = "video/mp4";
  file.checksum = storage::checksum_of(bytes);
  return file;
}

/// The original's row and the jobs that follow, in the transaction that finishes the upload.
VideoId write_video(db::Session& session, const storage::Upload& upload) {
  const VideoId video{session.insert(
      "insert into video (uuid, channel_id, name, privacy, state, published_at, created_at,"
      " updated_at) values (:uuid, :channel, 'v', 1, 2, 1, 1, 1) returning id",
      {upload.upload_id, upload.channel})};
  const std::string name = SimulatedBox::original_of(upload.upload_id);
  storage::record_file(
      session,
      new_file(video, storage::FileKind::original, name, tests::bytes_of(0, *upload.total)),
      "local", name, session.now());
  jobs::NewJob job;
  job.video = video;
  job.kind = "derive";
  std::vector<JobId> derived;
  for (int i = 0; i < 2; ++i) {
    job.payload = fmt::format("{}-{}", upload.upload_id, i);
    derived.push_back(jobs::enqueue(session, job));
  }
  job.kind = "finish";
  job.payload = upload.upload_id + "-finish";
  job.after = derived;
  jobs::enqueue(session, job);
  return video;
}

}  // namespace

SimulatedBox::SimulatedBox(std::uint64_t seed) : random_(seed) {
  for (const char* folder : {"uploads", "media"}) {
    SHOAL_CHECK(files.create_directories(files.root() / folder).has_value());
  }
  SHOAL_CHECK(files.sync_directory(files.root()).has_value());
  SHOAL_CHECK(start().has_value());
  owner_ = tests::add_uploader(*database_, "owner");
}

Result<> SimulatedBox::start() {
  db::DatabaseConfig config;
  config.sqlite_path = (files.root() / "shoal.db").string();
  config.sqlite_vfs = sqlite_.name();
  config.readers = 1;
  config.busy_timeout = Milliseconds{100};
  config.clock = clock;
  TRY(database_, db::Database::open(config, metrics_));
  TRY(store_,
      blob::LocalStore::open("local", files.root() / "media", {"instance"}, files, disk_, random_));
  storage::UploadLimits limits;
  limits.acknowledge_every = 30'000;
  staging_ = std::make_unique<storage::UploadStaging>(
      upload_bytes_, *database_, random_,
      [](db::Session&, UserId, std::uint64_t) -> Result<> { return {}; }, limits);
  return {};
}

void SimulatedBox::stop() {
  staging_.reset();
  store_.reset();
  database_.reset();
}

Result<storage::Upload> SimulatedBox::announce(std::uint64_t total) {
  return wait(staging_->create(tests::announce(owner_, total)));
}

Result<storage::Upload> SimulatedBox::append(const storage::Upload& upload, std::uint64_t from,
                                             std::uint64_t length, bool breaks) {
  const std::string bytes = tests::bytes_of(from, breaks ? length / 2 : length);
  return wait(staging_->append(owner_.id, upload.upload_id, from, length, *upload.total,
                               breaks ? tests::pull_then_break(bytes) : tests::pull(bytes)));
}

Result<VideoId> SimulatedBox::publish(const storage::Upload& upload) {
  const std::string key = original_of(upload.upload_id);
  TRY_VOID(announce_object(key));
  TRY_VOID(wait(staging_->hand_over(upload, *store_, key)));
  return database_->write_blocking([&](db::Session& session) -> Result<VideoId> {
    const VideoId video = write_video(session, upload);
    TRY_VOID(storage::finish_upload(session, upload.id, video));
    return video;
  });
}

Result<bool> SimulatedBox::run_job(const std::string& worker) {
  const auto leased = database_->write_blocking(
      [&](db::Session& session) -> Result<std::optional<jobs::LeasedJob>> {
        return jobs::lease_next(session, worker, k_kinds, k_lease);
      });
  if (!leased) return std::unexpected(leased.error());
  if (!*leased) return false;
  const jobs::LeasedJob& job = **leased;
  const auto done = job.attempt > job.max_attempts
                        ? Result<>(fail(ErrorCode::corrupt, "its worker died too often"))
                        : finish_job(job);
  if (!done) {
    TRY_VOID(database_->write_blocking([&](db::Session& session) {
      return jobs::fail_attempt(session, job, done.error().message,
                                done.error().code == ErrorCode::corrupt);
    }));
  }
  return true;
}

/// The object first, under a key of this attempt alone; then its row, in the transaction that
/// completes the job.
Result<> SimulatedBox::finish_job(const jobs::LeasedJob& job) {
  const std::string key = fmt::format("derived/{}-{}", job.payload, job.fence);
  const std::string bytes = expected(job.payload, 0);
  TRY_VOID(announce_object(key));
  TRY_VOID(wait(store_->put_bytes(key, bytes, {})));
  // Where this fails nothing points to the object: its announcement stays, for the trash.
  return database_->write_blocking([&](db::Session& session) -> Result<> {
    TRY_VOID(jobs::complete(session, job));
    storage::record_file(session,
                         new_file(*job.video, storage::FileKind::rendition, job.payload, bytes),
                         "local", key, session.now());
    return {};
  });
}

Result<> SimulatedBox::announce_object(const std::string& key) {
  return database_->write_blocking([&](db::Session& session) {
    return storage::announce_object(session, "local", key, session.now());
  });
}

Result<> SimulatedBox::delete_video(VideoId video) {
  return database_->write_blocking([&](db::Session& session) -> Result<> {
    jobs::cancel_video(session, video, "the video was deleted");
    storage::trash_files(
        session, video, {storage::FileKind::original, storage::FileKind::rendition}, session.now());
    session.execute("delete from video where id = :id", {video});
    return {};
  });
}

Result<std::size_t> SimulatedBox::collect() {
  TRY(const storage::TrashRound trash,
      wait(storage::collect_trash(
          *database_, [this](std::string_view) { return store_.get(); }, clock->now() + Seconds{1},
          100)));
  TRY(const std::size_t stale, wait(staging_->collect(100)));
  return trash.deleted + stale;
}

Result<db::Rows> SimulatedBox::query(const std::string& sql,
                                     const std::vector<db::Value>& arguments) {
  return database_->read_blocking(
      [&](db::Session& session) -> Result<db::Rows> { return session.query(sql, arguments); });
}

Result<storage::Upload> SimulatedBox::find(const std::string& upload_id) {
  return wait(staging_->find(owner_.id, upload_id));
}

std::optional<std::string> SimulatedBox::object(const std::string& key) {
  auto whole = io::read_whole(files, files.root() / "media" / key, 1 << 24);
  if (!whole) return std::nullopt;
  return *std::move(whole);
}

Result<std::vector<std::string>> SimulatedBox::objects() {
  return wait(store_->list("", "", 100'000));
}

std::optional<std::string> SimulatedBox::staged(const std::string& upload_id) {
  auto whole = io::read_whole(files, files.root() / "uploads" / (upload_id + ".upload"), 1 << 24);
  if (!whole) return std::nullopt;
  return *std::move(whole);
}

std::string SimulatedBox::expected(const std::string& name, std::int64_t size) {
  if (name.ends_with(".mp4")) return tests::bytes_of(0, static_cast<std::uint64_t>(size));
  return "made by " + name + std::string(700, '.');
}

}  // namespace shoal::faults
