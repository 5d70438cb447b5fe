#include "scaling/nodes/duties.h"

#include "base/log.h"

namespace shoal::scaling {
namespace {

constexpr const char* k_channel = "cluster.duties";

}  // namespace

Duties::Duties(db::Database& database, std::string owner, const Clock& clock, Metrics& metrics,
               io::Executor executor)
    : database_(database),
      owner_(std::move(owner)),
      clock_(clock),
      held_metric_(metrics.gauge("shoal_cluster_duties",
                                 "Whether this node does what the cluster does once")),
      tasks_(std::move(executor), "duties") {}

void Duties::start() {
  tasks_.spawn(keep());
}

io::Task<> Duties::stop() {
  // By flag: a cancelled acquire() might leave a lease behind that nobody knows of.
  is_stopping_ = true;
  database_.notifier().signal(k_channel);
  co_await tasks_.drain();
  set_wanted(false);
  co_await tend();
}

void Duties::set_wanted(bool wanted) {
  if (is_wanted_.exchange(wanted) != wanted) database_.notifier().signal(k_channel);
}

std::optional<db::Fence> Duties::turn() const {
  const std::scoped_lock lock(mutex_);
  if (!hold_.is_held(clock_.steady_now())) return std::nullopt;
  return [lease = *hold_.lease()](db::Session& session) { return db::check_lease(session, lease); };
}

std::optional<db::Lease> Duties::take(db::Session& session, std::string_view owner) {
  // A look first: who finds that another has it locks no row.
  const auto others = session.query_one(
      "select 1 from lease where name = :name and owner <> :owner and expires_at > :now",
      {k_lease, owner, session.now()});
  if (others) return std::nullopt;
  return db::take_over_lease(session, k_lease, owner, k_duration);
}

io::Task<> Duties::keep() {
  auto& notifier = database_.notifier();
  while (!is_stopping_) {
    const auto seen = notifier.count(k_channel);
    co_await tend();
    if (!is_stopping_) co_await notifier.wait(k_channel, seen, k_beat_every);
  }
}

io::Task<> Duties::tend() {
  const SteadyTime asked_at = clock_.steady_now();
  std::optional<db::Lease> lease;
  {
    const std::scoped_lock lock(mutex_);
    lease = hold_.lease();
  }
  if (!is_wanted_) {
    if (lease) co_await release(*std::move(lease));
  } else if (lease) {
    co_await renew(*std::move(lease), asked_at);
  } else {
    co_await acquire(asked_at);
  }
}

io::Task<> Duties::acquire(SteadyTime asked_at) {
  using Taken = std::optional<db::Lease>;
  auto taken = co_await database_.write_urgent(
      [owner = owner_](db::Session& session) -> Result<Taken> { return take(session, owner); });
  if (!taken) {
    log::warn("the cluster's duties were not asked for", {{"reason", taken.error().message}});
  } else if (*taken) {
    log::info("this node does the cluster's duties");
    const std::scoped_lock lock(mutex_);
    hold_.granted(**std::move(taken), asked_at);
    held_metric_.set(1);
  }
}

io::Task<> Duties::renew(db::Lease lease, SteadyTime asked_at) {
  const auto renewed = co_await database_.write_urgent(
      [lease](db::Session& session) { return db::renew_lease(session, lease, k_duration); });
  const std::scoped_lock lock(mutex_);
  if (renewed) {
    hold_.granted(std::move(lease), asked_at);
  } else if (renewed.error().code == ErrorCode::conflict) {
    log::warn("another node does the cluster's duties now");
    hold_.lost();
    held_metric_.set(0);
  } else {
    log::warn("the cluster's duties were not renewed", {{"reason", renewed.error().message}});
  }
}

io::Task<> Duties::release(db::Lease lease) {
  {
    const std::scoped_lock lock(mutex_);
    hold_.lost();
    held_metric_.set(0);
  }
  const auto released =
      co_await database_.write_urgent([lease = std::move(lease)](db::Session& session) -> Result<> {
        db::release_lease(session, lease);
        session.notify(k_channel);
        return {};
      });
  if (!released)
    log::warn("the cluster's duties were not given back", {{"reason", released.error().message}});
}

}  // namespace shoal::scaling
