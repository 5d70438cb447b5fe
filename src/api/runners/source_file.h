#pragma once

#include "api/core/problem.h"
#include "io/task.h"
#include "net/http/message.h"
#include "storage/files.h"
#include "storage/stores.h"

namespace shoal::api {

/// A stored file for who has proved that it may have it: 200, or 206 or 416 for a Range. 503 while
/// its store is away.
io::Task<Answer<net::Response>> source_response(const net::Headers& request,
                                                const storage::Stores& stores,
                                                storage::StoredFile file);

}  // namespace shoal::api
