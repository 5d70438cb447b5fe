#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "db/database.h"
#include "db/session.h"
#include "io/task.h"

namespace shoal::catalog {

/// What an administrator may change while the program runs. Each member is one row of `setting`
/// under PeerTube's configuration key (see settings.cpp); a missing row means the default, which
/// comes from the configuration file.
struct RuntimeSettings {
  struct Instance {
    std::string name = "Shoal";
    std::string short_description = "A video platform that scales out.";
    std::string description = "Welcome to this Shoal instance!";
    std::string terms = "No terms for now.";
    std::string code_of_conduct;
    std::string creation_reason;
    std::string moderation_information;
    std::string administrator;
    std::string maintenance_lifetime;
    std::string business_model;
    std::string hardware_information;
    std::vector<std::string> languages;
    std::vector<std::int64_t> categories;
    bool is_nsfw = false;
    std::string default_nsfw_policy = "do_not_list";
    std::string default_client_route = "/videos/trending";
  } instance;
  struct Signup {
    bool enabled = false;
    std::int64_t limit = 10;  ///< users; -1 unlimited
    std::int64_t minimum_age = 16;
  } signup;
  struct User {
    std::int64_t video_quota = -1;
    std::int64_t video_quota_daily = -1;
    std::string default_channel_name = "Main $1 channel";
  } user;
  std::int64_t channels_per_user = 20;
  struct Transcoding {
    bool enabled = true;
    bool always_original_resolution = true;
    std::int64_t max_fps = 60;
    std::vector<std::int64_t> resolutions{240, 360, 480, 720, 1080};
  } transcoding;
  bool storyboards_enabled = true;
  struct Broadcast {
    bool enabled = false;
    std::string message;
    std::string level = "info";
    bool dismissable = false;
  } broadcast;
  std::string admin_email = "admin@example.com";
};

/// Defaults overlaid with the rows. A row that does not fit its member is left out with a warning.
RuntimeSettings load_settings(db::Session& session, const RuntimeSettings& defaults);
/// Writes what differs from `defaults` and removes the rows of what does not.
void save_settings(db::Session& session, const RuntimeSettings& settings,
                   const RuntimeSettings& defaults, UtcTime now);

/// One raw row, for what the instance made for itself.
std::optional<std::string> find_setting(db::Session& session, std::string_view key);
void put_setting(db::Session& session, std::string_view key, std::string_view value, UtcTime now);
/// The value that is there; where there is none, `value` is put. Of nodes that do so at once each
/// gets the same.
std::string claim_setting(db::Session& session, std::string_view key, std::string_view value,
                          UtcTime now);

/// The settings of now, read again when older than k_keep (another node may have changed them); a
/// change made here is seen here at once. While the database is away the last known ones stay in
/// use. Any thread.
class SettingsCache {
 public:
  static constexpr Milliseconds k_keep{5000};
  using Snapshot = std::shared_ptr<const RuntimeSettings>;

  SettingsCache(db::Database& database, Clock& clock, RuntimeSettings defaults);

  io::Task<Snapshot> get();
  /// Others may have changed something: the next get() asks the database.
  void forget();
  /// What was read last, without a look at the database.
  Snapshot current() const;
  const RuntimeSettings& defaults() const { return defaults_; }
  /// Changes what is stored now, in one transaction: of two administrators who change different
  /// settings at once, on whatever nodes, none loses anything.
  using Edit = std::function<void(RuntimeSettings&)>;
  io::Task<Result<Snapshot>> change(Edit edit);

 private:
  std::uint64_t generation() const;

  db::Database& database_;
  Clock& clock_;
  const RuntimeSettings defaults_;
  mutable std::mutex mutex_;
  Snapshot snapshot_;
  SteadyTime read_at_{};
  bool loaded_ = false;
  /// Raised by each change: what was read before one must not replace it.
  std::uint64_t generation_ = 0;
};

}  // namespace shoal::catalog
