#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace shoal {

/// The seam to chance. Any thread.
class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::byte> out) = 0;

  std::uint64_t next();
  /// Uniform in [0, bound); bound > 0.
  std::uint64_t below(std::uint64_t bound);
  /// `bytes` random bytes in lower-case hex: tokens, object names.
  std::string hex(std::size_t bytes);
};

/// getrandom(2): unpredictable, for tokens, keys and object names.
class SystemRandom final : public Random {
 public:
  void fill(std::span<std::byte> out) override;
};

/// SplitMix64 from a seed: the same run again. Never for secrets. One thread.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  void fill(std::span<std::byte> out) override;

 private:
  std::uint64_t state_;
};

}  // namespace shoal
