#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace shoal::blob {

/// Who a store belongs to; written once into its root as `.shoal-store`, so that an unmounted disk
/// is "offline" and never "empty", and another instance's folder is never taken for ours.
struct StoreIdentity {
  std::string store_id;     ///< UUID of this store
  std::string instance_id;  ///< of the instance that registered it
  std::int64_t generation = 1;
  friend bool operator==(const StoreIdentity&, const StoreIdentity&) = default;
};

/// What is known of a store before its root is looked at.
struct StoreRegistration {
  std::string instance_id;
  std::optional<StoreIdentity> marker{};  ///< exactly this one is needed
  bool holds_objects = false;             ///< copies are recorded in it: an empty root is not it
  std::optional<std::string> claim_id{};  ///< the store_id to claim with; nothing: a new one
};

inline constexpr std::string_view k_marker_name = ".shoal-store";

/// A public object beside it, in stores to whose objects viewers are sent: base URLs are asked for
/// it, to see whether they work.
inline constexpr std::string_view k_public_check_name = ".shoal-public";
inline constexpr std::string_view k_public_check_text =
    "Shoal looks here whether public objects can be read.\n";

/// docs/formats/store-marker.md: the JSON in `.shoal-store`. Errors: corrupt.
std::string format_marker(const StoreIdentity& identity);
Result<StoreIdentity> parse_marker(std::string_view text);

/// Where a store is looked for, in an administrator's words.
struct StorePlace {
  std::string store;   ///< its name
  std::string where;   ///< "/var/lib/shoal/media", "bucket videos at s3.example.org"
  std::string remedy;  ///< what to do when it is the right place but not reachable as it was
};

/// Whether what was found in a place (not_found: no marker) is the store that is known. Pure.
/// Errors: not_found (nobody's yet, and nothing is recorded in it: it may be claimed), unavailable
/// (another instance's, another store, or its marker is gone: says what to do), and those of
/// `found`.
Result<StoreIdentity> judge_marker(const StorePlace& place, Result<StoreIdentity> found,
                                   const StoreRegistration& known);

}  // namespace shoal::blob
