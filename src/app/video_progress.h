#pragma once

#include "api/videos/services.h"
#include "base/clock.h"

namespace shoal::app {

/// The progress of processing in the words of the API: media time done over media time to do.
/// Any thread.
class PipelineProgress final : public api::VideoProgress {
 public:
  explicit PipelineProgress(const Clock& clock) : clock_(clock) {}
  std::optional<api::VideoProcessing> find(db::Session& session, VideoId video) const override;

 private:
  const Clock& clock_;
};

}  // namespace shoal::app
