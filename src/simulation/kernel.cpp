#include "simulation/kernel.h"

#include <cmath>
#include <utility>

#include "base/check.h"

namespace shoal::simulation {

namespace {

constexpr double k_most_drift = 0.5;

std::uint64_t mix(std::uint64_t sum, std::uint64_t value) {
  sum = (sum ^ value) * 0x9e3779b97f4a7c15ULL;
  return sum ^ (sum >> 32);
}

std::uint64_t pair_of(NodeId from, NodeId to) {
  return std::uint64_t{std::to_underlying(from)} << 32 | std::to_underlying(to);
}

void check(const Link& link) {
  SHOAL_CHECK(link.latency.count() >= 0 && link.jitter.count() >= 0);
  SHOAL_CHECK(link.loss >= 0 && link.loss <= 1);
}

}  // namespace

Kernel::NodeClock::NodeClock(const Kernel& kernel, Skew skew)
    : kernel_(kernel), skew_(skew), local_since_(kernel.now_), true_since_(kernel.now_) {
  SHOAL_CHECK(std::abs(skew.drift) <= k_most_drift);
}

Microseconds Kernel::NodeClock::local() const {
  const Microseconds since = kernel_.now_ - true_since_;
  const double drifted = static_cast<double>(since.count()) * skew_.drift;
  return local_since_ + since + Microseconds(static_cast<std::int64_t>(drifted));
}

UtcTime Kernel::NodeClock::now() const {
  return kernel_.begin_ + std::chrono::floor<Milliseconds>(local()) + skew_.offset;
}

SteadyTime Kernel::NodeClock::steady_now() const {
  return SteadyTime{local()};
}

void Kernel::NodeClock::set(Skew skew) {
  SHOAL_CHECK(std::abs(skew.drift) <= k_most_drift);
  local_since_ = local();
  true_since_ = kernel_.now_;
  skew_ = skew;
}

Microseconds Kernel::NodeClock::true_delay(Microseconds delay) const {
  if (skew_.drift == 0) return delay;
  return Microseconds(std::llround(static_cast<double>(delay.count()) / (1 + skew_.drift)));
}

Kernel::Kernel(std::uint64_t seed, UtcTime begin)
    : begin_(begin), random_(seed), true_clock_(*this, {}) {}

Kernel::Node& Kernel::at(NodeId node) {
  SHOAL_CHECK(std::to_underlying(node) < nodes_.size());
  return nodes_[std::to_underlying(node)];
}

const Kernel::Node& Kernel::at(NodeId node) const {
  SHOAL_CHECK(std::to_underlying(node) < nodes_.size());
  return nodes_[std::to_underlying(node)];
}

NodeId Kernel::add_node(std::string name, std::function<void()> start, Skew skew) {
  const NodeId id{static_cast<std::uint32_t>(nodes_.size())};
  SHOAL_CHECK(id != k_world);
  nodes_.push_back({std::move(name), std::move(start), NodeClock(*this, skew)});
  // As an event: the caller has the id before the program runs.
  after(id, Microseconds{0}, [this, id] {
    if (at(id).start) at(id).start();
  });
  return id;
}

void Kernel::set_skew(NodeId node, Skew skew) {
  at(node).clock.set(skew);
}

void Kernel::crash(NodeId node) {
  Node& it = at(node);
  if (!it.is_up) return;
  it.is_up = false;
  ++it.life;
}

void Kernel::restart(NodeId node) {
  Node& it = at(node);
  if (it.is_up) return;
  it.is_up = true;
  if (it.start) it.start();
}

void Kernel::push(Microseconds delay, NodeId owner, NodeId sender, Action action) {
  SHOAL_CHECK(delay.count() >= 0);
  const std::uint32_t life = owner == k_world ? 0 : at(owner).life;
  queue_.push({now_ + delay, 0, owner, sender, life, std::move(action)});
}

void Kernel::after(Microseconds delay, Action action) {
  push(delay, k_world, k_world, std::move(action));
}

void Kernel::after(NodeId node, Microseconds delay, Action action) {
  const Node& it = at(node);
  if (it.is_up) push(it.clock.true_delay(delay), node, k_world, std::move(action));
}

void Kernel::set_default_link(Link link) {
  check(link);
  default_link_ = link;
}

void Kernel::set_link(NodeId from, NodeId to, Link link) {
  check(link);
  SHOAL_CHECK(std::to_underlying(from) < nodes_.size() && std::to_underlying(to) < nodes_.size());
  links_[pair_of(from, to)] = link;
}

const Link& Kernel::link(NodeId from, NodeId to) const {
  const auto own = links_.find(pair_of(from, to));
  return own == links_.end() ? default_link_ : own->second;
}

void Kernel::send(NodeId from, NodeId to, Action action) {
  if (!at(from).is_up) return;
  ++counts_.sent;
  const Link& way = link(from, to);
  // Both are drawn in any case: what is lost changes nothing for those that come after.
  const bool is_lost = chance(random_, way.loss);
  const Microseconds delay = between(random_, way.latency, way.latency + way.jitter);
  if (is_lost || !at(to).is_up || is_cut_off(from, to)) {
    ++counts_.lost;
    return;
  }
  push(delay, to, from, std::move(action));
}

void Kernel::isolate(std::span<const NodeId> nodes) {
  for (Node& node : nodes_) node.is_isolated = false;
  for (const NodeId node : nodes) at(node).is_isolated = true;
}

bool Kernel::still_happens(const Event& event) {
  if (event.owner == k_world) return true;
  const bool lives = at(event.owner).life == event.life;
  if (event.sender == k_world) {
    if (!lives) ++counts_.outlived;
    return lives;
  }
  const bool arrives = lives && !is_cut_off(event.sender, event.owner);
  if (!arrives) ++counts_.lost;
  return arrives;
}

void Kernel::run_until(Microseconds end) {
  SHOAL_CHECK(end >= now_);
  while (!queue_.empty() && queue_.next_at() <= end) {
    Event event = queue_.pop();
    now_ = event.at;
    if (!still_happens(event)) continue;
    ++counts_.events;
    fingerprint_ = mix(fingerprint_, static_cast<std::uint64_t>(event.at.count()));
    fingerprint_ = mix(fingerprint_, event.number << 20 ^ std::to_underlying(event.owner));
    event.action();
  }
  now_ = end;
}

}  // namespace shoal::simulation
