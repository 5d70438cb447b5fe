#include "blob/s3/keyring.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "base/text.h"
#include "blob/s3/role_keys.h"

namespace shoal::blob::s3 {
namespace {

/// Short-lived keys are renewed in the last quarter of their life.
constexpr Milliseconds k_earliest{15 * 60'000};
constexpr int k_lives_per_early = 4;
/// Of that time a random part of up to an eighth is let pass: not all servers of a site ask at
/// once.
constexpr std::int64_t k_jitter_share = 8;
/// When nobody looks after the store, whoever makes a request in the last part of it asks.
constexpr int k_earlies_per_late = 4;
constexpr Seconds k_between_renewals{30};
constexpr Seconds k_first_pause{5};
constexpr Seconds k_longest_pause{60};

}  // namespace

Keyring::Keyring(Config config, const Clock& clock, Random& random)
    : config_(std::move(config)),
      clock_(clock),
      random_(random),
      why_none_("nobody was asked yet") {
  if (!config_.role) keys_.signer = std::make_shared<const Signer>(config_.given, config_.region);
}

bool Keyring::is_usable(UtcTime now) const {
  return keys_.signer != nullptr && (!keys_.end || now < *keys_.end);
}

Result<Keyring::Keys> Keyring::held() const {
  const std::scoped_lock lock(mutex_);
  if (is_usable(clock_.now())) return keys_;
  if (keys_.end) {
    return fail(ErrorCode::unavailable,
                fmt::format("the keys of store {} ended at {}; new ones of {}: {}", config_.store,
                            to_iso8601(*keys_.end), describe(*config_.role), why_none_));
  }
  return fail(ErrorCode::unavailable,
              fmt::format("store {} has no keys: neither the configuration, nor AWS_ACCESS_KEY_ID "
                          "and AWS_SECRET_ACCESS_KEY, nor ~/.aws/credentials have any; {}: {}",
                          config_.store, describe(*config_.role), why_none_));
}

Milliseconds Keyring::early() const {
  const std::scoped_lock lock(mutex_);
  return early_;
}

/// Whether the caller is to ask now. While there are keys, others are told no for a while; where
/// there are none, they wait for who asks.
bool Keyring::take_turn(Milliseconds before_end) {
  const std::scoped_lock lock(mutex_);
  const SteadyTime now = clock_.steady_now();
  const bool is_due = !keys_.signer || (keys_.end && clock_.now() + before_end >= *keys_.end);
  if (!config_.role || !is_due || now < next_question_) return false;
  if (is_usable(clock_.now())) next_question_ = now + k_between_renewals;
  return true;
}

io::Task<Result<Keyring::Keys>> Keyring::keys() {
  if (auto usable = held()) {
    if (!take_turn(early() / k_earlies_per_late)) co_return usable;
    co_await ask();
    co_return held();
  }
  // There are none: all wait for the one who asks.
  auto boarded = co_await first_keys_.board("keys");
  if (boarded.turn && !held() && take_turn({})) co_await ask();
  if (boarded.turn) boarded.turn->land(true);
  co_return held();
}

io::Task<> Keyring::renew_early() {
  if (held() && take_turn(early())) co_await ask();
}

io::Task<> Keyring::ask() {
  take(co_await ask_for_keys(*config_.role));
}

void Keyring::take(Result<LentCredentials> lent) {
  if (lent && lent->end <= clock_.now())
    lent = fail(ErrorCode::unavailable, "its keys have ended; compare this machine's clock");
  const std::scoped_lock lock(mutex_);
  if (lent) {
    failures_ = 0;
    early_ = std::min(k_earliest, (lent->end - clock_.now()) / k_lives_per_early);
    early_ -= Milliseconds(random_.below(early_.count() / k_jitter_share + 1));
    const bool are_new = !keys_.end || *keys_.end != lent->end;
    keys_ = {std::make_shared<const Signer>(std::move(lent->keys), config_.region), lent->end};
    if (are_new) {
      log::info("a store has new keys",
                {{"store", config_.store}, {"until", to_iso8601(lent->end)}});
    }
    return;
  }
  why_none_ = lent.error().message;
  const Seconds pause = std::min(k_longest_pause, k_first_pause * (1 << std::min(failures_++, 4U)));
  next_question_ = clock_.steady_now() + pause;
  if (is_usable(clock_.now())) {
    log::warn("a store's keys could not be renewed yet",
              {{"store", config_.store}, {"until", to_iso8601(*keys_.end)}, {"reason", why_none_}});
  }
}

}  // namespace shoal::blob::s3
