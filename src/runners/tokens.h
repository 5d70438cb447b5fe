#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/ids.h"
#include "base/random.h"
#include "jobs/queue.h"

/// The secrets of PeerTube's runner protocol and its names of jobs. Pure but for the random bytes.
namespace shoal::runners {

using RunnerId = Id<struct RunnerTag>;
using RegistrationTokenId = Id<struct RegistrationTokenTag>;

/// "ptrrt-…": lets a machine register. "ptrt-…": what it is known by from then on.
std::string new_registration_token(Random& random);
std::string new_runner_token(Random& random);
/// SHA-256 in hex: all that is stored of a runner's token.
std::string token_hash(std::string_view runner_token);

/// The protocol names jobs by UUIDs. Ours are made of the number; who may touch a job is decided by
/// tokens alone.
std::string uuid_of(JobId job);
std::optional<JobId> job_of(std::string_view uuid);

/// What a job token says: a lease, and when it ends however often it is extended.
struct ProvedLease {
  jobs::LeaseKey key;
  UtcTime last{};
  friend bool operator==(const ProvedLease&, const ProvedLease&) = default;
};

/// "ptrjt-<fence>-<end in ms>-<hex>": proves one lease of one job to one runner, signed and stored
/// nowhere. Immutable, any thread.
class JobTokens {
 public:
  /// `secret` is at least 32 random bytes that all nodes of the instance share.
  explicit JobTokens(std::string secret) : secret_(std::move(secret)) {}

  std::string sign(const ProvedLease& lease, RunnerId runner) const;
  /// The lease that it was given for, which may be over; nothing for one that is forged or another
  /// job's or runner's.
  std::optional<ProvedLease> verify(std::string_view token, JobId job, RunnerId runner) const;
  /// Where what a lease makes of a rendition waits in a store until it is checked. Nobody can tell
  /// it without the secret, and no two leases share it.
  std::string result_key(jobs::LeaseKey lease, std::uint32_t resolution) const;

 private:
  std::string signature(const ProvedLease& lease, RunnerId runner) const;
  std::string secret_;
};

}  // namespace shoal::runners
