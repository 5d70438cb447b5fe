#include <limits>

#include "api/core/body.h"
#include "api/core/reply.h"
#include "api/instance/routes.h"

namespace shoal::api {
namespace {

using catalog::RuntimeSettings;

/// The ladder's steps in PeerTube's spelling.
struct Resolution {
  std::string_view name;
  std::int64_t height;
};
constexpr Resolution k_resolutions[] = {{"0p", 0},       {"144p", 144},   {"240p", 240},
                                        {"360p", 360},   {"480p", 480},   {"720p", 720},
                                        {"1080p", 1080}, {"1440p", 1440}, {"2160p", 2160}};

/// The texts of `instance`, read and written alike.
struct InstanceText {
  std::string_view name;
  std::string RuntimeSettings::Instance::* member;
};
using Instance = RuntimeSettings::Instance;
constexpr InstanceText k_texts[] = {
    {"name", &Instance::name},
    {"shortDescription", &Instance::short_description},
    {"description", &Instance::description},
    {"terms", &Instance::terms},
    {"codeOfConduct", &Instance::code_of_conduct},
    {"creationReason", &Instance::creation_reason},
    {"moderationInformation", &Instance::moderation_information},
    {"administrator", &Instance::administrator},
    {"maintenanceLifetime", &Instance::maintenance_lifetime},
    {"businessModel", &Instance::business_model},
    {"hardwareInformation", &Instance::hardware_information},
};

constexpr std::int64_t k_max_quota = std::numeric_limits<std::int64_t>::max();

void write_instance(JsonWriter& json, const Instance& instance) {
  json.key("instance").object([&] {
    for (const InstanceText& text : k_texts) json.field(text.name, instance.*text.member);
    json.key("languages");
    json.array(instance.languages, [&](const std::string& tag) { json.value(tag); });
    json.key("categories");
    json.array(instance.categories, [&](std::int64_t id) { json.value(id); });
    json.field("isNSFW", instance.is_nsfw);
    json.field("defaultNSFWPolicy", instance.default_nsfw_policy);
    json.field("defaultClientRoute", instance.default_client_route);
  });
}

void write_transcoding(JsonWriter& json, const RuntimeSettings::Transcoding& transcoding) {
  json.key("transcoding").object([&] {
    json.field("enabled", transcoding.enabled);
    json.key("resolutions").object([&] {
      for (const Resolution& step : k_resolutions) {
        const auto& on = transcoding.resolutions;
        json.field(step.name, std::ranges::find(on, step.height) != on.end());
      }
    });
    json.field("alwaysTranscodeOriginalResolution", transcoding.always_original_resolution);
    json.key("fps").object([&] { json.field("max", transcoding.max_fps); });
  });
}

std::string render(const RuntimeSettings& settings) {
  JsonWriter json(4096);
  json.object([&] {
    write_instance(json, settings.instance);
    json.key("signup").object([&] {
      json.field("enabled", settings.signup.enabled).field("limit", settings.signup.limit);
      json.field("requiresApproval", false).field("requiresEmailVerification", false);
      json.field("minimumAge", settings.signup.minimum_age);
    });
    json.key("admin").object([&] { json.field("email", settings.admin_email); });
    json.key("user").object([&] {
      json.field("videoQuota", settings.user.video_quota);
      json.field("videoQuotaDaily", settings.user.video_quota_daily);
      json.field("defaultChannelName", settings.user.default_channel_name);
    });
    json.key("videoChannels").object([&] { json.field("maxPerUser", settings.channels_per_user); });
    write_transcoding(json, settings.transcoding);
    json.key("broadcastMessage").object([&] {
      json.field("enabled", settings.broadcast.enabled);
      json.field("message", settings.broadcast.message).field("level", settings.broadcast.level);
      json.field("dismissable", settings.broadcast.dismissable);
    });
    json.key("storyboards").object([&] { json.field("enabled", settings.storyboards_enabled); });
  });
  return json.take();
}

template <class T>
void take(T& member, std::optional<T> given) {
  if (given) member = std::move(*given);
}

/// Reads one section; its refused fields are named `section.field`.
template <class Read>
void read_section(Fields& body, std::string_view name, Read&& read) {
  auto section = body.nested(name);
  if (!section) return;
  read(*section);
  body.merge(*section);
}

void read_instance(Fields& fields, Instance& instance) {
  for (const InstanceText& text : k_texts) {
    const std::size_t least = text.name == "name" ? 1 : 0;
    take(instance.*text.member, fields.text(text.name, {least, 20'000}));
  }
  take(instance.languages, fields.texts("languages", 500, {1, 20}));
  take(instance.categories, fields.integers("categories", 100, 0, 1000));
  take(instance.is_nsfw, fields.boolean("isNSFW"));
  take(instance.default_nsfw_policy,
       fields.choice("defaultNSFWPolicy", {"do_not_list", "warn", "blur", "display"}));
  take(instance.default_client_route, fields.text("defaultClientRoute", {1, 200}));
}

void read_transcoding(Fields& fields, RuntimeSettings::Transcoding& transcoding) {
  take(transcoding.enabled, fields.boolean("enabled"));
  take(transcoding.always_original_resolution, fields.boolean("alwaysTranscodeOriginalResolution"));
  read_section(fields, "fps", [&](Fields& fps) {
    take(transcoding.max_fps, fps.integer("max", 1, 240, "Should be from 1 to 240"));
  });
  read_section(fields, "resolutions", [&](Fields& resolutions) {
    for (const Resolution& step : k_resolutions) {
      const auto on = resolutions.boolean(step.name);
      if (!on) continue;
      std::erase(transcoding.resolutions, step.height);
      if (*on) transcoding.resolutions.push_back(step.height);
    }
    std::ranges::sort(transcoding.resolutions);
  });
}

/// `settings` with what the body changes; refused fields are noted in `body`.
void read_changes(Fields& body, RuntimeSettings& settings) {
  read_section(body, "instance", [&](Fields& f) { read_instance(f, settings.instance); });
  read_section(body, "signup", [&](Fields& f) {
    take(settings.signup.enabled, f.boolean("enabled"));
    take(settings.signup.limit, f.integer("limit", -1, 1'000'000'000, "Should be -1 or more"));
    take(settings.signup.minimum_age, f.integer("minimumAge", 0, 150, "Should be from 0 to 150"));
  });
  read_section(body, "admin",
               [&](Fields& f) { take(settings.admin_email, f.text("email", {3, 400})); });
  read_section(body, "user", [&](Fields& f) {
    take(settings.user.video_quota, f.integer("videoQuota", -1, k_max_quota));
    take(settings.user.video_quota_daily, f.integer("videoQuotaDaily", -1, k_max_quota));
    take(settings.user.default_channel_name, f.text("defaultChannelName", {1, 120}));
  });
  read_section(body, "videoChannels", [&](Fields& f) {
    take(settings.channels_per_user, f.integer("maxPerUser", 1, 100'000, "Should be 1 or more"));
  });
  read_section(body, "transcoding", [&](Fields& f) { read_transcoding(f, settings.transcoding); });
  read_section(body, "broadcastMessage", [&](Fields& f) {
    take(settings.broadcast.enabled, f.boolean("enabled"));
    take(settings.broadcast.message, f.text("message", {0, 5000}));
    take(settings.broadcast.level, f.choice("level", {"info", "warning", "error"}));
    take(settings.broadcast.dismissable, f.boolean("dismissable"));
  });
  read_section(body, "storyboards",
               [&](Fields& f) { take(settings.storyboards_enabled, f.boolean("enabled")); });
}

io::Task<Reply> get_custom(Call& call) {
  const auto settings = co_await call.context.settings.get();
  co_return json_response(render(*settings));
}

io::Task<Reply> put_custom(Call& call) {
  CO_TRY(auto body, co_await read_fields(call));
  RuntimeSettings checked = *co_await call.context.settings.get();
  read_changes(body, checked);
  CO_TRY_VOID(body.check());
  CO_TRY(auto saved,
         co_await call.context.settings.change([object = body.object()](RuntimeSettings& settings) {
           Fields again(object, "body");
           read_changes(again, settings);
         }));
  call.context.responses.clear();
  co_return json_response(render(*saved));
}

io::Task<Reply> delete_custom(Call& call) {
  CO_TRY(auto saved, co_await call.context.settings.change(
                         [&defaults = call.context.settings.defaults()](RuntimeSettings& settings) {
                           settings = defaults;
                         }));
  call.context.responses.clear();
  co_return json_response(render(*saved));
}

}  // namespace

void add_custom_config_routes(Routes& routes) {
  constexpr Access k_admin = Access::administrator;
  constexpr std::string_view k_path = "/api/v1/config/custom";
  routes.get(k_path, {.operation = "getCustomConfig", .access = k_admin}, get_custom);
  routes.put(k_path, {.operation = "putCustomConfig", .access = k_admin}, put_custom);
  routes.del(k_path, {.operation = "delCustomConfig", .access = k_admin}, delete_custom);
}

}  // namespace shoal::api
