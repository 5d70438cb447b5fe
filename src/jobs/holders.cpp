#include "jobs/holders.h"

#include <fmt/format.h>

namespace shoal::jobs {
namespace {

constexpr const char* k_end_twin = "update job set twin = null";
/// The twin is the holder from now on, and may have a twin itself.
constexpr const char* k_promote_twin =
    "update job set worker = twin, fence = fence + 1, leased_at = twin_leased_at,"
    " lease_expires_at = twin_expires_at, twin = null, twin_leased_at = null";
constexpr const char* k_to_waiting =
    "update job set state = 1, worker = null, lease_expires_at = null";
/// A lease that ended without a word, before what is known of earlier attempts.
constexpr const char* k_died_note =
    ", last_error = substr('attempt ' || attempt || ' died with its worker ' || worker"
    " || coalesce('\n' || last_error, ''), 1, 4000)";

Error lost(JobId job) {
  return {ErrorCode::conflict,
          fmt::format("the lease on job {} was lost or the job cancelled", job.value)};
}

}  // namespace

Result<> claim(db::Session& session, LeaseKey key) {
  // An update, so that nobody takes it over before this transaction ends.
  const auto held = session.query_one(
      "update job set fence = fence where id = :id and state = 2 and fence = :fence"
      " returning case when twin is null then 0 else 1 end",
      {key.id, key.fence});
  if (held && held->integer(0) == 0) return {};
  if (held) {
    session.execute(std::string(k_end_twin) + " where id = :id", {key.id});
  } else if (session.execute(
                 std::string(k_promote_twin) +
                     " where id = :id and state = 2 and twin is not null and fence + 1 = :fence",
                 {key.id, key.fence}) == 0) {
    return std::unexpected(lost(key.id));
  }
  session.notify(k_cancelled_channel);
  return {};
}

Result<bool> leave_to_other(db::Session& session, LeaseKey key, Ending ending,
                            const std::optional<std::string>& error) {
  const auto row = session.query_one(
      "update job set fence = fence where id = :id and state = 2 and (fence = :fence"
      " or (twin is not null and fence + 1 = :fence)) returning fence,"
      " case when twin is null then 0 else 1 end",
      {key.id, key.fence});
  if (!row) return std::unexpected(lost(key.id));
  if (row->integer(1) == 0) return false;
  const char* const note = ", last_error = coalesce(:error, last_error)";
  if (row->integer(0) != key.fence) {
    session.execute(fmt::format("{}{} where id = :id", k_end_twin, note), {error, key.id});
    return true;
  }
  session.execute(
      fmt::format(
          "{}{}{} where id = :id", k_promote_twin, note,
          ending == Ending::released ? "" : ", attempt = attempt + 1, failures = failures + 1"),
      {error, key.id});
  return true;
}

std::int64_t end_leases(db::Session& session, const char* whose,
                        const std::vector<db::Value>& arguments, Ending ending) {
  const bool is_released = ending == Ending::released;
  const std::string first =
      fmt::format(fmt::runtime(whose), fmt::arg("holder", "worker"),
                  fmt::arg("expires", "lease_expires_at"), fmt::arg("fence", "fence"));
  const std::string twin =
      fmt::format(fmt::runtime(whose), fmt::arg("holder", "twin"),
                  fmt::arg("expires", "twin_expires_at"), fmt::arg("fence", "fence + 1"));
  // Workers on PostgreSQL pass over rows that somebody else changes.
  const char* const skip =
      session.engine() == db::Engine::postgresql ? " for update skip locked" : "";
  const auto change = [&](const std::string& update, std::string_view which) {
    return session.execute(
        fmt::format("{} where id in (select id from job where state = 2 and {}{})", update, which,
                    skip),
        arguments);
  };
  change(k_end_twin, "twin is not null and " + twin);
  const std::string note = ending == Ending::died ? k_died_note : "";
  change(k_promote_twin + note + (is_released ? "" : ", attempt = attempt + 1"),
         "twin is not null and " + first);
  return change(k_to_waiting + note + (is_released ? ", attempt = attempt - 1" : ""),
                "twin is null and " + first);
}

}  // namespace shoal::jobs
