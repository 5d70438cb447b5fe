#pragma once

#include <mutex>
#include <optional>
#include <unordered_map>

#include "api/videos/services.h"
#include "base/clock.h"

namespace shoal::app {

/// The progress of processing in the words of the API: media time done over media time to do. What
/// was counted for a video is kept for k_keep: its plan and pieces are many rows to read, and
/// everybody who looks at its page asks. Any thread.
class PipelineProgress final : public api::VideoProgress {
 public:
  static constexpr Milliseconds k_keep{500};
  static constexpr std::size_t k_videos = 256;

  explicit PipelineProgress(const Clock& clock) : clock_(clock) {}
  std::optional<api::VideoProcessing> find(db::Session& session, VideoId video) const override;

 private:
  using Found = std::optional<api::VideoProcessing>;
  struct Counted {
    SteadyTime at;
    Found found;
  };
  Found count(db::Session& session, VideoId video) const;

  const Clock& clock_;
  mutable std::mutex mutex_;
  mutable std::unordered_map<std::int64_t, Counted> counted_;
};

}  // namespace shoal::app
