#pragma once

#include "db/database.h"
#include "delivery/media_index.h"

namespace shoal::app {

/// Delivery's index over the catalogue: stored files by name, and the playlists of running work,
/// which are rendered from its rows. Any thread.
class CatalogMediaIndex final : public delivery::MediaIndex {
 public:
  explicit CatalogMediaIndex(db::Database& database) : database_(database) {}
  io::Task<Result<delivery::MediaEntry>> find(std::string name) override;

 private:
  db::Database& database_;
};

}  // namespace shoal::app
