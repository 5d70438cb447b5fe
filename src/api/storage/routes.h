#pragma once

#include "api/core/routes.h"

namespace shoal::api {

// All of it is ours, and for administrators.

/// admin/storage/stores.
void add_store_routes(Routes& routes);
/// admin/storage/moves.
void add_move_routes(Routes& routes);
/// admin/storage/videos/:id.
void add_copies_routes(Routes& routes);

}  // namespace shoal::api
