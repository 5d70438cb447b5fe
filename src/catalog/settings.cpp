#include "catalog/settings.h"

#include <boost/json.hpp>
#include <span>

#include "base/log.h"

namespace shoal::catalog {
namespace {

namespace json = boost::json;

/// Not a setting: when one was changed last.
constexpr std::string_view k_changed_key = "settings.changed";

/// One setting: its key, how its JSON is read into the struct and written from it.
struct Entry {
  std::string_view key;
  bool (*read)(RuntimeSettings& settings, const json::value& value);
  json::value (*write)(const RuntimeSettings& settings);
};

template <auto Member>
constexpr Entry entry(std::string_view key) {
  return {key,
          [](RuntimeSettings& settings, const json::value& value) {
            auto& member = Member(settings);
            auto converted = json::try_value_to<std::remove_reference_t<decltype(member)>>(value);
            if (!converted) return false;
            member = std::move(*converted);
            return true;
          },
          [](const RuntimeSettings& settings) { return json::value_from(Member(settings)); }};
}

#define SHOAL_SETTING(key, member) \
  entry<[](auto& settings) -> auto& { return settings.member; }>(key)

/// PeerTube's keys.
constexpr Entry k_entries[] = {
    SHOAL_SETTING("instance.name", instance.name),
    SHOAL_SETTING("instance.short_description", instance.short_description),
    SHOAL_SETTING("instance.description", instance.description),
    SHOAL_SETTING("instance.terms", instance.terms),
    SHOAL_SETTING("instance.code_of_conduct", instance.code_of_conduct),
    SHOAL_SETTING("instance.creation_reason", instance.creation_reason),
    SHOAL_SETTING("instance.moderation_information", instance.moderation_information),
    SHOAL_SETTING("instance.administrator", instance.administrator),
    SHOAL_SETTING("instance.maintenance_lifetime", instance.maintenance_lifetime),
    SHOAL_SETTING("instance.business_model", instance.business_model),
    SHOAL_SETTING("instance.hardware_information", instance.hardware_information),
    SHOAL_SETTING("instance.languages", instance.languages),
    SHOAL_SETTING("instance.categories", instance.categories),
    SHOAL_SETTING("instance.is_nsfw", instance.is_nsfw),
    SHOAL_SETTING("instance.default_nsfw_policy", instance.default_nsfw_policy),
    SHOAL_SETTING("instance.default_client_route", instance.default_client_route),
    SHOAL_SETTING("signup.enabled", signup.enabled),
    SHOAL_SETTING("signup.limit", signup.limit),
    SHOAL_SETTING("signup.minimum_age", signup.minimum_age),
    SHOAL_SETTING("user.video_quota", user.video_quota),
    SHOAL_SETTING("user.video_quota_daily", user.video_quota_daily),
    SHOAL_SETTING("user.default_channel_name", user.default_channel_name),
    SHOAL_SETTING("video_channels.max_per_user", channels_per_user),
    SHOAL_SETTING("transcoding.enabled", transcoding.enabled),
    SHOAL_SETTING("transcoding.always_transcode_original_resolution",
                  transcoding.always_original_resolution),
    SHOAL_SETTING("transcoding.fps.max", transcoding.max_fps),
    SHOAL_SETTING("transcoding.resolutions", transcoding.resolutions),
    SHOAL_SETTING("storyboards.enabled", storyboards_enabled),
    SHOAL_SETTING("broadcast_message.enabled", broadcast.enabled),
    SHOAL_SETTING("broadcast_message.message", broadcast.message),
    SHOAL_SETTING("broadcast_message.level", broadcast.level),
    SHOAL_SETTING("broadcast_message.dismissable", broadcast.dismissable),
    SHOAL_SETTING("admin.email", admin_email),
};

#undef SHOAL_SETTING

const Entry* find_entry(std::string_view key) {
  for (const Entry& candidate : k_entries) {
    if (candidate.key == key) return &candidate;
  }
  return nullptr;
}

}  // namespace

RuntimeSettings load_settings(db::Session& session, const RuntimeSettings& defaults) {
  RuntimeSettings settings = defaults;
  for (const db::Row& row : session.query("select key, value from setting")) {
    const Entry* known = find_entry(row.text(0));
    if (known == nullptr) continue;
    boost::system::error_code error;
    const json::value value = json::parse(row.text(1), error);
    if (error || !known->read(settings, value)) {
      log::warn("a stored setting cannot be read; its default is used", {{"key", known->key}});
    }
  }
  return settings;
}

void save_settings(db::Session& session, const RuntimeSettings& settings,
                   const RuntimeSettings& defaults, UtcTime now) {
  for (const Entry& known : k_entries) {
    const json::value value = known.write(settings);
    if (value == known.write(defaults)) {
      session.execute("delete from setting where key = :key", {known.key});
    } else {
      put_setting(session, known.key, json::serialize(value), now);
    }
  }
}

std::optional<std::string> find_setting(db::Session& session, std::string_view key) {
  const auto row = session.query_one("select value from setting where key = :key", {key});
  if (!row) return std::nullopt;
  return row->text(0);
}

void put_setting(db::Session& session, std::string_view key, std::string_view value, UtcTime now) {
  session.execute(
      "insert into setting (key, value, updated_at) values (:key, :value, :now) on conflict (key) "
      "do update set value = excluded.value, updated_at = excluded.updated_at",
      {key, value, now});
}

std::string claim_setting(db::Session& session, std::string_view key, std::string_view value,
                          UtcTime now) {
  session.execute(
      "insert into setting (key, value, updated_at) values (:key, :value, :now) on conflict (key) "
      "do nothing",
      {key, value, now});
  return find_setting(session, key).value();
}

SettingsCache::SettingsCache(db::Database& database, Clock& clock, RuntimeSettings defaults)
    : database_(database),
      clock_(clock),
      defaults_(std::move(defaults)),
      snapshot_(std::make_shared<const RuntimeSettings>(defaults_)) {}

SettingsCache::Snapshot SettingsCache::current() const {
  const std::scoped_lock lock(mutex_);
  return snapshot_;
}

void SettingsCache::forget() {
  const std::scoped_lock lock(mutex_);
  // What is being read now may be older than what they changed.
  ++generation_;
  loaded_ = false;
}

std::uint64_t SettingsCache::generation() const {
  const std::scoped_lock lock(mutex_);
  return generation_;
}

io::Task<SettingsCache::Snapshot> SettingsCache::get() {
  std::uint64_t before = 0;
  {
    const std::scoped_lock lock(mutex_);
    if (loaded_ && clock_.steady_now() < read_at_ + k_keep) co_return snapshot_;
    // Others go on with the old ones while this request reads.
    if (loaded_) read_at_ = clock_.steady_now();
    before = generation_;
  }
  auto read = co_await database_.read([this](db::Session& session) -> Result<Snapshot> {
    return std::make_shared<const RuntimeSettings>(load_settings(session, defaults_));
  });
  if (!read) {
    log::warn("settings could not be read; the last ones stay in use",
              {{"reason", read.error().message}});
    co_return current();
  }
  const std::scoped_lock lock(mutex_);
  if (before != generation_) co_return snapshot_;
  snapshot_ = *read;
  read_at_ = clock_.steady_now();
  loaded_ = true;
  co_return snapshot_;
}

io::Task<Result<SettingsCache::Snapshot>> SettingsCache::change(Edit edit) {
  const UtcTime now = clock_.now();
  const std::uint64_t before = generation();
  CO_TRY(auto changed, co_await database_.write([this, edit = std::move(edit),
                                                 now](db::Session& session) -> Result<Snapshot> {
    // First a row that every change writes: the next one waits for it, and reads after it.
    put_setting(session, k_changed_key, std::to_string(to_millis(now)), now);
    RuntimeSettings settings = load_settings(session, defaults_);
    edit(settings);
    save_settings(session, settings, defaults_, now);
    return std::make_shared<const RuntimeSettings>(std::move(settings));
  }));
  const std::scoped_lock lock(mutex_);
  const bool latest = before == generation_;
  ++generation_;
  snapshot_ = changed;
  read_at_ = clock_.steady_now();
  // Two changes at once may end here in the other order: the next get() asks the database.
  loaded_ = latest;
  co_return changed;
}

}  // namespace shoal::catalog
