#pragma once

#include "processing/pipeline/pipeline.h"

namespace shoal::processing {

class Pipeline::Incoming {
 public:
  Incoming(Pipeline& pipeline, jobs::LeaseKey lease, Path folder)
      : pipeline_(pipeline), lease_(lease), folder_(std::move(folder)) {}
  ~Incoming();
  Incoming(const Incoming&) = delete;
  Incoming& operator=(const Incoming&) = delete;

  const Path& folder() const { return folder_; }

 private:
  Pipeline& pipeline_;
  const jobs::LeaseKey lease_;
  const Path folder_;
};

}  // namespace shoal::processing
