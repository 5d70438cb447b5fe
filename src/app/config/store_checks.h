#pragma once

#include <string>
#include <string_view>

#include "app/config/config.h"
#include "app/config/places.h"

namespace shoal::app {

/// Whether viewers reach its public objects without a signature: by a base URL or by their ACL.
bool is_public(const StoreConfig& store);

/// redirect for "s3", which uploads public objects by default; a local store's files have no other
/// address by themselves: proxy.
std::string default_serve_public(std::string_view type);

/// Endpoint and credentials of S3, whose keys lie below `path` ("stores.archive").
void check_provider(std::string_view path, const StoreConfig& store, Complaints& complaints);

/// What no single key of stores and homes shows: what a type needs and what is not for it, two
/// stores in one place, homes that are no store.
void check_stores(const Config& config, Complaints& complaints);

}  // namespace shoal::app
