#include "storage/trash.h"

#include <set>
#include <string>
#include <vector>

#include "base/log.h"
#include "storage/files.h"
#include "storage/uploads/upload_rows.h"

namespace shoal::storage {
namespace {

constexpr std::chrono::hours k_put_off{1};
/// How long a round may work on what it took; after a crash another takes it up.
constexpr std::chrono::minutes k_claim{10};

struct Item {
  std::int64_t id = 0;
  std::string store;
  std::string object_key;
  bool was_exposed = false;
};

struct Claimed {
  std::vector<Item> items;
  bool more = false;
};

/// From here on nobody can announce or record these objects, until their rows are settled.
Result<Claimed> claim_due_items(db::Session& session, UtcTime now, std::size_t limit) {
  const db::Rows rows = session.query(
      "update object_trash set deleting = 1, due_at = :until where due_at <= :now and id in "
      "(select id from object_trash where due_at <= :now and not exists (select 1 from store s "
      "where s.name = object_trash.store and s.hold is not null) "
      "order by due_at, id limit :limit) "
      "returning id, store, object_key, exposure",
      {now + k_claim, now, limit});
  Claimed claimed{.items = {}, .more = rows.size() == limit};
  for (const db::Row& row : rows) {
    // An object that is a copy of something again is no garbage, whatever was thought of it before.
    const bool placed =
        session
            .query_one("select 1 from placement where store = :store and object_key = :key",
                       {row.text(1), row.text(2)})
            .has_value();
    if (placed) {
      session.execute("delete from object_trash where id = :id", {row.integer(0)});
    } else if (is_upload_part(session, row.text(1), row.text(2))) {
      // Announced as long as it is one.
      session.execute("update object_trash set deleting = 0, due_at = :later where id = :id",
                      {now + k_unrecorded_for, row.integer(0)});
    } else {
      claimed.items.push_back({row.integer(0), row.text(1), row.text(2), row.integer(3) > 0});
    }
  }
  return claimed;
}

struct Settled {
  std::vector<std::int64_t> gone;
  std::vector<std::int64_t> put_off;
  std::set<std::string> away;  ///< stores
};

Result<> settle_items(db::Session& session, const Settled& settled, UtcTime now) {
  for (const std::int64_t id : settled.gone)
    session.execute("delete from object_trash where id = :id", {id});
  for (const std::int64_t id : settled.put_off)
    session.execute("update object_trash set deleting = 0, due_at = :later where id = :id",
                    {now + k_put_off, id});
  for (const std::string& store : settled.away) {
    // All of them at once: a large store that is away costs one statement, not round after round.
    session.execute(
        "update object_trash set due_at = :later where store = :store and due_at <= :now",
        {now + k_put_off, store, now});
  }
  return {};
}

}  // namespace

void release_trash(db::Session& session) {
  session.execute("update object_trash set deleting = 0, due_at = 0 where deleting = 1");
}

io::Task<Result<TrashRound>> collect_trash(db::Database& database, StoreLookup stores, UtcTime now,
                                           std::size_t limit, PurgeHook purge) {
  CO_TRY(const Claimed claimed, co_await database.write([now, limit](db::Session& session) {
    return claim_due_items(session, now, limit);
  }));
  if (claimed.items.empty()) co_return TrashRound{0, claimed.more};
  Settled settled;
  for (const Item& item : claimed.items) {
    blob::BlobStore* store = stores(item.store);
    if (store == nullptr) {
      settled.put_off.push_back(item.id);
      settled.away.insert(item.store);
      continue;
    }
    auto removed = co_await store->remove(item.object_key);
    if (removed && item.was_exposed && purge) removed = co_await purge(item.store, item.object_key);
    (removed ? settled.gone : settled.put_off).push_back(item.id);
    if (!removed) {
      log::warn(
          "an object in the trash was not deleted, or a cache not told so",
          {{"store", item.store}, {"key", item.object_key}, {"error", removed.error().message}});
    }
  }
  const TrashRound round{settled.gone.size(), claimed.more};
  CO_TRY_VOID(co_await database.write([settled = std::move(settled), now](db::Session& session) {
    return settle_items(session, settled, now);
  }));
  co_return round;
}

}  // namespace shoal::storage
