#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "io/task.h"

namespace shoal::scaling {

/// A worker that a driver knows by the name it registered with.
struct KnownWorker {
  std::string name;
  UtcTime since{};
};

/// What a driver says is there, without those that are on their way out.
struct Inventory {
  std::uint32_t count = 0;
  /// Each by name; nothing where the driver knows only how many there are.
  std::optional<std::vector<KnownWorker>> known{};
  /// How the names of those begin that are only counted.
  std::string name_prefix{};
};

/// What is to be done: absolute, so that doing it twice is doing it once.
struct ScaleOrder {
  std::uint32_t wanted = 0;  ///< workers that take work, when it is done
  std::uint32_t start = 0;
  std::vector<std::string> drain{};  ///< by name: idle ones first
  std::vector<std::string> busy{};   ///< by name: must not be killed

  /// How many shall be left where which of them go is another's choice: not fewer than are busy,
  /// and no more than there are.
  std::uint32_t left() const {
    const auto there = wanted + static_cast<std::uint32_t>(drain.size());
    return std::clamp(static_cast<std::uint32_t>(busy.size()), wanted, there);
  }
};

/// The seam to what workers run on. One executor. Implementations put a bound on how long a call
/// takes, and do not believe what they are told: every answer that makes no sense is an Error.
class ScaleDriver {
 public:
  ScaleDriver() = default;
  virtual ~ScaleDriver() = default;
  ScaleDriver(const ScaleDriver&) = delete;
  ScaleDriver& operator=(const ScaleDriver&) = delete;

  virtual io::Task<Result<Inventory>> look() = 0;
  /// Errors say what was not done; it is asked for again with the next decision.
  virtual io::Task<Result<>> apply(ScaleOrder order) = 0;
  /// It is another node's turn, which is said again and again: what only this node can look after
  /// goes when it is done.
  virtual io::Task<> stand_down() { co_return; }
  /// The server ends: what cannot live without it ends too.
  virtual io::Task<> stop() { co_return; }
};

}  // namespace shoal::scaling
