#include "delivery/store_doors.h"

#include <algorithm>
#include <array>
#include <iterator>

namespace shoal::delivery {
namespace {

constexpr Seconds k_redirect_life{3600};
constexpr Seconds k_shortest_play{4 * 3600};
constexpr Seconds k_pauses{3600};
/// The longest that Signature Version 4 knows.
constexpr Seconds k_longest_life{7 * 24 * 3600};

Seconds no_longer_than(Seconds life, std::optional<UtcTime> until, UtcTime now) {
  if (until) life = std::min(life, std::chrono::floor<Seconds>(*until - now));
  return std::clamp(life, Seconds{1}, k_longest_life);
}

constexpr std::size_t k_ranks = 4;

std::size_t rank_of(const StoreDoors& doors) {
  if (!doors.is_remote) return 0;
  return doors.is_away && doors.is_away() ? 2 : 1;
}

}  // namespace

std::string_view to_string(Door door) {
  switch (door) {
    case Door::proxy:
      return "proxy";
    case Door::presigned:
      return "presigned";
    case Door::redirect:
      return "redirect";
  }
  return "proxy";
}

Door choose_door(const Passage& passage) {
  if (!passage.may_leave || passage.door == Door::proxy) return Door::proxy;
  if (passage.door == Door::redirect) {
    if (passage.is_restricted) return Door::proxy;
    if (passage.has_base_url && !passage.is_download) return Door::redirect;
  }
  // A presigned URL is signed for GET alone; and we know all that a HEAD asks for.
  return passage.can_presign && !passage.is_head ? Door::presigned : Door::proxy;
}

std::vector<Candidate> order_copies(std::span<const Copy> copies, const DoorsLookup& lookup,
                                    std::span<const Copy> except,
                                    const std::function<bool(const Copy&)>& comes_last) {
  std::array<std::vector<Candidate>, k_ranks> by_rank;
  for (const Copy& copy : copies) {
    const StoreDoors* doors = lookup(copy.store);
    if (doors == nullptr || std::ranges::find(except, copy) != except.end()) continue;
    const bool is_last = comes_last && comes_last(copy);
    by_rank.at(is_last ? k_ranks - 1 : rank_of(*doors)).push_back({copy, doors});
  }
  std::vector<Candidate> ordered;
  for (auto& candidates : by_rank) std::ranges::move(candidates, std::back_inserter(ordered));
  return ordered;
}

Seconds redirect_life(std::optional<UtcTime> until, UtcTime now) {
  return no_longer_than(k_redirect_life, until, now);
}

Seconds play_life(Seconds duration, std::optional<UtcTime> until, UtcTime now) {
  return no_longer_than(std::max(k_shortest_play, duration + k_pauses), until, now);
}

}  // namespace shoal::delivery
