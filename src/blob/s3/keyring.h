#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "blob/s3/credentials.h"
#include "blob/s3/sigv4.h"
#include "io/single_flight.h"
#include "io/task.h"

namespace shoal::blob::s3 {

/// The keys of one store: those it was given, or a role's, which end after some hours and are asked
/// for again before. While that fails the old ones are used to their end. Who needs keys waits for
/// them only where there are none. Any thread.
class Keyring {
 public:
  struct Config {
    std::string store;
    std::string region;
    Credentials given;
    std::optional<RolePlace> role{};  ///< where none are given
  };
  Keyring(Config config, const Clock& clock, Random& random);

  struct Keys {
    std::shared_ptr<const Signer> signer;
    std::optional<UtcTime> end{};  ///< nothing: they last
  };
  /// Keys that are good now. Errors: unavailable (says where they were looked for and why there are
  /// none); where the last question failed, at once for some seconds.
  io::Task<Result<Keys>> keys();
  /// The same without asking anybody.
  Result<Keys> held() const;
  /// Asks for the next keys when the end of these comes near. To be called every half minute by who
  /// looks after the store, so that nobody else ever waits for that.
  io::Task<> renew_early();

 private:
  bool is_usable(UtcTime now) const;
  Milliseconds early() const;
  bool take_turn(Milliseconds before_end);
  io::Task<> ask();
  void take(Result<LentCredentials> lent);

  const Config config_;
  const Clock& clock_;
  Random& random_;
  io::SingleFlight<bool> first_keys_;
  mutable std::mutex mutex_;
  Keys keys_;  ///< under mutex_, as what follows
  /// How long before their end the next are asked for.
  Milliseconds early_{0};
  SteadyTime next_question_{};
  unsigned failures_ = 0;
  std::string why_none_;
};

}  // namespace shoal::blob::s3
