#include "api/core/caller.h"

#include "base/text.h"

namespace shoal::api {

std::optional<std::string_view> bearer_token(const net::Headers& headers) {
  const auto header = headers.find("Authorization");
  constexpr std::string_view k_scheme = "Bearer ";
  if (!header || header->size() <= k_scheme.size()) return std::nullopt;
  if (!iequals(header->substr(0, k_scheme.size()), k_scheme)) return std::nullopt;
  return trim(header->substr(k_scheme.size()));
}

Problem missing_token() {
  return Problem(401, "Token is invalid").with_code("unauthorized_request");
}

Callers::Callers(db::Database& database, Clock& clock, Metrics& metrics)
    : database_(database),
      clock_(clock),
      entries_metric_(metrics.gauge("shoal_token_cache_entries",
                                    "Token look-ups kept in memory (at most 10000)")) {}

io::Task<Answer<Caller>> Callers::identify(const net::Headers& headers) {
  const auto token = bearer_token(headers);
  if (!token) co_return Caller{};
  co_return co_await identify_token(std::string(*token));
}

bool Callers::knows(const net::Headers& headers) {
  const auto token = bearer_token(headers);
  return !token || find(catalog::token_hash(*token)).has_value();
}

io::Task<Answer<Caller>> Callers::identify_token(std::string token) {
  std::string hash = catalog::token_hash(token);
  if (auto owner = find(hash)) co_return Caller{std::move(owner)};
  std::uint64_t generation = 0;
  {
    const std::scoped_lock lock(mutex_);
    generation = generation_;
  }
  const UtcTime now = clock_.now();
  CO_TRY(auto owner,
         co_await database_.read(
             [hash, now](db::Session& session) -> Result<std::optional<catalog::TokenOwner>> {
               return catalog::find_token_owner(session, hash, now);
             }));
  if (!owner) co_return refuse(Problem(401, "Token is invalid").with_code("invalid_token"));
  keep(hash, *owner, generation);
  co_return Caller{std::move(owner)};
}

std::optional<catalog::TokenOwner> Callers::find(const std::string& hash) {
  const SteadyTime now = clock_.steady_now();
  const UtcTime wall = clock_.now();
  const std::scoped_lock lock(mutex_);
  const auto found = entries_.find(hash);
  if (found == entries_.end()) return std::nullopt;
  if (found->second.looked_up + k_keep <= now || found->second.owner.expires_at <= wall) {
    entries_.erase(found);
    return std::nullopt;
  }
  return found->second.owner;
}

void Callers::keep(const std::string& hash, const catalog::TokenOwner& owner,
                   std::uint64_t generation) {
  const SteadyTime now = clock_.steady_now();
  const std::scoped_lock lock(mutex_);
  if (generation != generation_) return;
  if (entries_.size() >= k_limit) {
    std::erase_if(entries_,
                  [&](const auto& entry) { return entry.second.looked_up + k_keep <= now; });
  }
  if (entries_.size() >= k_limit) entries_.clear();
  entries_.insert_or_assign(hash, Entry{owner, now});
  entries_metric_.set(static_cast<double>(entries_.size()));
}

void Callers::forget(UserId user) {
  const std::scoped_lock lock(mutex_);
  ++generation_;
  std::erase_if(entries_, [&](const auto& entry) { return entry.second.owner.id == user; });
}

}  // namespace shoal::api
