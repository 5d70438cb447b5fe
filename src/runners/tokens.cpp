#include "runners/tokens.h"

#include <fmt/format.h>

#include <charconv>
#include <span>

#include "base/digest.h"
#include "base/text.h"

namespace shoal::runners {
namespace {

constexpr std::string_view k_job_prefix = "00000000-0000-4000-8000-";
constexpr std::size_t k_uuid_length = 36;
constexpr int k_hex = 16;
constexpr std::string_view k_job_token = "ptrjt-";

}  // namespace

std::string new_registration_token(Random& random) {
  return "ptrrt-" + Uuid::generate(random).text();
}

std::string new_runner_token(Random& random) {
  return "ptrt-" + Uuid::generate(random).text();
}

std::string token_hash(std::string_view runner_token) {
  return to_hex(Sha256::of(runner_token));
}

std::string uuid_of(JobId job) {
  return fmt::format("{}{:012x}", k_job_prefix, job.value);
}

std::optional<JobId> job_of(std::string_view uuid) {
  if (uuid.size() != k_uuid_length || !uuid.starts_with(k_job_prefix)) return std::nullopt;
  const std::string digits(uuid.substr(k_job_prefix.size()));
  std::int64_t id = 0;
  const char* const end = digits.c_str() + digits.size();
  const auto parsed = std::from_chars(digits.c_str(), end, id, k_hex);
  if (parsed.ec != std::errc() || parsed.ptr != end || id <= 0) return std::nullopt;
  return JobId{id};
}

std::string JobTokens::sign(const ProvedLease& lease, RunnerId runner) const {
  return fmt::format("{}{}-{}-{}", k_job_token, lease.key.fence, to_millis(lease.last),
                     signature(lease, runner));
}

std::optional<ProvedLease> JobTokens::verify(std::string_view token, JobId job,
                                             RunnerId runner) const {
  if (!token.starts_with(k_job_token)) return std::nullopt;
  token.remove_prefix(k_job_token.size());
  const std::size_t first = token.find('-');
  const std::size_t second = first == token.npos ? first : token.find('-', first + 1);
  if (second == token.npos) return std::nullopt;
  const auto fence = parse_int(token.substr(0, first));
  const auto last = parse_int(token.substr(first + 1, second - first - 1));
  if (!fence || !last) return std::nullopt;
  const ProvedLease lease{{job, *fence}, from_millis(*last)};
  if (!constant_time_equals(token.substr(second + 1), signature(lease, runner)))
    return std::nullopt;
  return lease;
}

std::string JobTokens::signature(const ProvedLease& lease, RunnerId runner) const {
  return to_hex(
      hmac_sha256(secret_, fmt::format("runner job {} {} {} {}", lease.key.id.value,
                                       lease.key.fence, to_millis(lease.last), runner.value)));
}

std::string JobTokens::result_key(jobs::LeaseKey lease, std::uint32_t resolution) const {
  return fmt::format(
      "results/{}",
      to_hex(hmac_sha256(secret_, fmt::format("runner result {} {} {}", lease.id.value, lease.fence,
                                              resolution))));
}

}  // namespace shoal::runners
