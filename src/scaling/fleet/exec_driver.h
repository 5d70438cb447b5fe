#pragma once

#include <string>

#include "base/clock.h"
#include "io/process.h"
#include "scaling/fleet/scale_driver.h"

namespace shoal::scaling {

struct ExecDriverConfig {
  std::string script;
  std::string name_prefix{};  ///< of its workers' names; empty: every worker is one of them
  Seconds time_limit{60};
};

/// Workers by an administrator's script: `SCRIPT count` prints how many there are, `SCRIPT scale N`
/// makes it N. Status 0 is success. Neither is believed beyond reason: what hangs is killed with
/// all that it started, what prints no number from 0 to k_most is an Error with what it said.
class ExecDriver final : public ScaleDriver {
 public:
  static constexpr std::uint32_t k_most = 100'000;

  /// `processes` must let the script use the network and the system.
  ExecDriver(ExecDriverConfig config, io::ProcessRunner& processes);

  io::Task<Result<Inventory>> look() override;
  /// Never to fewer than are busy: which of them go is up to the script.
  io::Task<Result<>> apply(ScaleOrder order) override;

 private:
  io::Task<Result<std::string>> call(std::vector<std::string> words);

  const ExecDriverConfig config_;
  io::ProcessRunner& processes_;
};

}  // namespace shoal::scaling
