#include "api/accounts/preferences.h"

#include <boost/json.hpp>

#include "api/core/json_writer.h"

namespace shoal::api {
namespace {

struct Flag {
  std::string_view name;
  bool Preferences::* member;
};
constexpr Flag k_flags[] = {
    {"p2pEnabled", &Preferences::p2p_enabled},
    {"videosHistoryEnabled", &Preferences::videos_history_enabled},
    {"autoPlayVideo", &Preferences::auto_play_video},
    {"autoPlayNextVideo", &Preferences::auto_play_next_video},
    {"autoPlayNextVideoPlaylist", &Preferences::auto_play_next_video_playlist},
    {"noInstanceConfigWarningModal", &Preferences::no_instance_config_warning_modal},
    {"noWelcomeModal", &Preferences::no_welcome_modal},
    {"noAccountSetupWarningModal", &Preferences::no_account_setup_warning_modal},
};

constexpr std::size_t k_max_languages = 500;

}  // namespace

bool read_preferences(Fields& body, Preferences& preferences) {
  bool changed = false;
  for (const Flag& flag : k_flags) {
    if (const auto value = body.boolean(flag.name)) {
      preferences.*flag.member = *value;
      changed = true;
    }
  }
  if (auto policy = body.choice("nsfwPolicy", {"do_not_list", "warn", "blur", "display"})) {
    preferences.nsfw_policy = std::move(*policy);
    changed = true;
  }
  if (auto theme = body.text("theme", {1, 100})) {
    preferences.theme = std::move(*theme);
    changed = true;
  }
  if (body.is_null("videoLanguages")) {
    preferences.video_languages.reset();
    changed = true;
  } else if (auto languages = body.texts("videoLanguages", k_max_languages, {1, 20})) {
    preferences.video_languages = std::move(*languages);
    changed = true;
  }
  return changed;
}

Preferences parse_preferences(std::string_view stored) {
  Preferences preferences;
  boost::system::error_code error;
  boost::json::value value = boost::json::parse(stored, error);
  if (error || !value.is_object()) return preferences;
  Fields fields(std::move(value.as_object()), "body");
  read_preferences(fields, preferences);
  return preferences;
}

std::string to_text(const Preferences& preferences) {
  JsonWriter json;
  json.object([&] {
    for (const Flag& flag : k_flags) json.field(flag.name, preferences.*flag.member);
    json.field("nsfwPolicy", preferences.nsfw_policy).field("theme", preferences.theme);
    if (preferences.video_languages) {
      json.key("videoLanguages").array(*preferences.video_languages, [&](const std::string& tag) {
        json.value(tag);
      });
    }
  });
  return json.take();
}

}  // namespace shoal::api
