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
    CO_TRY_VOID(co_await begin(source));
    for (std::size_t k = 1; k < plan.work_segments.size(); ++k) {
      CO_TRY_VOID(co_await encode(source, k));
      CO_TRY_VOID(co_await list_encoded(k));
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

  /// The sound, the copied picture and the first work segment at the same time: nothing can be
  /// watched before the first of them are there.
  io::Task<Result<>> begin(processing::Path source) {
    const auto executor = co_await boost::asio::this_coro::executor;
    Result<> sound;
    Result<> copied;
    Result<> encoded;
    io::TaskGroup quick(executor, "sound");
    io::TaskGroup slow(executor, "first segment");
    quick.spawn(keep(make_sound(source), &sound));
    if (outcome_.plan.copies_top()) quick.spawn(keep(copy(source), &copied));
    slow.spawn(keep(encode(source, 0), &encoded));
    co_await quick.drain();
    if (outcome_.plan.copies_top() && sound && copied) copied = co_await list_copied();
    co_await slow.drain();
    for (const Result<>& result : {sound, copied, encoded}) {
      if (!result) co_return result;
    }
    co_return co_await list_encoded(0);
  }

  static io::Task<> keep(io::Task<Result<>> task, Result<>* result) {
    *result = co_await std::move(task);
  }

  io::Task<Result<>> make_sound(processing::Path source) {
    CO_TRY(audio_, co_await processing::make_audio(steps_, outcome_.plan, {}, source, folder_, {}));
    co_return Result<>{};
  }

  io::Task<Result<>> copy(processing::Path source) {
    co_return co_await processing::copy_top(steps_, outcome_.plan, source, folder_, {});
  }

  io::Task<Result<>> list_copied() {
    for (std::size_t k = 0; k < outcome_.plan.work_segments.size(); ++k) {
      CO_TRY_VOID(co_await list(0, k));
    }
    co_return Result<>{};
  }

  io::Task<Result<>> encode(processing::Path source, std::size_t k) {
    co_return co_await processing::encode_work(steps_, outcome_.plan, k, source, folder_);
  }

  io::Task<Result<>> list_encoded(std::size_t k) {
    const std::size_t first = outcome_.plan.copies_top() ? 1 : 0;
    for (std::size_t r = first; r < outcome_.plan.renditions.size(); ++r) {
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
