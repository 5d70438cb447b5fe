#include "api/instance/public_config.h"

#include <span>

#include "api/accounts/signup.h"
#include "api/core/json_writer.h"
#include "api/instance/file_extensions.h"
#include "base/units.h"

namespace shoal::api {
namespace {

using catalog::RuntimeSettings;

constexpr Milliseconds k_keep{2000};

void write_words(JsonWriter& json, std::string_view name, std::span<const std::string_view> words) {
  json.key(name).array(words, [&](std::string_view word) { json.value(word); });
}

/// `"name": {"enabled": truth}`
void write_switch(JsonWriter& json, std::string_view name, bool truth) {
  json.key(name).object([&] { json.field("enabled", truth); });
}

void write_image_rules(JsonWriter& json, std::string_view name) {
  json.key(name).object([&] {
    json.key("file").object([&] {
      json.key("size").object([&] { json.field("max", k_max_image.value); });
      write_words(json, "extensions", k_image_extensions);
    });
  });
}

void write_client(JsonWriter& json, const ApiConfig& config) {
  json.key("client").object([&] {
    json.key("videos").object([&] {
      json.key("miniature").object([&] {
        json.field("displayAuthorAvatar", false).field("preferAuthorDisplayName", false);
      });
      json.key("resumableUpload").object([&] {
        json.field("maxChunkSize", config.max_chunk_size.value);
      });
    });
    json.key("menu").raw(R"({"login":{"redirectOnSingleExternalAuth":false}})");
  });
  json.key("defaults").object([&] {
    json.key("publish").object([&] {
      json.field("downloadEnabled", true).field("commentsPolicy", 1);
      json.field("commentsEnabled", true).field("privacy", 1).null_field("licence");
    });
    json.key("p2p").raw(R"({"webapp":{"enabled":false},"embed":{"enabled":false}})");
  });
  json.key("webadmin").raw(R"({"configuration":{"edition":{"allowed":true}}})");
}

void write_instance(JsonWriter& json, const RuntimeSettings& settings) {
  json.key("instance").object([&] {
    json.field("name", settings.instance.name);
    json.field("shortDescription", settings.instance.short_description);
    json.field("isNSFW", settings.instance.is_nsfw);
    json.field("defaultNSFWPolicy", settings.instance.default_nsfw_policy);
    json.field("defaultClientRoute", settings.instance.default_client_route);
    json.key("customizations").raw(R"({"javascript":"","css":""})");
    json.key("avatars").raw("[]").key("banners").raw("[]");
  });
}

/// What this program does not do (yet): said in PeerTube's words, so that its clients hide it.
void write_absent_features(JsonWriter& json) {
  json.key("search").raw(
      R"({"remoteUri":{"users":false,"anonymous":false},"searchIndex":{"enabled":false,"url":"",)"
      R"("disableLocalSearch":false,"isDefaultSearch":false}})");
  json.key("plugin").raw(
      R"({"registered":[],"registeredExternalAuths":[],"registeredIdAndPassAuths":[]})");
  json.key("theme").raw(R"({"registered":[],"default":"default"})");
  write_switch(json, "email", false);
  write_switch(json, "contactForm", false);
}

void write_versions(JsonWriter& json) {
  json.field("serverVersion", k_api_version).field("serverCommit", "");
  json.key("shoal").object([&] { json.field("version", SHOAL_VERSION); });
}

void write_transcoding(JsonWriter& json, const RuntimeSettings& settings) {
  json.key("transcoding").object([&] {
    write_switch(json, "remoteRunners", false);
    write_switch(json, "hls", settings.transcoding.enabled);
    write_switch(json, "web_videos", false);
    json.key("enabledResolutions");
    json.array(settings.transcoding.resolutions, [&](std::int64_t height) { json.value(height); });
    json.field("profile", "default").key("availableProfiles").raw(R"(["default"])");
  });
  json.key("live").raw(
      R"({"enabled":false,"allowReplay":false,"latencySetting":{"enabled":false},)"
      R"("maxDuration":-1,"maxInstanceLives":0,"maxUserLives":0,"transcoding":{"enabled":false,)"
      R"("remoteRunners":{"enabled":false},"enabledResolutions":[],"profile":"default",)"
      R"("availableProfiles":["default"]},"rtmp":{"port":1935}})");
  json.key("videoStudio").raw(R"({"enabled":false,"remoteRunners":{"enabled":false}})");
  json.key("videoFile").raw(R"({"update":{"enabled":false}})");
  json.key("videoTranscription").raw(R"({"enabled":false,"remoteRunners":{"enabled":false}})");
  json.key("import").raw(
      R"({"videos":{"http":{"enabled":false},"torrent":{"enabled":false}},)"
      R"("videoChannelSynchronization":{"enabled":false},"users":{"enabled":false}})");
  json.key("export").raw(
      R"({"users":{"enabled":false,"exportExpiration":0,"maxUserVideoQuota":0}})");
  json.key("autoBlacklist").raw(R"({"videos":{"ofUsers":{"enabled":false}}})");
}

void write_files(JsonWriter& json) {
  write_image_rules(json, "avatar");
  write_image_rules(json, "banner");
  json.key("video").object([&] {
    json.key("image").object([&] {
      write_words(json, "extensions", k_image_extensions);
      json.key("size").object([&] { json.field("max", k_max_image.value); });
    });
    json.key("file").object([&] { write_words(json, "extensions", k_video_extensions); });
  });
  json.key("videoCaption").object([&] {
    json.key("file").object([&] {
      json.key("size").object([&] { json.field("max", k_max_caption.value); });
      write_words(json, "extensions", k_caption_extensions);
    });
  });
}

void write_limits(JsonWriter& json, const ApiConfig& config, const RuntimeSettings& settings) {
  json.key("user").object([&] {
    json.field("videoQuota", settings.user.video_quota);
    json.field("videoQuotaDaily", settings.user.video_quota_daily);
  });
  json.key("videoChannels").object([&] { json.field("maxPerUser", settings.channels_per_user); });
  json.key("trending")
      .raw(R"({"videos":{"intervalDays":7,"algorithms":{"enabled":["hot","most-viewed"],)"
           R"("default":"most-viewed"}}})");
  write_switch(json, "tracker", false);
  json.key("followings").raw(R"({"instance":{"autoFollowIndex":{"indexUrl":""}}})");
  json.key("broadcastMessage").object([&] {
    json.field("enabled", settings.broadcast.enabled);
    json.field("message", settings.broadcast.message).field("level", settings.broadcast.level);
    json.field("dismissable", settings.broadcast.dismissable);
  });
  write_switch(json, "homepage", false);
  json.key("openTelemetry").object([&] {
    json.key("metrics").object([&] {
      json.field("enabled", config.metrics_enabled)
          .field("playbackStatsInterval", config.playback_stats_interval.count());
    });
  });
  json.key("views").object([&] {
    json.key("videos").object([&] {
      json.key("watchingInterval").object([&] {
        json.field("anonymous", config.watching_interval_anonymous.count())
            .field("users", config.watching_interval_users.count());
      });
    });
  });
  write_switch(json, "storyboards", settings.storyboards_enabled);
}

std::string render(const ApiConfig& config, const RuntimeSettings& settings, bool signup_open) {
  JsonWriter json(8192);
  json.object([&] {
    write_client(json, config);
    write_instance(json, settings);
    write_absent_features(json);
    write_versions(json);
    write_transcoding(json, settings);
    write_files(json);
    write_limits(json, config, settings);
    json.key("signup").object([&] {
      json.field("allowed", signup_open).field("allowedForCurrentIP", true);
      json.field("minimumAge", settings.signup.minimum_age);
      json.field("requiresApproval", false).field("requiresEmailVerification", false);
    });
  });
  return json.take();
}

}  // namespace

io::Task<std::shared_ptr<const std::string>> public_config(Context& context) {
  auto slot = co_await context.responses.open("config");
  if (slot.text) co_return std::move(slot.text);
  const auto settings = co_await context.settings.get();
  const auto open = co_await is_signup_open(context);
  co_return slot.keep(render(context.config, *settings, open.value_or(false)), k_keep);
}

}  // namespace shoal::api
