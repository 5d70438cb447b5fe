#include "storage/piece_maker.h"

#include "base/text.h"
#include "storage/files.h"
#include "storage/moves/file_mover.h"
#include "storage/read_through.h"

namespace shoal::storage {
namespace {

/// What failed for good is not worth a whole read at each question.
constexpr std::chrono::hours k_ask_again_after{1};

class Intake {
 public:
  explicit Intake(std::uint64_t size) : pieces_(size) {}
  Result<> take(std::span<const std::byte> bytes) {
    whole_.update(bytes);
    pieces_.update(bytes);
    return {};
  }
  std::string sha256() { return to_hex(whole_.finish()); }
  Pieces finish() { return pieces_.finish(); }

 private:
  Sha256 whole_;
  PieceHasher pieces_;
};

}  // namespace

io::Task<Result<Pieces>> hash_pieces(blob::BlobStore& store, std::string object_key,
                                     std::uint64_t size, std::string sha256, io::Offload& offload) {
  CO_TRY(std::shared_ptr<blob::ObjectReader> reader, co_await store.open(object_key));
  const bool is_whole = reader->size() == size;
  const auto intake = std::make_shared<Intake>(size);
  if (is_whole) {
    CO_TRY_VOID(co_await read_through(std::move(reader), intake, offload));
  }
  if (!is_whole || intake->sha256() != sha256) {
    co_return fail(ErrorCode::corrupt, fmt::format("{} in store {} is not what was recorded",
                                                   object_key, store.name()));
  }
  co_return intake->finish();
}

void ask_for_pieces(db::Session& session, FileId file, UtcTime now) {
  const auto asked = session.query_one(
      "select asked_at, (select count(*) from job j where j.id = p.job_id) from file_pieces p "
      "where file_id = :file",
      {file});
  const bool is_fresh = asked && !asked->is_null(0) && asked->time(0) + k_ask_again_after > now;
  if (is_fresh || (asked && asked->integer(1) > 0)) return;
  jobs::NewJob job;
  job.kind = k_hash_pieces;
  job.payload = std::to_string(file.value);
  job.priority = k_move_priority;
  const JobId id = jobs::enqueue(session, job);
  session.execute(
      "insert into file_pieces (file_id, job_id, asked_at) values (:file, :job, :now) "
      "on conflict (file_id) do update set job_id = excluded.job_id, asked_at = excluded.asked_at",
      {file, id, now});
}

void PieceMaker::register_handlers(jobs::Runner& runner) {
  jobs::JobHandler handler;
  handler.kind = k_hash_pieces;
  handler.run = [this](const jobs::LeasedJob& job, jobs::JobContext&) { return run(job); };
  runner.handle(std::move(handler));
}

std::optional<PieceMaker::Look> PieceMaker::look(db::Session& session, FileId file) {
  const auto row =
      session.query_one("select size, sha256 from media_file where id = :file", {file});
  if (!row || find_pieces(session, file)) return std::nullopt;
  Look found{static_cast<std::uint64_t>(row->integer(0)), row->text(1), {}};
  // Those on this machine cost nobody anything.
  for (const db::Row& copy :
       session.query("select store, object_key from placement where file_id = :file and state = 2 "
                     "order by case when store = 'local' then 0 else 1 end, id",
                     {file}))
    found.copies.push_back({copy.text(0), copy.text(1)});
  return found;
}

io::Task<Result<Pieces>> PieceMaker::make(Look file) {
  Error last{ErrorCode::not_found, "the file has no copy"};
  for (const Copy& copy : file.copies) {
    blob::BlobStore* const store = services_.stores(copy.store);
    Result<Pieces> made = fail(ErrorCode::unavailable, fmt::format("store {} is away", copy.store));
    if (store != nullptr) {
      made =
          co_await hash_pieces(*store, copy.object_key, file.size, file.sha256, services_.offload);
    }
    if (made) co_return made;
    // It is worth waiting for a store that may come back.
    if (last.code != ErrorCode::unavailable) last = made.error();
  }
  co_return std::unexpected(last);
}

io::Task<Result<>> PieceMaker::run(const jobs::LeasedJob& job) {
  const auto number = parse_int(job.payload);
  if (!number) co_return fail(ErrorCode::corrupt, "the payload names no file");
  const FileId file{*number};
  CO_TRY(auto found, co_await services_.database.read(
                         [file](db::Session& session) -> Result<std::optional<Look>> {
                           return look(session, file);
                         }));
  if (!found) co_return Result<>{};
  CO_TRY(Pieces pieces, co_await make(*std::move(found)));
  co_return co_await services_.database.write(
      [job, file, pieces = std::move(pieces)](db::Session& session) -> Result<> {
        TRY_VOID(jobs::check_fence(session, job));
        // Locked first, as by whoever deletes the file.
        const bool is_there =
            session.execute("update media_file set size = size where id = :file", {file}) > 0;
        if (is_there) record_pieces(session, file, pieces);
        return jobs::complete(session, job);
      });
}

}  // namespace shoal::storage
