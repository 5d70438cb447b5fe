#include "storage/moves/move_filter.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "base/text.h"

namespace shoal::storage {
namespace {

namespace json = boost::json;

constexpr std::size_t k_most_videos = 500;
constexpr int k_last_finished_kind = static_cast<int>(FileKind::caption);
/// Requests for one file beside its parts: to see its size, and to send it.
constexpr std::int64_t k_reads_per_file = 2;
/// Is the key free, once more before the upload, and afterwards.
constexpr std::int64_t k_looks_per_file = 3;
/// Begin and end of an upload in parts.
constexpr std::int64_t k_writes_per_multipart = 2;

template <class T>
void append_list(FileSelection& selection, std::string_view column, const std::vector<T>& values,
                 std::string_view prefix) {
  selection.sql += fmt::format("{} in {}", column, db::in_list(values.size(), prefix));
  for (const T& value : values) {
    if constexpr (std::is_enum_v<T>) {
      selection.arguments.emplace_back(static_cast<int>(value));
    } else {
      selection.arguments.emplace_back(value);
    }
  }
  db::pad_list(selection.arguments, values.size());
}

void append_videos(FileSelection& selection, const MoveFilter& filter) {
  const bool both = !filter.video_ids.empty() && !filter.videos.empty();
  if (filter.video_ids.empty() && filter.videos.empty()) return;
  selection.sql += " and (";
  if (!filter.video_ids.empty()) append_list(selection, "v.id", filter.video_ids, "id");
  if (both) selection.sql += " or ";
  if (!filter.videos.empty()) append_list(selection, "v.uuid", filter.videos, "uuid");
  selection.sql += ")";
}

template <class T>
bool read_number(const json::value& value, T& out) {
  boost::system::error_code error;
  const auto number = value.to_number<std::int64_t>(error);
  if (!error) out = static_cast<T>(number);
  return !error;
}

/// One condition; false where it cannot be understood.
bool read_condition(std::string_view name, const json::value& value, MoveFilter& filter) {
  const auto each = [&](auto take) {
    return value.is_array() && std::ranges::all_of(value.get_array(), take);
  };
  if (name == "videoIds") {
    return each([&](const json::value& id) {
      return read_number(id, filter.video_ids.emplace_back().value);
    });
  }
  if (name == "videos") {
    return each([&](const json::value& text) {
      const auto uuid = text.is_string() ? Uuid::parse(text.get_string()) : std::nullopt;
      if (uuid) filter.videos.push_back(*uuid);
      return uuid.has_value();
    });
  }
  if (name == "kinds") {
    return each(
        [&](const json::value& kind) { return read_number(kind, filter.kinds.emplace_back()); });
  }
  if (name == "channel") {
    if (value.is_string()) filter.channel = std::string(value.get_string());
    return value.is_string();
  }
  std::int64_t number = 0;
  if (!read_number(value, number)) return false;
  if (name == "publishedBefore") filter.published_before = from_millis(number);
  if (name == "viewsBelow") filter.views_below = number;
  return name == "publishedBefore" || name == "viewsBelow";
}

}  // namespace

std::string write_filter(const MoveFilter& filter) {
  json::object out;
  for (const VideoId id : filter.video_ids) {
    if (!out.contains("videoIds")) out["videoIds"].emplace_array();
    out["videoIds"].get_array().emplace_back(id.value);
  }
  for (const Uuid& uuid : filter.videos) {
    if (!out.contains("videos")) out["videos"].emplace_array();
    out["videos"].get_array().emplace_back(uuid.text());
  }
  if (filter.channel) out["channel"] = *filter.channel;
  if (filter.published_before) out["publishedBefore"] = to_millis(*filter.published_before);
  if (filter.views_below) out["viewsBelow"] = *filter.views_below;
  for (const FileKind kind : filter.kinds) {
    if (!out.contains("kinds")) out["kinds"].emplace_array();
    out["kinds"].get_array().emplace_back(static_cast<int>(kind));
  }
  return json::serialize(out);
}

Result<MoveFilter> parse_filter(std::string_view text) {
  boost::system::error_code error;
  const json::value value = json::parse(text, error);
  const auto* object = error ? nullptr : value.if_object();
  if (object == nullptr) return fail(ErrorCode::corrupt, "the filter of a move cannot be read");
  MoveFilter filter;
  for (const auto& [name, condition] : *object) {
    if (!read_condition(name, condition, filter))
      return fail(ErrorCode::corrupt,
                  fmt::format("the filter of a move has a bad {}", std::string_view(name)));
  }
  return filter;
}

Result<> add_video(MoveFilter& filter, std::string_view key) {
  if (filter.video_ids.size() + filter.videos.size() >= k_most_videos) {
    return fail(ErrorCode::too_large,
                fmt::format("at most {} videos can be named at once", k_most_videos));
  }
  auto uuid = Uuid::parse(key);
  if (!uuid) uuid = Uuid::parse_short(key);
  const auto number = parse_int(key);
  if (uuid) {
    filter.videos.push_back(*uuid);
  } else if (number && *number > 0) {
    filter.video_ids.push_back(VideoId{*number});
  } else {
    return fail(ErrorCode::invalid,
                fmt::format("'{}' names no video: give its number, its UUID or the last part of "
                            "its address",
                            key));
  }
  return {};
}

FileSelection select_files(const MoveFilter& filter, std::string_view from, FileId after) {
  FileSelection selection{
      "from media_file f left join video v on v.id = f.video_id where f.id > :after and exists "
      "(select 1 from placement p where p.file_id = f.id and p.store = :from and p.state = 2)",
      {after, from}};
  append_videos(selection, filter);
  if (filter.channel) {
    selection.sql +=
        " and v.channel_id in (select c.id from channel c join actor a on a.id = c.actor_id "
        "where a.host is null and a.username_key = :channel)";
    selection.arguments.emplace_back(to_lower_ascii(*filter.channel));
  }
  if (filter.published_before) {
    selection.sql += " and v.published_at < :published_before";
    selection.arguments.emplace_back(*filter.published_before);
  }
  if (filter.views_below) {
    selection.sql += " and v.views < :views_below";
    selection.arguments.emplace_back(*filter.views_below);
  }
  selection.sql += " and ";
  if (filter.kinds.empty()) {
    selection.sql += fmt::format("f.kind <= {}", k_last_finished_kind);
  } else {
    append_list(selection, "f.kind", filter.kinds, "kind");
  }
  return selection;
}

MovePrices prices_of_move(const StorePrices& from, const StorePrices& to, SourceAfter source) {
  const std::int64_t kept = source == SourceAfter::stays ? from.per_gigabyte_month : 0;
  return {.per_thousand_reads = from.per_thousand_reads,
          .per_thousand_looks = to.per_thousand_reads,
          .per_thousand_writes = to.per_thousand_writes,
          .per_gigabyte_read = from.per_gigabyte_read,
          .per_gigabyte_month_before = from.per_gigabyte_month,
          .per_gigabyte_month_after = to.per_gigabyte_month + kept,
          .part_size = to.part_size};
}

std::int64_t monthly_cost(std::uint64_t bytes, std::int64_t per_gigabyte_month) {
  return static_cast<std::int64_t>(static_cast<double>(bytes) *
                                   static_cast<double>(per_gigabyte_month) / 1e9);
}

MoveEstimate estimate_move(db::Session& session, const MoveFilter& filter, std::string_view from,
                           const MovePrices& prices) {
  FileSelection selection = select_files(filter, from, FileId{0});
  std::vector<db::Value> arguments{prices.part_size, prices.part_size - 1, prices.part_size};
  arguments.insert(arguments.end(), selection.arguments.begin(), selection.arguments.end());
  const db::Row row = *session.query_one(
      "select count(*), cast(coalesce(sum(f.size), 0) as bigint), "
      "cast(coalesce(sum(case when f.size > :large then "
      "(f.size + :rest) / :part + " +
          std::to_string(k_writes_per_multipart) + " else 1 end), 0) as bigint) " + selection.sql,
      arguments);
  MoveEstimate estimate;
  estimate.files = row.integer(0);
  estimate.bytes = static_cast<std::uint64_t>(row.integer(1));
  estimate.writes = row.integer(2);
  estimate.reads = estimate.files * k_reads_per_file;
  estimate.looks = estimate.files * k_looks_per_file;
  const double cost =
      (static_cast<double>(estimate.reads) * static_cast<double>(prices.per_thousand_reads) +
       static_cast<double>(estimate.looks) * static_cast<double>(prices.per_thousand_looks) +
       static_cast<double>(estimate.writes) * static_cast<double>(prices.per_thousand_writes)) /
          1e3 +
      static_cast<double>(estimate.bytes) * static_cast<double>(prices.per_gigabyte_read) / 1e9;
  estimate.cost = static_cast<std::int64_t>(cost);
  estimate.monthly_before = monthly_cost(estimate.bytes, prices.per_gigabyte_month_before);
  estimate.monthly_after = monthly_cost(estimate.bytes, prices.per_gigabyte_month_after);
  return estimate;
}

}  // namespace shoal::storage
