#pragma once

#include <memory>
#include <string>

#include "blob/blob_store.h"
#include "blob/s3/client.h"

namespace shoal::blob::s3 {

/// Reads an object of a known size by ranges. A stream that breaks goes on where it was, as often
/// as the client tries anything. The client outlives it.
std::unique_ptr<ObjectReader> make_reader(Client& client, std::string key, std::uint64_t size);

}  // namespace shoal::blob::s3
