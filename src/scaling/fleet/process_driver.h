#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "io/task.h"
#include "scaling/fleet/scale_driver.h"

namespace shoal::scaling {

struct ProcessDriverConfig {
  /// A path, and the words after its name; `--data FOLDER` follows them.
  std::string program;
  std::vector<std::string> arguments;
  std::string folder;       ///< of all workers: each has one below it
  std::string name_prefix;  ///< of their names: a number follows
  /// What a worker that was told to drain may take for it; one that goes on beyond is killed.
  Milliseconds drain_limit{std::chrono::hours{1}};
};

/// Workers as processes of this machine, which live no longer than the thread that starts them. One
/// that is not wanted any more gets SIGTERM, ends what it has begun, and goes. One that ends by
/// itself is missed by the next look; the more often that happens the later the next one starts.
class ProcessDriver final : public ScaleDriver {
 public:
  /// What lets a worker in. Both are given its name.
  struct Entry {
    /// Makes `folder` that of a registered worker.
    std::function<io::Task<Result<>>(std::string name, std::string folder)> enroll;
    /// It is gone: what it held is somebody else's. Never fails: who stays in the list does no
    /// harm.
    std::function<io::Task<>(std::string name)> dismiss;
  };
  ProcessDriver(ProcessDriverConfig config, Entry entry, const Clock& clock);
  ~ProcessDriver() override;

  io::Task<Result<Inventory>> look() override;
  io::Task<Result<>> apply(ScaleOrder order) override;
  io::Task<> stand_down() override;
  /// Its workers give back what they have begun; those that do not end are killed.
  io::Task<> stop() override;

 private:
  struct Worker {
    std::size_t slot = 0;
    std::string name{};
    pid_t pid = -1;
    UtcTime since{};
    SteadyTime started_at{};
    std::optional<SteadyTime> drains_since{};
  };
  std::string name_of(std::size_t slot) const;
  std::size_t free_slot() const;
  io::Task<Result<>> start_one();
  io::Task<> bury_the_dead();
  void note_end(const Worker& worker, int status);
  void drain(Worker& worker);
  void kill_overdue();

  const ProcessDriverConfig config_;
  const Entry entry_;
  const Clock& clock_;
  std::vector<Worker> workers_;
  int crashes_ = 0;  ///< in a row
  SteadyTime not_before_{};
  std::string last_crash_;
};

}  // namespace shoal::scaling
