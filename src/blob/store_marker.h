#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "blob/local_store.h"

namespace shoal::blob {

/// docs/formats/store-marker.md: the JSON in `.shoal-store`. Errors: corrupt.
std::string format_marker(const StoreIdentity& identity);
Result<StoreIdentity> parse_marker(std::string_view text);

}  // namespace shoal::blob
