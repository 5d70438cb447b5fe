#include "api/core/reply.h"
#include "api/instance/public_config.h"
#include "api/instance/routes.h"

namespace shoal::api {
namespace {

io::Task<Reply> get_config(Call& call) {
  co_return json_response(co_await public_config(call.context));
}

io::Task<Reply> get_about(Call& call) {
  const auto settings = co_await call.context.settings.get();
  const auto& instance = settings->instance;
  JsonWriter json;
  json.object([&] {
    json.key("instance").object([&] {
      json.field("name", instance.name).field("shortDescription", instance.short_description);
      json.field("description", instance.description).field("terms", instance.terms);
      json.field("codeOfConduct", instance.code_of_conduct);
      json.field("hardwareInformation", instance.hardware_information);
      json.field("creationReason", instance.creation_reason);
      json.field("moderationInformation", instance.moderation_information);
      json.field("administrator", instance.administrator);
      json.field("maintenanceLifetime", instance.maintenance_lifetime);
      json.field("businessModel", instance.business_model);
      json.key("languages");
      json.array(instance.languages, [&](const std::string& tag) { json.value(tag); });
      json.key("categories");
      json.array(instance.categories, [&](std::int64_t id) { json.value(id); });
      json.key("banners").raw("[]").key("avatars").raw("[]");
    });
  });
  co_return json_response(json);
}

io::Task<Reply> ping(Call&) {
  co_return net::Response::text(200, "pong", "text/plain; charset=utf-8");
}

}  // namespace

void add_config_routes(Routes& routes) {
  routes.get("/api/v1/config", {.operation = "getConfig"}, get_config);
  routes.get("/api/v1/config/about", {.operation = "getAbout"}, get_about);
  routes.get("/api/v1/ping", {.operation = "ping", .limit = Limit::none}, ping);
}

}  // namespace shoal::api
