#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace shoal::faults {

/// What a schedule did, and every broken promise in words.
struct Report {
  int actions = 0;
  int faults = 0;
  int restarts = 0;
  std::vector<std::string> violations;
};

/// One box in this process on a disk that forgets, from a seed: uploads arrive in pieces, become
/// videos, jobs make files of them, videos are deleted, trash is collected; meanwhile single
/// operations fail, the disk fills or turns read-only, and the power goes, with what was not synced
/// lost or torn. After every power cut and at the end the promises are checked:
///   acknowledged bytes are there; a row's object is whole; a published video stays; a job has its
///   effect exactly once or ends as failed; a deleted video leaves neither rows nor objects.
Report run_disk_schedule(std::uint64_t seed);

}  // namespace shoal::faults
