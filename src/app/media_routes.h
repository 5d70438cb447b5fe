#pragma once

#include "delivery/media_service.h"
#include "net/http/router.h"

namespace shoal::app {

/// PeerTube's media paths, answered by delivery. `media` outlives the router.
void add_media_routes(net::Router& router, delivery::MediaService& media);

}  // namespace shoal::app
