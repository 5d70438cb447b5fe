#pragma once

#include "api/core/context.h"
#include "delivery/media_index.h"

namespace shoal::app {

/// Restricted media for whoever may see the video's page: owner, moderators, signed-in users for
/// internal videos (Bearer token), and whoever has one of its passwords. Any thread.
class CatalogViewerAccess final : public delivery::ViewerAccess {
 public:
  explicit CatalogViewerAccess(api::Context& api) : api_(api) {}
  io::Task<delivery::ViewerVerdict> may_watch(const net::Request& request, Uuid video) override;

 private:
  api::Context& api_;
};

}  // namespace shoal::app
