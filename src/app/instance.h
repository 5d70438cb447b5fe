#pragma once

#include <memory>
#include <string>

#include "app/config/config.h"
#include "base/result.h"

namespace shoal::app {

/// One running `shoal serve`: makes every part in the order of their dependencies and stops them in
/// the reverse. The only place that names concrete types. Lives on the main thread.
class Instance {
 public:
  /// Claims the data folder, opens and migrates the database, makes what a first start needs, and
  /// finds the media store. conflict when another server has the folder or the database.
  /// Errors say what to change; nothing listens yet.
  static Result<std::unique_ptr<Instance>> create(const Config& config);
  ~Instance();
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  /// Listens, and starts the workers.
  Result<> start();
  /// Runs until SIGTERM or SIGINT, then drains: no new connections, running requests finish,
  /// running jobs give their leases back. SIGHUP reads the certificates again.
  void run_until_signal();
  /// It ended because another server took its place.
  bool lost_its_place() const;

  /// What a browser opens.
  std::string address() const;
  std::uint16_t port() const;
  /// Set on the very first start when no password was given: shown once and kept nowhere.
  const std::string& generated_root_password() const;

 private:
  struct Parts;
  explicit Instance(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace shoal::app
