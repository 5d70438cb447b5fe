#pragma once

#include "api/core/routes.h"

namespace shoal::api {

/// The web client's files and pages: /client/*, /, /w/:id, /videos/embed/:id, /c, /a and whatever
/// else a browser asks for.
void add_page_routes(Routes& routes);
/// services/oembed.
void add_oembed_routes(Routes& routes);
/// feeds/videos.{xml,rss,rss2,atom,json}.
void add_feed_routes(Routes& routes);

}  // namespace shoal::api
