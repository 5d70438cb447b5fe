#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "api/core/json_writer.h"
#include "net/http/message.h"

namespace shoal::api {

inline constexpr std::string_view k_json_type = "application/json; charset=utf-8";

net::Response json_response(std::string body, int status = 200);
inline net::Response json_response(JsonWriter& json, int status = 200) {
  return json_response(json.take(), status);
}
/// A rendered answer that is shared by many requests.
net::Response json_response(std::shared_ptr<const std::string> body);
net::Response no_content();
net::Response redirect(int status, std::string_view location);

/// `{"total": n, "data": [ … ]}`
template <class Items, class Each>
net::Response list_response(std::int64_t total, const Items& items, Each&& each) {
  JsonWriter json(4096);
  json.object([&] {
    json.field("total", total).key("data");
    json.array(items, [&](const auto& item) { each(json, item); });
  });
  return json_response(json);
}

}  // namespace shoal::api
