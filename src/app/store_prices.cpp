#include "app/store_prices.h"

#include <algorithm>

namespace shoal::app {

storage::StorePrices prices_of(const Config& config, std::string_view store) {
  const auto found = std::ranges::find(config.stores, store, &StoreConfig::name);
  if (found == config.stores.end()) return {};
  // What load_config() lets through can be read.
  const auto read = [](const std::string& text) { return parse_price(text).value_or(0); };
  storage::StorePrices prices{.per_gigabyte_month = read(found->price.storage_gb_month),
                              .per_gigabyte_read = read(found->price.egress_gb),
                              .per_thousand_writes = read(found->price.put_1000),
                              .per_thousand_reads = read(found->price.get_1000)};
  if (found->type == "s3") prices.part_size = found->max_upload_part.value;
  return prices;
}

}  // namespace shoal::app
