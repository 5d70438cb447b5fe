#include "storage/store_usage.h"

#include <algorithm>
#include <map>

#include "base/log.h"
#include "storage/store_registry.h"
#include "storage/uploads/staging_room.h"

namespace shoal::storage {
namespace {

constexpr int k_share_of_time = 100;

void add_kind(StoreUsage& usage, const db::Row& row) {
  const FileKind kind = std::min(static_cast<FileKind>(row.integer(1)), FileKind::running_work);
  if (usage.kinds.empty() || usage.kinds.back().kind != kind) usage.kinds.push_back({kind, 0, 0});
  StoreUsage::OfKind& sum = usage.kinds.back();
  const auto bytes = static_cast<std::uint64_t>(row.integer(3));
  sum.files += row.integer(2);
  sum.bytes += bytes;
  usage.files += row.integer(2);
  usage.bytes += bytes;
  const auto oldest = row.optional_time(4);
  if (oldest)
    usage.oldest_verification = std::min(*oldest, usage.oldest_verification.value_or(*oldest));
}

}  // namespace

std::vector<StoreUsage> count_store_usage(db::Session& session) {
  std::map<std::string, StoreUsage> found;
  for (const db::Row& row : session.query("select name, hold from store")) {
    StoreUsage& store = found[row.text(0)];
    store.is_registered = true;
    store.hold = row.optional_text(1);
  }
  for (const db::Row& row :
       session.query("select p.store, f.kind, count(*), cast(sum(f.size) as bigint), "
                     "min(p.verified_at) from placement p join media_file f on f.id = p.file_id "
                     "where p.state = 2 group by p.store, f.kind order by p.store, f.kind"))
    add_kind(found[row.text(0)], row);
  for (const db::Row& row : session.query(
           "select store, count(*) from placement where problem is not null group by store"))
    found[row.text(0)].bad_copies = row.integer(1);
  for (const db::Row& row :
       session.query("select store, count(*) from object_trash group by store")) {
    const auto store = found.find(row.text(0));
    if (store != found.end()) store->second.objects_in_trash = row.integer(1);
  }
  std::vector<StoreUsage> usage;
  usage.reserve(found.size());
  for (auto& [name, store] : found) {
    store.name = name;
    usage.push_back(std::move(store));
  }
  return usage;
}

StoreUsage::OfKind waiting_for(const std::string& store, const std::vector<StoreUsage>& usage,
                               const Stores& homes) {
  StoreUsage::OfKind waiting;
  if (store == k_local_store) return waiting;
  const auto local = std::ranges::find(usage, k_local_store, &StoreUsage::name);
  if (local == usage.end()) return waiting;
  for (const StoreUsage::OfKind& kind : local->kinds) {
    if (homes.home_name(kind.kind) != store) continue;
    waiting.files += kind.files;
    waiting.bytes += kind.bytes;
  }
  return waiting;
}

UsageCache::Snapshot UsageCache::find() {
  const std::scoped_lock lock(mutex_);
  const SteadyTime now = clock_.steady_now();
  if (last_ && now < count_after_) return last_;
  // The others go on with the old count while this one is made.
  count_after_ = now + k_longest;
  return nullptr;
}

io::Task<Result<UsageCache::Snapshot>> UsageCache::get() {
  if (auto kept = find()) co_return kept;
  const SteadyTime begin = clock_.steady_now();
  auto counted = co_await database_.read([this](db::Session& session) -> Result<Snapshot> {
    return std::make_shared<const StorageUsage>(
        StorageUsage{count_store_usage(session), staged_bytes(session, stores_), clock_.now()});
  });
  const SteadyTime end = clock_.steady_now();
  const auto cost = std::chrono::ceil<Milliseconds>(end - begin);
  const std::scoped_lock lock(mutex_);
  count_after_ = end + std::clamp(cost * k_share_of_time, k_shortest, k_longest);
  if (counted) {
    last_ = *std::move(counted);
  } else if (!last_) {
    co_return std::unexpected(counted.error());
  }
  co_return last_;
}

}  // namespace shoal::storage
