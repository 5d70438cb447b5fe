#include "storage/trash.h"

#include <string>
#include <vector>

#include "base/log.h"

namespace shoal::storage {
namespace {

struct Item {
  std::int64_t id = 0;
  std::string store;
  std::string object_key;
};

Result<std::vector<Item>> due_items(db::Session& session, UtcTime now, std::size_t limit) {
  // An object that is a copy of something again is no garbage, whatever was thought of it before.
  session.execute(
      "delete from object_trash where due_at <= :now and exists (select 1 from placement p "
      "where p.store = object_trash.store and p.object_key = object_trash.object_key)",
      {now});
  std::vector<Item> items;
  for (const db::Row& row :
       session.query("select id, store, object_key from object_trash where due_at <= :now "
                     "order by due_at, id limit :limit",
                     {now, limit}))
    items.push_back({row.integer(0), row.text(1), row.text(2)});
  return items;
}

}  // namespace

io::Task<Result<std::size_t>> collect_trash(db::Database& database, StoreLookup stores, UtcTime now,
                                            std::size_t limit) {
  CO_TRY(const std::vector<Item> items, co_await database.write([now, limit](db::Session& session) {
    return due_items(session, now, limit);
  }));
  std::vector<std::int64_t> gone;
  for (const Item& item : items) {
    blob::BlobStore* store = stores(item.store);
    if (store == nullptr) continue;
    const auto removed = co_await store->remove(item.object_key);
    if (removed) {
      gone.push_back(item.id);
    } else {
      log::warn(
          "an object in the trash was not deleted",
          {{"store", item.store}, {"key", item.object_key}, {"error", removed.error().message}});
    }
  }
  if (gone.empty()) co_return std::size_t{0};
  const std::size_t count = gone.size();
  CO_TRY_VOID(co_await database.write([gone = std::move(gone)](db::Session& session) -> Result<> {
    for (const std::int64_t id : gone)
      session.execute("delete from object_trash where id = :id", {id});
    return {};
  }));
  co_return count;
}

}  // namespace shoal::storage
