#include "catalog/video_filter_sql.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "catalog/search.h"

namespace shoal::catalog {
namespace {

void add_audience(Conditions& where, const VideoFilter& filter) {
  using Audience = VideoFilter::Audience;
  // Written as literals, word for word as in the partial indexes, or these are not used.
  switch (filter.audience) {
    case Audience::everyone:
      where.add("v.privacy = 1 and v.state = 1");
      break;
    case Audience::signed_in:
      where.add("v.privacy in (1, 4) and v.state = 1");
      break;
    case Audience::moderator:
      if (filter.privacies.empty()) {
        where.add("v.privacy = 1");
      } else {
        where.add_in("v.privacy", filter.privacies);
      }
      if (!filter.any_state) where.add("v.state = 1");
      break;
    case Audience::owner:
      where.add_in("v.privacy", filter.privacies);
      break;
  }
}

void add_languages(Conditions& where, const std::vector<std::string>& languages) {
  std::vector<std::string> codes = languages;
  const bool unknown = std::erase(codes, "_unknown") > 0;
  if (unknown && codes.empty()) {
    where.add("v.language is null");
  } else if (unknown) {
    where.add_in("(v.language is null or v.language", codes, ")");
  } else {
    where.add_in("v.language", codes);
  }
}

std::vector<std::string> keys_of(const std::vector<std::string>& tags) {
  std::vector<std::string> keys;
  keys.reserve(tags.size());
  for (const std::string& tag : tags) keys.push_back(tag_key(tag));
  return keys;
}

void add_subjects(Conditions& where, const VideoFilter& filter) {
  where.add_in("v.category", filter.categories);
  where.add_in("v.licence", filter.licences);
  add_languages(where, filter.languages);
  where.add_in("v.id in (select video_id from video_tag where name_key",
               keys_of(filter.tags_one_of), ")");
  int number = 0;
  for (const std::string& key : keys_of(filter.tags_all_of)) {
    where.add(
        fmt::format("v.id in (select video_id from video_tag where name_key = :tag{})", number++),
        key);
  }
  if (filter.nsfw) where.add(*filter.nsfw ? "v.nsfw = 1" : "v.nsfw = 0");
}

void add_origin(Conditions& where, const VideoFilter& filter) {
  constexpr std::string_view k_of_actor =
      "v.channel_id in (select c.id from channel c join actor a on a.id = c.actor_id where ";
  if (filter.is_local)
    where.add(fmt::format("{}a.host is {}null)", k_of_actor, *filter.is_local ? "" : "not "));
  if (filter.host) where.add(fmt::format("{}a.host = :host)", k_of_actor), *filter.host);
  if (filter.channel) where.add("v.channel_id = :channel", *filter.channel);
  if (filter.account)
    where.add("v.channel_id in (select id from channel where account_id = :account)",
              *filter.account);
  where.add_in("v.uuid", filter.uuids);
}

void add_form(Conditions& where, const VideoFilter& filter) {
  // There are no live videos and no files outside HLS.
  if (filter.is_live.value_or(false) || filter.has_web_video_files.value_or(false))
    where.add("1 = 0");
  if (filter.has_hls_files) {
    where.add(
        fmt::format("v.id {}in (select video_id from streaming_playlist"
                    " where master_file_id is not null)",
                    *filter.has_hls_files ? "" : "not "));
  }
  if (filter.duration_min)
    where.add("v.duration >= :duration_min", Milliseconds(*filter.duration_min).count());
  if (filter.duration_max) {
    // 59.6 s counts as 59 s, as it is shown.
    where.add("v.duration < :duration_max",
              Milliseconds(*filter.duration_max + Seconds{1}).count());
  }
}

void add_times(Conditions& where, const VideoFilter& filter) {
  if (filter.published_from) where.add("v.published_at >= :published_from", *filter.published_from);
  if (filter.published_to) where.add("v.published_at <= :published_to", *filter.published_to);
  if (filter.originally_published_from) {
    where.add("v.originally_published_at >= :originally_from", *filter.originally_published_from);
  }
  if (filter.originally_published_to)
    where.add("v.originally_published_at <= :originally_to", *filter.originally_published_to);
}

}  // namespace

std::string audience_sql(const VideoFilter& filter) {
  Conditions where;
  add_audience(where, filter);
  return where.arguments().empty() ? where.sql() : std::string();
}

Conditions conditions_of(const VideoFilter& filter) {
  Conditions where;
  add_audience(where, filter);
  add_subjects(where, filter);
  add_origin(where, filter);
  add_form(where, filter);
  add_times(where, filter);
  return where;
}

std::string VideoFilter::key() const {
  const Conditions where = conditions_of(*this);
  std::string text = where.sql();
  for (const db::Value& argument : where.arguments()) {
    text += '\x1f';
    if (const auto* number = std::get_if<std::int64_t>(&argument.data())) {
      text += std::to_string(*number);
    } else if (const auto* word = std::get_if<std::string>(&argument.data())) {
      text += *word;
    }
  }
  return text + '\x1f' + search;
}

}  // namespace shoal::catalog
