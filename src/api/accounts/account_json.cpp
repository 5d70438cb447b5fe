#include "api/accounts/account_json.h"

#include "api/accounts/preferences.h"

namespace shoal::api {
namespace {

void write_actor(JsonWriter& json, std::string_view url, std::string_view name,
                 std::string_view host) {
  json.field("url", url).field("name", name).field("host", host);
  json.key("avatars").raw("[]");
}

void write_counts(JsonWriter& json) {
  json.field("hostRedundancyAllowed", false);
  json.field("followingCount", 0).field("followersCount", 0);
}

std::string_view host_of(const std::optional<std::string>& host, std::string_view local_host) {
  return host ? std::string_view(*host) : local_host;
}

void write_preferences(JsonWriter& json, const Preferences& preferences) {
  json.field("nsfwPolicy", preferences.nsfw_policy);
  json.field("p2pEnabled", preferences.p2p_enabled);
  json.field("videosHistoryEnabled", preferences.videos_history_enabled);
  json.field("autoPlayVideo", preferences.auto_play_video);
  json.field("autoPlayNextVideo", preferences.auto_play_next_video);
  json.field("autoPlayNextVideoPlaylist", preferences.auto_play_next_video_playlist);
  if (preferences.video_languages) {
    json.key("videoLanguages").array(*preferences.video_languages, [&](const std::string& tag) {
      json.value(tag);
    });
  } else {
    json.null_field("videoLanguages");
  }
}

void write_usage(JsonWriter& json, const UserUsage& usage) {
  json.field("totalVideoFileSize", usage.file_bytes);
  json.field("videoQuotaUsed", usage.quota_used);
  json.field("videoQuotaUsedDaily", usage.quota_used_daily);
  json.field("videosCount", usage.videos);
}

}  // namespace

void write_account(JsonWriter& json, const catalog::Account& account, std::string_view local_host) {
  json.object([&] {
    write_actor(json, account.url, account.name, host_of(account.host, local_host));
    json.field("id", account.id.value);
    write_counts(json);
    json.field("createdAt", account.created_at).field("displayName", account.display_name);
    json.field("description", account.description).field("updatedAt", account.updated_at);
    if (account.user) json.field("userId", account.user->value);
  });
}

void write_channel(JsonWriter& json, const catalog::Channel& channel, std::string_view local_host,
                   bool with_owner) {
  json.object([&] {
    write_actor(json, channel.url, channel.name, host_of(channel.host, local_host));
    json.field("id", channel.id.value);
    write_counts(json);
    json.field("createdAt", channel.created_at);
    json.key("banners").raw("[]");
    json.field("displayName", channel.display_name).field("description", channel.description);
    json.field("support", channel.support).field("isLocal", !channel.host.has_value());
    json.field("updatedAt", channel.updated_at);
    if (with_owner) {
      json.key("ownerAccount");
      write_account(json, channel.owner, local_host);
    }
  });
}

void write_account_summary(JsonWriter& json, const catalog::Account& account,
                           std::string_view local_host) {
  json.object([&] {
    json.field("id", account.id.value).field("displayName", account.display_name);
    write_actor(json, account.url, account.name, host_of(account.host, local_host));
  });
}

void write_channel_summary(JsonWriter& json, const catalog::Channel& channel,
                           std::string_view local_host) {
  json.object([&] {
    json.field("id", channel.id.value).field("displayName", channel.display_name);
    write_actor(json, channel.url, channel.name, host_of(channel.host, local_host));
  });
}

void write_user(JsonWriter& json, const UserView& view, std::string_view local_host) {
  const catalog::User& user = view.user;
  const Preferences preferences = parse_preferences(user.preferences);
  json.object([&] {
    json.field("id", user.id.value).field("username", user.username).field("email", user.email);
    json.field("theme", preferences.theme).null_field("pendingEmail");
    json.field("emailPublic", false).null_field("emailVerified");
    write_preferences(json, preferences);
    json.key("role").object([&] {
      json.field("id", static_cast<int>(user.role)).field("label", catalog::label(user.role));
    });
    json.field("videoQuota", user.video_quota).field("videoQuotaDaily", user.video_quota_daily);
    if (view.usage) write_usage(json, *view.usage);
    json.field("noInstanceConfigWarningModal", preferences.no_instance_config_warning_modal);
    json.field("noWelcomeModal", preferences.no_welcome_modal);
    json.field("noAccountSetupWarningModal", preferences.no_account_setup_warning_modal);
    json.field("blocked", user.blocked).field("blockedReason", user.blocked_reason);
    json.key("account");
    write_account(json, view.account, local_host);
    json.key("videoChannels").array(view.channels, [&](const catalog::Channel& channel) {
      write_channel(json, channel, local_host, false);
    });
    json.field("createdAt", user.created_at).null_field("pluginAuth");
    json.field("lastLoginDate", user.last_login_at).field("twoFactorEnabled", false);
    json.field("adminFlags", 0);
  });
}

}  // namespace shoal::api
