#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/core/fields.h"

namespace shoal::api {

/// What only the user's own client reads: stored as one JSON object, because the server never asks
/// for a single one. Defaults as PeerTube's.
struct Preferences {
  std::string theme = "instance-default";
  std::string nsfw_policy = "do_not_list";
  bool p2p_enabled = true;
  bool videos_history_enabled = true;
  bool auto_play_video = true;
  bool auto_play_next_video = false;
  bool auto_play_next_video_playlist = true;
  std::optional<std::vector<std::string>> video_languages;
  bool no_instance_config_warning_modal = false;
  bool no_welcome_modal = false;
  bool no_account_setup_warning_modal = false;
};

/// Of the stored text; what is missing or does not fit takes its default.
Preferences parse_preferences(std::string_view stored);
/// Reads what a request changes; refused fields are noted in `body`. True when something was there.
bool read_preferences(Fields& body, Preferences& preferences);
std::string to_text(const Preferences& preferences);

}  // namespace shoal::api
