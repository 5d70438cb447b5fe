#include "storage/exposure/exposure_keeper.h"

#include <fmt/format.h>

#include "base/log.h"
#include "base/text.h"
#include "storage/files.h"

namespace shoal::storage {
namespace {

constexpr std::size_t k_page = 100;
constexpr std::size_t k_store_page = 500;
/// Of what becomes open: those who are reading it by an URL that was signed read on.
constexpr std::chrono::hours k_signed_urls_end{1};
/// After a job that failed for good: nothing that left the public is ever given up.
constexpr std::chrono::minutes k_again{10};

/// "hls/<uuid>/<random>/<name>": nobody who knows the old key knows the new one.
std::string new_key(const ExposedCopy& copy, const Uuid& video, Random& random) {
  const auto slash = copy.object_key.rfind('/');
  const std::string name =
      slash == std::string::npos ? copy.object_key : copy.object_key.substr(slash + 1);
  return fmt::format("hls/{}/{}/{}", video.text(), random.hex(16), name);
}

}  // namespace

void ExposureKeeper::register_handlers(jobs::Runner& runner) {
  jobs::JobHandler handler;
  handler.kind = k_settle_exposure;
  // Who leaves the public does not wait for a large copy of another.
  handler.concurrency = 2;
  handler.run = [this](Job job, jobs::JobContext&) { return run(job); };
  handler.on_failed = [this](db::Session& session, Job job, const Error& error) {
    log::error("objects are not as open, or not as closed, as their video yet",
               {{"video", job.payload}, {"reason", error.message}});
    jobs::NewJob again;
    again.kind = k_settle_exposure;
    again.payload = job.payload;
    again.run_after = services_.clock.now() + k_again;
    again.max_attempts = job.max_attempts;
    jobs::enqueue(session, again);
  };
  runner.handle(std::move(handler));
  jobs::JobHandler walker;
  walker.kind = k_settle_store;
  walker.concurrency = 1;
  walker.run = [this](Job job, jobs::JobContext&) { return run_store(job); };
  runner.handle(std::move(walker));
}

io::Task<Result<>> ExposureKeeper::run_store(Job job) {
  CO_TRY(const StoreCursor cursor, parse_store_cursor(job.payload));
  co_return co_await services_.database.write([job, cursor](db::Session& session) -> Result<> {
    TRY_VOID(jobs::check_fence(session, job));
    settle_store_on(session, cursor, k_store_page);
    return jobs::complete(session, job);
  });
}

io::Task<Result<>> ExposureKeeper::run(Job job) {
  const auto number = parse_int(job.payload);
  if (!number) co_return fail(ErrorCode::corrupt, "the payload of a job names no video");
  const VideoId video{*number};
  CO_TRY(const auto openness, co_await services_.database.read([video](db::Session& session) {
    return Result<std::optional<VideoOpenness>>(find_openness(session, video));
  }));
  Result<> settled;
  if (openness) settled = co_await settle_all(job, video, *openness);
  // Also when some store is away: what can go goes.
  if (!openness) {
    CO_TRY_VOID(co_await withdraw(video, Exposure::address));
  } else if (!openness->is_open_to_all) {
    CO_TRY_VOID(co_await withdraw(video, Exposure::signed_urls));
  }
  CO_TRY_VOID(settled);
  co_return co_await services_.database.write(
      [job](db::Session& session) { return jobs::complete(session, job); });
}

io::Task<Result<>> ExposureKeeper::settle_all(Job job, VideoId video, VideoOpenness openness) {
  Result<> outcome;
  bool changed = false;
  PlacementId after{};
  for (bool more = true; more;) {
    CO_TRY(const auto copies, co_await services_.database.read([video, after](db::Session& s) {
      return Result<std::vector<ExposedCopy>>(find_exposed_copies(s, video, after, k_page));
    }));
    more = copies.size() == k_page;
    for (const ExposedCopy& copy : copies) {
      after = copy.id;
      const auto done = co_await settle(job, video, copy, openness);
      if (done) {
        changed = changed || *done;
      } else if (done.error().code == ErrorCode::conflict) {
        co_return std::unexpected(done.error());
      } else {
        outcome = std::unexpected(done.error());
      }
    }
  }
  if (changed && services_.on_changed) services_.on_changed(openness.uuid);
  co_return outcome;
}

io::Task<Result<bool>> ExposureKeeper::settle(Job job, VideoId video, ExposedCopy copy,
                                              VideoOpenness openness) {
  const Exposure wanted =
      wanted_exposure(copy.kind, openness.is_open_to_all, services_.stores.exposure_in(copy.store));
  if (is_settled(copy.exposure, wanted)) co_return false;
  if (wanted == Exposure::signed_urls) {
    // The object stays what it is: only who holds a signature reads it.
    co_return co_await services_.database.write(
        [job, video, copy = std::move(copy), wanted](db::Session& session) -> Result<bool> {
          TRY_VOID(jobs::check_fence(session, job));
          return expose_copy(session, video, copy, wanted);
        });
  }
  co_return co_await replace(job, video, std::move(copy), openness, wanted);
}

io::Task<Result<bool>> ExposureKeeper::replace(Job job, VideoId video, ExposedCopy copy,
                                               VideoOpenness openness, Exposure wanted) {
  blob::BlobStore* const store = services_.stores.find(copy.store);
  if (store == nullptr)
    co_return fail(ErrorCode::unavailable, fmt::format("store {} is away", copy.store));
  const std::string key = new_key(copy, openness.uuid, services_.random);
  CO_TRY_VOID(
      co_await services_.database.write([job, store = copy.store, key, now = services_.clock.now()](
                                            db::Session& session) -> Result<> {
        TRY_VOID(jobs::check_fence(session, job));
        return announce_object(session, store, key, now);
      }));
  const auto copied = co_await store->copy(
      copy.object_key, key,
      {.content_type = copy.content_type, .is_public = wanted == Exposure::address});
  if (!copied && copied.error().code == ErrorCode::not_found) {
    // Moved or deleted meanwhile; or lost, and then there is nothing to hide. A repair finds it.
    log::warn("an object is not where it was, so it keeps its name",
              {{"store", copy.store}, {"key", copy.object_key}});
    co_return false;
  }
  CO_TRY_VOID(copied);
  const UtcTime now = services_.clock.now();
  const UtcTime old_due = wanted == Exposure::closed ? now : now + k_signed_urls_end;
  CO_TRY(const bool is_replaced,
         co_await services_.database.write(
             [job, video, copy, key, wanted, old_due, now](db::Session& session) -> Result<bool> {
               TRY_VOID(jobs::check_fence(session, job));
               return replace_object(session, video, copy, key, wanted, old_due, now);
             }));
  // Nobody was told of the new one, but it may be open to all.
  if (!is_replaced) (void)co_await services_.empty_trash();
  co_return is_replaced;
}

io::Task<Result<>> ExposureKeeper::withdraw(VideoId video, Exposure at_least) {
  CO_TRY_VOID(
      co_await services_.database.write([video, at_least](db::Session& session) -> Result<> {
        withdraw_trash(session, video, at_least);
        return {};
      }));
  CO_TRY_VOID(co_await services_.empty_trash());
  CO_TRY(const bool is_left, co_await services_.database.read([video, at_least](db::Session& s) {
    return Result<bool>(has_exposed_trash(s, video, at_least));
  }));
  if (is_left)
    co_return fail(ErrorCode::unavailable, "what anybody may know of is not deleted everywhere");
  co_return Result<>{};
}

}  // namespace shoal::storage
