#include "bench/autoscaler/farm.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/check.h"

namespace shoal::bench {

namespace {

using std::chrono::duration;

constexpr double k_forget = 0.999;  // of what was finished, with each job

double seconds(Microseconds time) {
  return duration<double>(time).count();
}

}  // namespace

Farm::Farm(std::uint64_t seed, UtcTime begin, const std::vector<Job>& jobs, std::uint32_t nodes)
    : kernel_(seed, begin),
      start_times_(seed + 1),
      jobs_(jobs),
      samples_(load_samples(jobs, begin)) {
  for (std::uint32_t i = 0; i < nodes; ++i) add(Microseconds{0});
}

DayResult Farm::run(Scaler& scaler) {
  if (!jobs_.empty()) kernel_.after(jobs_.front().at, [this] { arrive(0); });
  each_second();
  kernel_.after(k_period, [this, &scaler] { each_period(scaler); });
  kernel_.run_until(k_day);
  for (Worker& worker : workers_) end(worker);
  result_.node_hours = seconds(node_time_) / 3600;
  result_.events = kernel_.counts().events;
  return result_;
}

void Farm::add(Microseconds start_time) {
  const auto number = static_cast<std::uint32_t>(workers_.size());
  const auto node = kernel_.add_node(std::to_string(number));
  workers_.push_back({.node = node, .asked = kernel_.now()});
  kernel_.after(node, start_time, [this, number] {
    workers_[number].state = State::idle;
    idle_.push_back(number);
    hand_out();
  });
}

void Farm::start(std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; ++i) {
    add(simulation::between(start_times_, k_least_start, k_most_start));
  }
}

void Farm::arrive(std::size_t job) {
  queue_.push_back({job, kernel_.now()});
  queued_seconds_ += jobs_[job].estimate;
  periods_.back().work += jobs_[job].estimate;
  ++periods_.back().jobs;
  hand_out();
  if (job + 1 < jobs_.size()) {
    kernel_.after(jobs_[job + 1].at - kernel_.now(), [this, job] { arrive(job + 1); });
  }
}

void Farm::hand_out() {
  while (!(queue_.empty() && again_.empty()) && !idle_.empty()) {
    const std::uint32_t worker = idle_.back();
    idle_.pop_back();
    if (workers_[worker].state == State::idle) begin(worker);
  }
}

void Farm::begin(std::uint32_t number) {
  Worker& worker = workers_[number];
  worker.state = State::busy;
  auto& queue = again_.empty() ? queue_ : again_;
  worker.job = queue.front().job;
  worker.job_began = kernel_.now();
  queue.pop_front();
  const Job& job = jobs_[worker.job];
  queued_seconds_ -= job.estimate;
  begun_seconds_ += job.estimate;
  kernel_.after(worker.node, job.size, [this, number] { finish(number); });
}

void Farm::finish(std::uint32_t number) {
  Worker& worker = workers_[number];
  const Job& job = jobs_[worker.job];
  begun_seconds_ -= job.estimate;
  done_estimate_ = k_forget * done_estimate_ + job.estimate;
  done_time_ = k_forget * done_time_ + seconds(job.size);
  ++result_.jobs;
  worker.state = State::idle;
  if (worker.is_draining) {
    end(worker);
    return;
  }
  idle_.push_back(number);
  hand_out();
}

void Farm::end(Worker& worker) {
  if (worker.state == State::gone) return;
  worker.state = State::gone;
  kernel_.crash(worker.node);
  node_time_ += kernel_.now() - worker.asked;
}

Farm::Worker& Farm::find(const std::string& name) {
  std::size_t number = workers_.size();
  std::from_chars(name.data(), name.data() + name.size(), number);
  SHOAL_CHECK(number < workers_.size());
  return workers_[number];
}

void Farm::drain(const std::string& name) {
  Worker& worker = find(name);
  worker.is_draining = true;
  if (worker.state != State::busy) end(worker);
}

void Farm::resume(const std::string& name) {
  find(name).is_draining = false;
}

void Farm::terminate(const std::string& name) {
  Worker& worker = find(name);
  drain(name);
  if (worker.state != State::busy) return;
  const auto number = std::to_underlying(worker.node);
  // The one that is done before then is gone, and this timer with it.
  kernel_.after(worker.node, k_grace, [this, number] {
    Worker& it = workers_[number];
    again_.push_back({it.job, kernel_.now()});
    begun_seconds_ -= jobs_[it.job].estimate;
    queued_seconds_ += jobs_[it.job].estimate;
    ++result_.interrupted;
    end(it);
    hand_out();
  });
}

Microseconds Farm::oldest_wait() const {
  Microseconds since = kernel_.now();
  for (const auto* queue : {&queue_, &again_}) {
    if (!queue->empty()) since = std::min(since, queue->front().since);
  }
  return kernel_.now() - since;
}

void Farm::each_second() {
  const Microseconds wait = oldest_wait();
  if (wait > k_target_wait) ++result_.wait_over_target;
  result_.longest_wait = std::max(result_.longest_wait, seconds(wait));
  kernel_.after(Seconds(1), [this] { each_second(); });
}

void Farm::each_period(Scaler& scaler) {
  scaler.look(*this);
  const auto alive = std::ranges::count_if(
      workers_, [](const Worker& worker) { return worker.state != State::gone; });
  result_.most_nodes = std::max(result_.most_nodes, static_cast<std::uint64_t>(alive));
  periods_.emplace_back();
  kernel_.after(k_period, [this, &scaler] { each_period(scaler); });
}

scaling::Arrivals Farm::arrived(std::size_t before, std::size_t periods) const {
  const std::size_t end = periods_.size() - std::min(before, periods_.size());
  const std::size_t count = std::min(periods, end);
  scaling::Arrivals arrivals{.time = k_period * count};
  for (std::size_t i = end - count; i < end; ++i) {
    arrivals.work_seconds += periods_[i].work;
    arrivals.jobs += periods_[i].jobs;
  }
  return arrivals;
}

double Farm::throughput() const {
  return done_time_ > 0 ? done_estimate_ / done_time_ : 0;
}

std::vector<scaling::FleetNode> Farm::nodes() const {
  std::vector<scaling::FleetNode> nodes;
  const UtcTime begin = clock().now() - std::chrono::floor<Milliseconds>(kernel_.now());
  for (const Worker& worker : workers_) {
    if (worker.state == State::gone) continue;
    scaling::FleetNode node{.name = kernel_.name(worker.node),
                            .since = begin + std::chrono::floor<Milliseconds>(worker.asked)};
    switch (worker.state) {
      case State::starting:
        node.state = scaling::FleetState::starting;
        break;
      case State::busy: {
        node.state = worker.is_draining ? scaling::FleetState::draining : scaling::FleetState::busy;
        const double left = jobs_[worker.job].estimate - seconds(kernel_.now() - worker.job_began);
        node.work_left = Seconds(static_cast<std::int64_t>(std::max(0.0, left)));
        break;
      }
      default:
        node.state = scaling::FleetState::idle;
    }
    nodes.push_back(std::move(node));
  }
  return nodes;
}

std::span<const scaling::LoadSample> Farm::samples() const {
  return {samples_.data(), static_cast<std::size_t>(kernel_.now() / Microseconds(k_sample))};
}

}  // namespace shoal::bench
