#pragma once

#include <algorithm>
#include <chrono>
#include <map>
#include <vector>

#include "base/random.h"
#include "io/task_group.h"
#include "processing/playlists.h"
#include "processing/steps.h"

namespace shoal::tests {

/// All steps of one video in one process and folder, in the order the job graph has: what the
/// tests of the steps and the benchmark run.
class LocalTranscode {
 public:
  struct Outcome {
    processing::SourceMedia source;
    processing::Plan plan;
    std::vector<processing::FinishedRendition> finished;
    std::string master;
    std::string digests;
    /// From the start to the first listed segment of any rendition, and to the end.
    Milliseconds first_segment{0};
    Milliseconds total{0};
    /// Every text a running playlist had, in order, by resolution.
    std::map<std::uint32_t, std::vector<std::string>> running;
  };

  LocalTranscode(processing::Steps steps, processing::Path folder, processing::PlanConfig config)
      : steps_(steps), folder_(std::move(folder)), config_(std::move(config)) {}

  io::Task<Result<Outcome>> run(processing::Path source) {
    start_ = std::chrono::steady_clock::now();
    CO_TRY(outcome_.source, co_await processing::probe(steps_, source));
    SeededRandom random(7);
    CO_TRY(outcome_.plan, processing::make_plan(outcome_.source, config_, random));
    const processing::Plan& plan = outcome_.plan;
    for (const auto& rendition : plan.renditions)
      running_.push_back({&rendition, {}, false, {}, {}, false});
    parts_.resize(plan.renditions.size());
    CO_TRY(audio_, co_await processing::make_audio(steps_, plan, source, folder_, {}));
    if (plan.copies_top()) {
      CO_TRY_VOID(co_await processing::copy_top(steps_, plan, source, folder_, {}));
      for (std::size_t k = 0; k < plan.work_segments.size(); ++k) {
        CO_TRY_VOID(co_await list(0, k));
      }
    }
    for (std::size_t k = 0; k < plan.work_segments.size(); ++k) {
      CO_TRY_VOID(co_await work(source, k));
    }
    for (std::size_t r = 0; r < plan.renditions.size(); ++r) {
      running_[r].ended = true;
      remember(r);
      CO_TRY(auto finished,
             co_await processing::finish(steps_, plan, plan.renditions[r], parts_[r], folder_));
      outcome_.finished.push_back(std::move(finished));
    }
    outcome_.master = processing::finished_master(plan, outcome_.finished);
    outcome_.digests = processing::finished_digests(outcome_.finished);
    outcome_.total = elapsed();
    co_return std::move(outcome_);
  }

 private:
  Milliseconds elapsed() const {
    return std::chrono::duration_cast<Milliseconds>(std::chrono::steady_clock::now() - start_);
  }

  io::Task<Result<>> work(processing::Path source, std::size_t k) {
    const processing::Plan& plan = outcome_.plan;
    const bool encodes = std::ranges::any_of(plan.renditions, [](const auto& rendition) {
      return rendition.video == processing::StreamMode::encode;
    });
    if (encodes) {
      CO_TRY_VOID(co_await processing::encode_work(steps_, plan, k, source, folder_));
    }
    for (std::size_t r = plan.copies_top() ? 1 : 0; r < plan.renditions.size(); ++r) {
      CO_TRY_VOID(co_await list(r, k));
    }
    co_return Result<>{};
  }

  io::Task<Result<>> list(std::size_t r, std::size_t k) {
    const processing::Plan& plan = outcome_.plan;
    CO_TRY(auto part,
           co_await processing::package(steps_, plan, plan.renditions[r], k, audio_, folder_));
    processing::append_work(running_[r], part);
    parts_[r].push_back(std::move(part));
    if (outcome_.first_segment == Milliseconds{0}) outcome_.first_segment = elapsed();
    remember(r);
    co_return Result<>{};
  }

  void remember(std::size_t r) {
    const auto& rendition = outcome_.plan.renditions[r];
    outcome_.running[rendition.resolution].push_back(
        processing::running_playlist(outcome_.plan, running_[r]));
  }

  processing::Steps steps_;
  processing::Path folder_;
  processing::PlanConfig config_;
  Outcome outcome_;
  std::vector<processing::RunningRendition> running_;
  std::vector<std::vector<processing::PackagedWork>> parts_;
  processing::AudioManifest audio_;
  std::chrono::steady_clock::time_point start_;
};

}  // namespace shoal::tests
