#include <algorithm>

#include "api/core/reply.h"
#include "api/storage/routes.h"
#include "api/storage/services.h"

namespace shoal::api {
namespace {

using storage::FileKind;
using storage::StoreUsage;

/// Two screens, or a nervous one, ask once.
constexpr Milliseconds k_keep{1'000};
/// All kinds that a home can be given to, one of each name.
constexpr FileKind k_kinds[] = {
    FileKind::original,        FileKind::rendition, FileKind::playlist,
    FileKind::segments_sha256, FileKind::thumbnail, FileKind::preview,
    FileKind::storyboard,      FileKind::caption,   FileKind::running_work};

/// One store as rows, configuration and counters know it.
struct ListedStore {
  const StoreStatus* status = nullptr;  ///< null: the configuration does not know it
  StoreUsage usage;
  std::optional<StoreRates::Figures> rates;
};

std::vector<ListedStore> list_all(const std::vector<StoreStatus>& statuses,
                                  const storage::StorageUsage& usage,
                                  const std::map<std::string, StoreRates::Figures>& rates) {
  std::vector<ListedStore> stores;
  for (const StoreStatus& status : statuses) {
    ListedStore& store = stores.emplace_back(ListedStore{&status, {}, {}});
    store.usage.name = status.name;
  }
  for (const StoreUsage& used : usage.stores) {
    const auto known = std::ranges::find(stores, used.name,
                                         [](const ListedStore& store) { return store.usage.name; });
    if (known != stores.end()) {
      known->usage = used;
    } else {
      stores.push_back({nullptr, used, {}});
    }
  }
  for (ListedStore& store : stores)
    if (const auto found = rates.find(store.usage.name); found != rates.end())
      store.rates = found->second;
  return stores;
}

void write_status(JsonWriter& json, const StoreStatus* status) {
  json.key("type");
  if (status == nullptr) {
    json.null().null_field("place").field("online", false);
    json.field("reason",
               "this node does not have it: another one does, or it is in no configuration")
        .null_field("since");
    json.null_field("servePublic").null_field("servePrivate").raw_field("baseUrls", "[]");
    return;
  }
  json.value(status->type).field("place", status->place).field("online", status->is_online);
  json.key("reason");
  if (status->is_online) {
    json.null();
  } else {
    json.value(status->reason);
  }
  json.field("since", status->since);
  json.field("servePublic", status->serve_public).field("servePrivate", status->serve_private);
  json.key("baseUrls").array(status->base_urls, [&](const StoreStatus::BaseUrl& base) {
    json.object([&] {
      json.field("url", base.url).field("weight", static_cast<std::int64_t>(base.weight));
      json.field("healthy", base.is_healthy);
    });
  });
}

void write_usage(JsonWriter& json, const StoreUsage& usage) {
  json.field("files", usage.files).field("bytes", usage.bytes);
  json.key("kinds").array(usage.kinds, [&](const StoreUsage::OfKind& kind) {
    json.object([&] {
      json.field("kind", storage::to_string(kind.kind)).field("files", kind.files);
      json.field("bytes", kind.bytes);
    });
  });
  json.field("objectsInTrash", usage.objects_in_trash);
  json.field("badCopies", usage.bad_copies);
  json.field("deletionsHeld", usage.hold);
  json.field("oldestVerification", usage.oldest_verification);
}

void write_prices(JsonWriter& json, const StoreStatus* status, std::uint64_t bytes) {
  const storage::StorePrices prices = status == nullptr ? storage::StorePrices() : status->prices;
  json.key("pricesMicros").object([&] {
    json.field("storageGbMonth", prices.per_gigabyte_month);
    json.field("egressGb", prices.per_gigabyte_read);
    json.field("put1000", prices.per_thousand_writes);
    json.field("get1000", prices.per_thousand_reads);
  });
  json.field("monthlyCostMicros", storage::monthly_cost(bytes, prices.per_gigabyte_month));
}

void write_rates(JsonWriter& json, const std::optional<StoreRates::Figures>& rates) {
  const StoreRates::Figures figures = rates.value_or(StoreRates::Figures());
  json.field("requests", static_cast<std::int64_t>(figures.requests));
  json.field("errors", static_cast<std::int64_t>(figures.errors));
  json.field("requestsPerSecond", figures.requests_per_second);
  json.field("errorsPerSecond", figures.errors_per_second);
}

void write_store(JsonWriter& json, const ListedStore& store, const storage::StorageUsage& usage,
                 const storage::Stores& homes) {
  std::vector<FileKind> at_home;
  std::ranges::copy_if(k_kinds, std::back_inserter(at_home),
                       [&](FileKind kind) { return homes.home_name(kind) == store.usage.name; });
  const auto waiting = storage::waiting_for(store.usage.name, usage.stores, homes);
  json.object([&] {
    json.field("name", store.usage.name);
    write_status(json, store.status);
    json.key("homeOf").array(at_home, [&](FileKind kind) { json.value(storage::to_string(kind)); });
    write_usage(json, store.usage);
    json.field("waitingFiles", waiting.files).field("waitingBytes", waiting.bytes);
    write_prices(json, store.status, store.usage.bytes);
    write_rates(json, store.rates);
  });
}

io::Task<Reply> get_stores(Call& call) {
  Context& context = call.context;
  if (context.storage_services == nullptr) co_return refuse(404, "This server has no stores.");
  const StorageServices& services = *context.storage_services;
  auto slot = co_await context.responses.open("admin/storage/stores");
  if (slot.text) co_return json_response(std::move(slot.text));
  CO_TRY(const auto usage, co_await services.usage->get());
  const std::vector<StoreStatus> statuses = services.statuses();
  const auto stores = list_all(statuses, *usage, context.store_rates.sample());
  JsonWriter json(4096);
  json.object([&] {
    json.field("total", static_cast<std::int64_t>(stores.size())).key("data");
    json.array(stores, [&](const ListedStore& store) {
      write_store(json, store, *usage, *services.stores);
    });
    json.field("countedAt", usage->counted_at);
    json.key("staging").object([&] {
      json.field("bytes", usage->staged_bytes).field("limitBytes", services.staging_limit);
    });
  });
  co_return json_response(slot.keep(json.take(), k_keep));
}

}  // namespace

void add_store_routes(Routes& routes) {
  routes.get("/api/v1/admin/storage/stores",
             {.operation = "getStores", .access = Access::administrator}, get_stores);
}

}  // namespace shoal::api
