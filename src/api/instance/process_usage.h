#pragma once

#include <cstdint>
#include <string>

namespace shoal::api {

/// This process as the kernel counts it, children that have ended included in the CPU time.
struct ProcessUsage {
  double cpu_seconds = 0;
  std::uint64_t resident_bytes = 0;
  std::uint64_t open_files = 0;
};
ProcessUsage process_usage();

struct DiskUsage {
  std::uint64_t total_bytes = 0;
  std::uint64_t free_bytes = 0;
};
/// Of the file system that holds `folder`; zeros when it cannot be asked. Blocking.
DiskUsage disk_usage(const std::string& folder);

}  // namespace shoal::api
