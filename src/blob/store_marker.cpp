#include "blob/store_marker.h"

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

}  // namespace shoal::blob
