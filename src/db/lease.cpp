#include "db/lease.h"

namespace shoal::db {

std::optional<Lease> acquire_lease(Session& session, std::string_view name, std::string_view owner,
                                   Milliseconds duration) {
  const UtcTime now = session.now();
  const UtcTime expires = now + duration;
  // The row stays when a lease is given back, so that its fence never repeats.
  const auto row = session.query_one(
      "insert into lease (name, owner, fence, expires_at) values (:name, :owner, 1, :expires)"
      " on conflict (name) do update set"
      "  fence = case when lease.owner = excluded.owner and lease.expires_at > :now"
      "    then lease.fence else lease.fence + 1 end,"
      "  owner = excluded.owner, expires_at = excluded.expires_at"
      " where lease.expires_at <= :now or lease.owner = excluded.owner"
      " returning fence",
      {name, owner, expires, now});
  if (!row) return std::nullopt;
  return Lease{std::string(name), std::string(owner), row->integer(0), expires};
}

std::optional<Lease> take_over_lease(Session& session, std::string_view name,
                                     std::string_view owner, Milliseconds duration) {
  const auto held = acquire_lease(session, name, owner, duration);
  if (!held) return std::nullopt;
  release_lease(session, *held);
  return acquire_lease(session, name, owner, duration);
}

Result<> renew_lease(Session& session, const Lease& lease, Milliseconds duration) {
  const auto held = session.execute(
      "update lease set expires_at = :expires where name = :name and owner = :owner"
      " and fence = :fence",
      {session.now() + duration, lease.name, lease.owner, lease.fence});
  if (held == 0) return fail(ErrorCode::conflict, "the lease on " + lease.name + " was lost");
  return {};
}

Result<> check_lease(Session& session, const Lease& lease) {
  // The update also locks the row: nobody takes the lease over before this transaction ends.
  const auto held = session.execute(
      "update lease set owner = owner where name = :name and owner = :owner and fence = :fence"
      " and expires_at > :now",
      {lease.name, lease.owner, lease.fence, session.now()});
  if (held == 0) return fail(ErrorCode::conflict, "the lease on " + lease.name + " was lost");
  return {};
}

void release_lease(Session& session, const Lease& lease) {
  session.execute(
      "update lease set expires_at = 0 where name = :name and owner = :owner and fence = :fence",
      {lease.name, lease.owner, lease.fence});
}

}  // namespace shoal::db
