#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "io/file_system.h"

namespace shoal::tests {

/// What writing to a full disk is refused with.
inline constexpr std::string_view k_disk_full = "the disk is full";

/// A disk in memory that keeps only what was synced: the fake behind power-loss tests.
///
/// restart() is a power cut and a boot. What File::sync covered is there; every other write since
/// then is gone, or (with a Random) torn at 512-byte sectors. A name is where it was last synced
/// by sync_directory of its folder; every other create, rename, link and remove is undone, or (with
/// a Random) happened or not, each on its own. A rename is one operation until one of its two
/// folders is synced alone. The root folder always exists.
///
/// Sweep: run once and read operations(); then, for every n up to that, run on a fresh disk with
/// cut_power_at(n), restart() and check what must hold.
///
/// Any thread. Passes the conformance suite of FileSystem.
class VolatileFileSystem final : public io::FileSystem {
 public:
  explicit VolatileFileSystem(io::Path root = "/volatile");
  ~VolatileFileSystem() override;

  const io::Path& root() const;

  /// Mutations so far: writes, truncations, syncs, creations, renames, links, removals. Reads do
  /// not count.
  std::uint64_t operations() const;
  /// The nth mutation from now (1 is the next) answers `code` and does nothing; the later ones work
  /// again unless `for_good`. A failed File::sync also forgets the unsynced bytes, as Linux does.
  void fail_operation(std::uint64_t nth, ErrorCode code, bool for_good = false);
  /// At the nth mutation from now the power goes: it and all calls until restart() are unavailable.
  void cut_power_at(std::uint64_t nth);
  bool power_is_off() const;
  /// Without `random` everything unsynced is lost. Open files of before are unavailable for ever.
  void restart(Random* random = nullptr);

  /// Disk full: once the files hold this many bytes, growing one is unavailable.
  void set_capacity(std::uint64_t bytes);
  /// EROFS: every mutation is unavailable.
  void set_read_only(bool read_only);
  /// Flips one bit of a file behind everybody's back, durably.
  void corrupt(const io::Path& path, std::uint64_t offset);

  Result<std::unique_ptr<io::File>> open(const io::Path& path, io::OpenMode mode) override;
  Result<io::FileStatus> status(const io::Path& path) override;
  Result<> rename(const io::Path& from, const io::Path& to) override;
  Result<> link(const io::Path& from, const io::Path& to) override;
  Result<> remove(const io::Path& path) override;
  Result<> create_directories(const io::Path& path) override;
  Result<> remove_all(const io::Path& path) override;
  Result<std::vector<std::string>> list(const io::Path& directory) override;
  Result<> sync_directory(const io::Path& directory) override;
  Result<std::uint64_t> free_bytes(const io::Path& path) override;

 private:
  struct State;
  class OpenFile;
  std::shared_ptr<State> state_;
};

}  // namespace shoal::tests
