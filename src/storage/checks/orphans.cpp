#include "storage/checks/orphans.h"

#include <fmt/format.h>

#include <set>

#include "storage/store_ledger.h"

namespace shoal::storage {
namespace {

constexpr std::size_t k_page = 1000;
constexpr std::size_t k_asked_at_once = 256;

std::set<std::string> named_of(db::Session& session, const std::string& store,
                               std::span<const std::string> keys) {
  std::set<std::string> named;
  for (const char* table : {"placement", "object_trash"}) {
    std::vector<db::Value> arguments{store};
    arguments.insert(arguments.end(), keys.begin(), keys.end());
    db::pad_list(arguments, keys.size());
    for (const db::Row& row :
         session.query(fmt::format("select object_key from {} where store = :store and "
                                   "object_key in {}",
                                   table, db::in_list(keys.size())),
                       arguments)) {
      named.insert(row.text(0));
    }
  }
  return named;
}

/// Those that no row names.
std::vector<std::string> unnamed_of(db::Session& session, const std::string& store,
                                    std::span<const std::string> keys) {
  std::vector<std::string> unnamed;
  while (!keys.empty()) {
    const auto some = keys.first(std::min(k_asked_at_once, keys.size()));
    const std::set<std::string> named = named_of(session, store, some);
    std::ranges::copy_if(some, std::back_inserter(unnamed),
                         [&](const std::string& key) { return !named.contains(key); });
    keys = keys.subspan(some.size());
  }
  return unnamed;
}

}  // namespace

io::Task<Result<std::vector<Orphan>>> OrphanFinder::look(const OrphanOrder& order,
                                                         blob::BlobStore& store,
                                                         std::vector<std::string> keys,
                                                         OrphanReport& report) {
  // Asked after the list was made: what was put and recorded meanwhile has its row.
  CO_TRY(std::vector<std::string> unnamed,
         co_await services_.database.read(
             [name = order.store, keys = std::move(keys)](db::Session& session)
                 -> Result<std::vector<std::string>> { return unnamed_of(session, name, keys); }));
  const UtcTime young = services_.clock.now() - order.older_than;
  std::vector<Orphan> orphans;
  for (std::string& key : unnamed) {
    if (key.starts_with(k_ledger_prefix)) continue;
    const auto status = co_await store.status(key);
    if (!status && status.error().code == ErrorCode::not_found) continue;
    if (!status) co_return std::unexpected(status.error());
    // A store that tells no time of an object tells nothing of its age.
    if (status->modified == UtcTime{} || status->modified > young) {
      ++report.young;
      continue;
    }
    ++report.orphans;
    report.bytes += status->size;
    orphans.push_back({std::move(key), status->size, status->modified});
    if (services_.on_orphan) services_.on_orphan(orphans.back());
  }
  co_return orphans;
}

io::Task<Result<std::int64_t>> OrphanFinder::schedule(const OrphanOrder& order,
                                                      std::vector<Orphan> orphans) {
  if (!order.schedules || orphans.empty()) co_return 0;
  co_return co_await services_.database.write(
      [store = order.store, orphans = std::move(orphans),
       due = services_.clock.now() + order.kept_for](db::Session& session) -> Result<std::int64_t> {
        if (const auto hold = find_hold(session, store))
          return fail(ErrorCode::conflict,
                      fmt::format("nothing is deleted in store {}: {}", store, *hold));
        std::int64_t scheduled = 0;
        for (const Orphan& orphan : orphans) {
          scheduled += session.execute(
              "insert into object_trash (store, object_key, due_at, orphan) "
              "select cast(:store as text), cast(:key as text), cast(:due as bigint), 1 "
              "where not exists (select 1 from placement where store = :store "
              "and object_key = :key) on conflict (store, object_key) do nothing",
              {store, orphan.object_key, due});
        }
        return scheduled;
      });
}

io::Task<Result<OrphanReport>> OrphanFinder::find(OrphanOrder order) {
  blob::BlobStore* const store = services_.stores(order.store);
  if (store == nullptr)
    co_return fail(ErrorCode::unavailable, fmt::format("store {} is away", order.store));
  StoreLedger ledger(services_.database, services_.clock);
  OrphanReport report;
  if (const auto checked = co_await ledger.check(*store); !checked) {
    const bool is_held = checked.error().code == ErrorCode::conflict;
    if (!is_held || order.schedules) co_return std::unexpected(checked.error());
    report.hold = checked.error().message;
  }
  std::string after;
  for (bool more = true; more;) {
    CO_TRY(std::vector<std::string> keys, co_await store->list("", after, k_page));
    more = keys.size() == k_page;
    if (keys.empty()) break;
    after = keys.back();
    report.objects += static_cast<std::int64_t>(keys.size());
    CO_TRY(std::vector<Orphan> orphans, co_await look(order, *store, std::move(keys), report));
    CO_TRY(const std::int64_t scheduled, co_await schedule(order, std::move(orphans)));
    report.scheduled += scheduled;
  }
  co_return report;
}

std::vector<TrashedOrphan> list_trashed_orphans(db::Session& session, std::string_view store,
                                                std::size_t limit) {
  const db::Rows rows = session.query(
      "select store, object_key, due_at from object_trash where orphan = 1 "
      "and (:store = '' or store = :store) order by due_at, id limit :limit",
      {store, limit});
  std::vector<TrashedOrphan> orphans;
  orphans.reserve(rows.size());
  for (const db::Row& row : rows) orphans.push_back({row.text(0), row.text(1), row.time(2)});
  return orphans;
}

std::int64_t take_back_orphans(db::Session& session, std::string_view store,
                               std::span<const std::string> keys) {
  if (keys.empty()) {
    return session.execute(
        "delete from object_trash where orphan = 1 and deleting = 0 and store = :store", {store});
  }
  std::int64_t taken = 0;
  for (const std::string& key : keys) {
    taken += session.execute(
        "delete from object_trash where orphan = 1 and deleting = 0 and store = :store "
        "and object_key = :key",
        {store, key});
  }
  return taken;
}

}  // namespace shoal::storage
