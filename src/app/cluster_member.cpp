#include "app/cluster_member.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <array>

#include "app/sharing.h"
#include "base/log.h"
#include "base/machine_labels.h"
#include "db/migrations.h"
#include "io/runtime.h"

namespace shoal::app {
namespace {

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "node";
  return name.data();
}

}  // namespace

scaling::NodeProfile node_profile(const Config& config, std::string id, std::uint16_t port) {
  return {.id = std::move(id),
          .name = config.cluster.node_name.empty() ? fmt::format("{}:{}", host_name(), port)
                                                   : config.cluster.node_name,
          .roles = "api delivery worker control",
          .region = config.cluster.node_region,
          .labels = to_words(ordered(config.cluster.node_labels)),
          .address = "",
          .version = SHOAL_VERSION,
          .schema_version = db::embedded_migrations().back().version,
          .cores = static_cast<std::int64_t>(io::usable_cores()),
          .unshared = fmt::format("{}", fmt::join(what_is_unshared(config), ", "))};
}

ClusterMember::ClusterMember(const Services& services, Milliseconds drain_timeout)
    : clock_(services.clock), drain_(drain_timeout) {}

Result<std::unique_ptr<ClusterMember>> ClusterMember::join(const Services& services,
                                                           const scaling::NodeProfile& profile,
                                                           Milliseconds drain_timeout) {
  std::unique_ptr<ClusterMember> made(new ClusterMember(services, drain_timeout));
  if (services.database.engine() == db::Engine::sqlite) return made;
  made->is_alone_ = !profile.unshared.empty();
  TRY(made->membership_, scaling::Membership::join(services.database, profile, services.executor));
  made->duties_ = std::make_unique<scaling::Duties>(services.database, profile.id, services.clock,
                                                    services.metrics, services.executor);
  return made;
}

void ClusterMember::start(Hooks hooks) {
  if (!membership_) return;
  hooks_ = std::move(hooks);
  duties_->start();
  membership_->start({.load = hooks_.load,
                      .on_beat = [this](const scaling::Standing& standing) { attend(standing); },
                      .on_lost =
                          [this] {
                            was_lost_ = true;
                            end();
                          }});
}

io::Task<> ClusterMember::stop() {
  if (!membership_) co_return;
  co_await duties_->stop();
  co_await membership_->stop();
}

std::optional<db::Fence> ClusterMember::turn() const {
  return duties_ ? duties_->turn() : db::unfenced();
}

void ClusterMember::attend(const scaling::Standing& standing) {
  const auto step = drain_.step(standing.wanted, clock_.steady_now(), hooks_.load().running_jobs);
  if (std::exchange(is_draining_, !step.takes_work) != is_draining_)
    log::info(is_draining_ ? "draining: no new work is taken" : "draining was called off");
  duties_->set_wanted(step.takes_work);
  hooks_.set_draining(is_draining_);
  hooks_.set_nodes(standing.nodes);
  if (step.ends) end();
}

void ClusterMember::end() {
  if (!std::exchange(is_ending_, true)) hooks_.end();
}

}  // namespace shoal::app
