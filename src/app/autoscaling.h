#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "app/config/config.h"
#include "base/clock.h"
#include "base/machine_labels.h"
#include "base/metrics.h"
#include "base/random.h"
#include "db/database.h"
#include "db/lease.h"
#include "io/file_system.h"
#include "io/offload.h"
#include "io/process.h"
#include "io/task.h"
#include "scaling/fleet/autoscaler.h"
#include "scaling/fleet/scale_driver.h"

namespace shoal::app {

/// What the configuration says of workers, as the decision takes it. Pure.
scaling::AutoscalerConfig autoscaler_config(const Config& config);
/// Where workers on this machine reach this server, without a slash at the end. Pure.
std::string local_address(const Config& config, std::uint16_t port);

/// The autoscaler of workers with the driver that the configuration names. One executor. start()
/// once; await stop() before destruction, also without start().
class Autoscaling {
 public:
  struct Services {
    db::Database& database;
    const Clock& clock;
    Random& random;
    Metrics& metrics;
    io::FileSystem& files;
    io::Offload& bulk;
    std::string data_folder;
    std::string node_name;
    MachineLabels labels{};  ///< of this node
    std::string server;      ///< local_address()
    std::function<std::optional<db::Fence>()> turn;
  };
  /// Null where it is not enabled.
  static std::unique_ptr<Autoscaling> create(const Config& config, Services services,
                                             io::Executor executor);

  void start() { autoscaler_->start(); }
  io::Task<> stop() { return autoscaler_->stop(); }

 private:
  Autoscaling(const Config::Autoscaler& settings, Services services);
  std::unique_ptr<scaling::ScaleDriver> make_driver(const Config::Autoscaler& settings);
  io::Task<Result<>> enroll(std::string name, std::string folder);
  io::Task<> dismiss(std::string name);

  Services services_;
  io::SandboxedRunner scripts_{io::Confinement::limits};
  std::unique_ptr<scaling::ScaleDriver> driver_;
  std::unique_ptr<scaling::Autoscaler> autoscaler_;
};

}  // namespace shoal::app
