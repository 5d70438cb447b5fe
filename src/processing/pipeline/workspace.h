#pragma once

#include <fmt/format.h>

#include "io/file_system.h"
#include "jobs/queue.h"
#include "processing/pipeline/pipeline.h"

namespace shoal::processing {

/// A job's own folder; gone with everything in it when the job ends, however it ends.
class Pipeline::Workspace {
 public:
  Workspace(io::FileSystem& files, const Path& scratch, const jobs::LeasedJob& job)
      : files_(files), path_(scratch / fmt::format("{}-{}", job.id.value, job.fence)) {}
  ~Workspace() { (void)files_.remove_all(path_); }
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  Result<> make() { return files_.create_directories(path_); }
  const Path& path() const { return path_; }

 private:
  io::FileSystem& files_;
  Path path_;
};

}  // namespace shoal::processing
