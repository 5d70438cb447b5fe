#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "app/other_stores.h"

/// Where workers elsewhere read and write objects themselves; nothing where viewers are not sent to
/// that store by presigned URLs either, for it may not be reached from elsewhere.
namespace shoal::app {

std::optional<std::string> source_url(const OtherStores& stores, std::string_view store,
                                      std::string_view key);
/// Takes an object of just `size` bytes.
std::optional<std::string> result_url(const OtherStores& stores, std::string_view store,
                                      std::string_view key, std::uint64_t size);

}  // namespace shoal::app
