#include "app/admin_print.h"

#include <fmt/format.h>

#include <array>
#include <boost/json.hpp>

#include "base/config/units.h"
#include "base/text.h"
#include "catalog/constants.h"
#include "catalog/media_urls.h"

namespace shoal::app {
namespace {

namespace json = boost::json;

void print_json(const json::value& value) {
  fmt::print("{}\n", json::serialize(value));
}

template <class T, class ToJson>
json::array json_list(const std::vector<T>& values, ToJson to_json) {
  json::array out;
  for (const T& value : values) out.push_back(to_json(value));
  return out;
}

json::value json_time(const std::optional<UtcTime>& time) {
  return time ? json::value(to_iso8601(*time)) : json::value(nullptr);
}
json::value json_text(const std::optional<std::string>& text) {
  return text ? json::value(*text) : json::value(nullptr);
}

std::string_view label(std::span<const catalog::Choice> choices, std::int64_t id) {
  return catalog::label_of(choices, id).value_or("Unknown");
}
std::string_view state_of(const catalog::VideoSummary& video) {
  return label(catalog::video_states(), static_cast<std::int64_t>(video.state));
}
std::string_view privacy_of(const catalog::VideoSummary& video) {
  return label(catalog::privacies(), static_cast<std::int64_t>(video.privacy));
}

json::object to_json(const catalog::VideoSummary& video) {
  return {{"id", video.id.value},
          {"uuid", video.uuid.text()},
          {"shortUUID", video.uuid.short_text()},
          {"name", video.name},
          {"state", state_of(video)},
          {"privacy", privacy_of(video)},
          {"channel", video.channel.name},
          {"account", video.account.name},
          {"duration", std::chrono::duration_cast<Seconds>(video.duration).count()},
          {"views", video.views},
          {"createdAt", to_iso8601(video.created_at)}};
}

json::object to_json(const jobs::ListedJob& job) {
  return {{"id", job.id.value},
          {"type", job.kind},
          {"state", jobs::to_string(job.state)},
          {"videoId", job.video ? json::value(job.video->value) : json::value(nullptr)},
          {"attempt", job.attempt},
          {"error", json_text(job.error)},
          {"waitsFor", json_text(job.waits_for)},
          {"createdAt", to_iso8601(job.created_at)},
          {"startedAt", json_time(job.started_at)},
          {"finishedAt", json_time(job.finished_at)}};
}

void print_job_line(const jobs::ListedJob& job) {
  fmt::print("{:>8} {:<18} {:<17} attempt {} {} {}\n", job.id.value, job.kind,
             jobs::to_string(job.state), job.attempt, to_iso8601(job.created_at),
             printable(job.waits_for ? *job.waits_for : job.error.value_or("")));
}

json::object to_json(const cli::VideoDetails& details, const std::string& address) {
  json::object out = to_json(details.video.summary);
  out["url"] = address;
  out["failure"] = json_text(details.video.failure);
  out["files"] = json_list(details.files, [](const cli::FileCopy& file) -> json::value {
    return {{"name", file.name},
            {"kind", storage::to_string(file.kind)},
            {"size", file.size},
            {"store", file.store},
            {"key", file.object_key}};
  });
  out["jobs"] = json_list(details.jobs, [](const jobs::ListedJob& job) { return to_json(job); });
  return out;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return out;
}

/// Three digits are what a person reads of a size.
std::string readable_bytes(std::uint64_t bytes) {
  constexpr std::array<const char*, 5> units{"B", "KB", "MB", "GB", "TB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1000 && unit + 1 < units.size(); ++unit) value /= 1024;
  return fmt::format("{:.{}f} {}", value, unit == 0 || value >= 100 ? 0 : 1, units.at(unit));
}

void print_users(const std::vector<catalog::User>& users, bool as_json) {
  if (as_json) {
    print_json(json_list(users, [](const catalog::User& user) -> json::value {
      return {{"id", user.id.value},
              {"username", user.username},
              {"email", user.email},
              {"role", catalog::label(user.role)},
              {"blocked", user.blocked},
              {"videoQuota", user.video_quota},
              {"videoQuotaDaily", user.video_quota_daily},
              {"lastLoginDate", json_time(user.last_login_at)},
              {"createdAt", to_iso8601(user.created_at)}};
    }));
    return;
  }
  for (const catalog::User& user : users) {
    fmt::print("{:<24} {:<14} {:<8} {}\n", user.username, catalog::label(user.role),
               user.blocked ? "blocked" : "active", printable(user.email));
  }
}

void print_videos(const cli::VideoListing& listing, bool as_json) {
  if (as_json) {
    print_json({{"total", listing.total},
                {"data", json_list(listing.videos, [](const catalog::VideoSummary& video) {
                   return to_json(video);
                 })}});
    return;
  }
  for (const catalog::VideoSummary& video : listing.videos) {
    fmt::print("{:>6} {} {:<20} {:<18} {:<16} {}\n", video.id.value, video.uuid.short_text(),
               state_of(video), privacy_of(video), video.account.name, printable(video.name));
  }
  fmt::print("{} of {} videos\n", listing.videos.size(), listing.total);
}

void print_video(const cli::VideoDetails& details, const std::string& origin, bool as_json) {
  const catalog::VideoSummary& video = details.video.summary;
  const std::string address = origin + catalog::watch_path(video.uuid);
  if (as_json) {
    print_json(to_json(details, address));
    return;
  }
  fmt::print("name:     {}\naddress:  {}\nid:       {} ({})\nstate:    {}\n", printable(video.name),
             address, video.id.value, video.uuid.text(), state_of(video));
  if (details.video.failure) fmt::print("failure:  {}\n", printable(*details.video.failure));
  fmt::print("privacy:  {}\nowner:    {}, channel {}\nduration: {} s\ncreated:  {}\nviews:    {}\n",
             privacy_of(video), video.account.name, video.channel.name,
             std::chrono::duration_cast<Seconds>(video.duration).count(),
             to_iso8601(video.created_at), video.views);
  fmt::print("files:\n");
  for (const cli::FileCopy& file : details.files) {
    fmt::print("  {:<16} {:>9} {}:{}\n", storage::to_string(file.kind),
               config::format_bytes({file.size}), file.store, file.object_key);
  }
  fmt::print("jobs:\n");
  for (const jobs::ListedJob& job : details.jobs) print_job_line(job);
}

void print_jobs(const jobs::JobPage& page, bool as_json) {
  if (as_json) {
    print_json(
        {{"total", page.total},
         {"data", json_list(page.jobs, [](const jobs::ListedJob& job) { return to_json(job); })}});
    return;
  }
  for (const jobs::ListedJob& job : page.jobs) print_job_line(job);
  fmt::print("{} of {} jobs\n", page.jobs.size(), page.total);
}

void print_findings(const std::vector<cli::Finding>& findings, bool as_json) {
  if (as_json) {
    print_json(json_list(findings, [](const cli::Finding& finding) -> json::value {
      return {{"healthy", finding.healthy}, {"what", finding.what}};
    }));
    return;
  }
  for (const cli::Finding& finding : findings)
    fmt::print("{} {}\n", finding.healthy ? "ok     " : "PROBLEM", finding.what);
}

}  // namespace shoal::app
