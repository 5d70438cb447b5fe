#include "storage/checks/file_repairer.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "storage/checks/store_verifier.h"
#include "storage/exposure/exposure_rows.h"
#include "storage/moves/file_mover.h"

namespace shoal::storage {

namespace json = boost::json;

std::string write_repair(const FileRepair& repair) {
  return json::serialize(json::object{{"file", repair.file.value}, {"store", repair.store}});
}

Result<FileRepair> parse_repair(std::string_view text) {
  boost::system::error_code error;
  const json::value value = json::parse(text, error);
  const auto* object = error ? nullptr : value.if_object();
  const auto* file = object != nullptr ? object->if_contains("file") : nullptr;
  const auto* store = object != nullptr ? object->if_contains("store") : nullptr;
  if (file == nullptr || !file->is_int64() || store == nullptr || !store->is_string())
    return fail(ErrorCode::corrupt, "the payload of a repair names no file and store");
  return FileRepair{FileId{file->get_int64()}, std::string(store->get_string())};
}

JobId enqueue_repair(db::Session& session, const FileRepair& repair) {
  jobs::NewJob job;
  job.kind = k_repair_file;
  job.payload = write_repair(repair);
  job.priority = k_move_priority;
  return jobs::enqueue(session, job);
}

FileRepairer::FileRepairer(FileRepairerConfig config, Services services)
    : config_(std::move(config)),
      services_(std::move(services)),
      scratch_(config_.scratch, config_.scratch_limit, services_.files),
      copier_({services_.database, services_.stores, services_.files, services_.offload,
               services_.clock, scratch_, services_.exposes}) {}

void FileRepairer::register_handlers(jobs::Runner& runner) {
  jobs::JobHandler handler;
  handler.kind = k_repair_file;
  handler.concurrency = config_.concurrency;
  handler.run = [this](Job job, jobs::JobContext& context) { return run(job, context); };
  runner.handle(std::move(handler));
}

FileRepairer::Look FileRepairer::look(db::Session& session, const FileRepair& repair) {
  Look found;
  const auto file = session.query_one(
      "select f.name, f.content_type, f.size, f.sha256, v.uuid from media_file f "
      "left join video v on v.id = f.video_id where f.id = :file",
      {repair.file});
  if (!file) return found;
  found.file = RecordedFile{.id = repair.file,
                            .name = file->text(0),
                            .content_type = file->text(1),
                            .size = static_cast<std::uint64_t>(file->integer(2)),
                            .sha256 = file->text(3),
                            .video = {}};
  if (!file->is_null(4)) found.file->video = file->uuid(4);
  for (const db::Row& row : session.query(
           "select id, store, object_key, state, problem from placement where file_id = :file "
           "and state in (2, 4) order by id",
           {repair.file})) {
    const bool is_good = row.integer(3) == 2 && row.is_null(4);
    const bool is_here = row.text(1) == repair.store;
    found.has_bad = found.has_bad || (is_here && !is_good);
    found.has_good = found.has_good || (is_here && is_good);
    if (!is_good || is_here) continue;
    found.sources.push_back({.id = row.id<PlacementId>(0),
                             .file = *found.file,
                             .store = row.text(1),
                             .object_key = row.text(2)});
  }
  return found;
}

io::Task<Result<bool>> FileRepairer::blame(RecordedCopy source) {
  blob::BlobStore* const store = services_.stores(source.store);
  if (store == nullptr) co_return false;
  CO_TRY(std::optional<std::string> problem,
         co_await look_at_copy(*store, source, VerifyDepth::content, services_.offload));
  if (!problem) co_return false;
  co_return co_await services_.database.write(
      [source = std::move(source), problem = *std::move(problem),
       now = services_.clock.now()](db::Session& session) -> Result<bool> {
        record_bad(session, source, problem, now);
        return true;
      });
}

io::Task<Result<std::string>> FileRepairer::copy(Job job, jobs::JobContext& context,
                                                 FileRepair repair, Look start) {
  Error last{ErrorCode::corrupt,
             fmt::format("{} has no good copy: bring one back into a store and verify it",
                         start.file->name)};
  for (const RecordedCopy& source : start.sources) {
    CopyOrder order{
        .job = job,
        .file = *start.file,
        .from = source.store,
        .from_key = source.object_key,
        .to = repair.store,
        .pace = {},
        .on_progress = [&context, size = start.file->size](std::uint64_t read) {
          context.report_progress(100.0 * static_cast<double>(read) / static_cast<double>(size));
        }};
    auto copied = co_await copier_.copy(std::move(order));
    if (copied) co_return copied;
    // Whatever went wrong: a copy that can be read and is wrong is no source from now on, and
    // where another one is merely away, it is worth waiting for.
    bool is_bad = false;
    if (copied.error().code == ErrorCode::corrupt) {
      CO_TRY(is_bad, co_await blame(source));
    }
    if (!is_bad) last = copied.error();
  }
  co_return std::unexpected(last);
}

Result<bool> FileRepairer::switch_copies(db::Session& session, const FileRepair& repair,
                                         const std::optional<std::string>& new_key, UtcTime due,
                                         UtcTime now) {
  // Locked first, as by whoever deletes or moves the file.
  session.execute("update media_file set size = size where id = :file", {repair.file});
  const Look found = look(session, repair);
  const bool is_needed = found.file && found.has_bad;
  if (new_key && (!is_needed || found.has_good))
    give_up_object(session, repair.store, *new_key, now);
  if (!is_needed) return false;
  if (!found.has_good) {
    if (!new_key) {
      return fail(ErrorCode::unavailable,
                  fmt::format("the good copy in {} is gone that was there just now", repair.store));
    }
    TRY_VOID(place_announced(session, repair.file, repair.store, *new_key, now));
  }
  trash_copies(session, repair.file, repair.store, WhichCopies::bad, due);
  // The source may have been found bad since it was read.
  session.execute(
      "update placement set state = 4 where file_id = :file and state = 2 and problem is not null",
      {repair.file});
  return true;
}

io::Task<Result<>> FileRepairer::finish(Job job, FileRepair repair,
                                        std::optional<std::string> new_key,
                                        std::optional<Uuid> video) {
  const UtcTime now = services_.clock.now();
  CO_TRY(const bool repaired,
         co_await services_.database.write(
             [this, job, repair = std::move(repair), new_key = std::move(new_key), now,
              due = now + config_.bad_copy_kept_for](db::Session& session) -> Result<bool> {
               TRY_VOID(jobs::check_fence(session, job));
               TRY(const bool switched, switch_copies(session, repair, new_key, due, now));
               if (switched && services_.exposes && services_.exposes(repair.store))
                 settle_exposure_of_file_later(session, repair.file);
               TRY_VOID(jobs::complete(session, job));
               return switched;
             }));
  if (repaired && video && services_.on_repaired) services_.on_repaired(*video);
  co_return Result<>{};
}

io::Task<Result<>> FileRepairer::run(Job job, jobs::JobContext& context) {
  CO_TRY(const FileRepair repair, parse_repair(job.payload));
  const auto look_now = [this, repair] {
    return services_.database.read(
        [repair](db::Session& session) -> Result<Look> { return look(session, repair); });
  };
  CO_TRY(const Look start, co_await look_now());
  std::optional<Uuid> video = start.file ? start.file->video : std::nullopt;
  if (!start.file || !start.has_bad || start.has_good)
    co_return co_await finish(job, repair, std::nullopt, video);
  auto copied = co_await copy(job, context, repair, start);
  if (copied) co_return co_await finish(job, repair, *std::move(copied), video);
  // A deletion, a move or another repair may have been faster.
  CO_TRY(const Look now, co_await look_now());
  if (!now.file || !now.has_bad || now.has_good)
    co_return co_await finish(job, repair, std::nullopt, video);
  co_return std::unexpected(copied.error());
}

}  // namespace shoal::storage
