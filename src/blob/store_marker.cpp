#include "blob/store_marker.h"

#include <fmt/format.h>

#include <boost/json.hpp>

namespace shoal::blob {

std::string format_marker(const StoreIdentity& identity) {
  return boost::json::serialize(boost::json::object{{"format", 1},
                                                    {"store", identity.store_id},
                                                    {"instance", identity.instance_id},
                                                    {"generation", identity.generation}}) +
         "\n";
}

Result<StoreIdentity> parse_marker(std::string_view text) {
  const auto broken = [] { return fail(ErrorCode::corrupt, "the store's marker cannot be read"); };
  boost::system::error_code error;
  const auto value = boost::json::parse(text, error);
  const auto* object = error ? nullptr : value.if_object();
  if (object == nullptr) return broken();
  const auto text_at = [&](const char* key) -> std::string {
    const auto* found = object->if_contains(key);
    return found != nullptr && found->is_string() ? std::string(found->get_string()) : "";
  };
  const auto* format = object->if_contains("format");
  const auto* generation = object->if_contains("generation");
  StoreIdentity identity{text_at("store"), text_at("instance"), 0};
  const bool whole = format != nullptr && *format == 1 && generation != nullptr &&
                     generation->is_int64() && !identity.store_id.empty() &&
                     !identity.instance_id.empty();
  if (!whole) return broken();
  identity.generation = generation->get_int64();
  return identity;
}

namespace {

/// What an administrator can do about a store that is not where it should be.
std::unexpected<Error> offline(const StorePlace& place, std::string_view why) {
  return fail(ErrorCode::unavailable,
              fmt::format("store {} is offline: {} {}. {} If this is to be the store from now on, "
                          "run `shoal store accept {}`, then `shoal storage verify --quick` to see "
                          "which files it lacks.",
                          place.store, place.where, why, place.remedy, place.store));
}

}  // namespace

Result<StoreIdentity> judge_marker(const StorePlace& place, Result<StoreIdentity> found,
                                   const StoreRegistration& known) {
  const bool missing = !found && found.error().code == ErrorCode::not_found;
  if (missing && (known.marker || known.holds_objects))
    return offline(place, fmt::format("has no {} marker", k_marker_name));
  if (!found) return found;
  if (found->instance_id != known.instance_id) {
    return fail(ErrorCode::unavailable,
                fmt::format("{} is the store of another Shoal instance ({}). Choose another place.",
                            place.where, found->instance_id));
  }
  if (known.marker && *found != *known.marker) {
    return offline(place, fmt::format("holds store {} of generation {}, not {} of generation {}",
                                      found->store_id, found->generation, known.marker->store_id,
                                      known.marker->generation));
  }
  return found;
}

}  // namespace shoal::blob
