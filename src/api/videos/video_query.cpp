#include "api/videos/video_query.h"

#include "api/core/paging.h"
#include "base/text.h"
#include "catalog/constants.h"

namespace shoal::api {
namespace {

using catalog::VideoFilter;

constexpr std::size_t k_max_listed = 50;
constexpr TextRule k_word{.min = 1, .max = 100};
constexpr std::int64_t k_max_id = 1'000'000;

/// true and false narrow, "both" does not; nothing when it is not asked.
std::optional<std::optional<bool>> read_nsfw(Fields& query) {
  const auto word = query.choice("nsfw", {"true", "false", "both"});
  if (!word) return std::nullopt;
  if (*word == "both") return std::optional<bool>{};
  return std::optional<bool>{*word == "true"};
}

void read_subjects(Fields& query, VideoFilter& filter) {
  filter.categories =
      query.integers("categoryOneOf", k_max_listed, 0, k_max_id).value_or(std::vector<long>{});
  filter.licences =
      query.integers("licenceOneOf", k_max_listed, 0, k_max_id).value_or(std::vector<long>{});
  filter.languages =
      query.texts("languageOneOf", k_max_listed, k_word).value_or(std::vector<std::string>{});
  filter.tags_one_of =
      query.texts("tagsOneOf", k_max_listed, k_word).value_or(std::vector<std::string>{});
  filter.tags_all_of =
      query.texts("tagsAllOf", k_max_listed, k_word).value_or(std::vector<std::string>{});
}

void read_form(Fields& query, VideoFilter& filter, std::string_view own_host) {
  filter.is_live = query.boolean("isLive");
  filter.is_local = query.boolean("isLocal");
  filter.has_hls_files = query.boolean("hasHLSFiles");
  filter.has_web_video_files = query.boolean("hasWebVideoFiles");
  if (const auto host = query.text("host", {.min = 1, .max = 255})) {
    if (*host == own_host) {
      filter.is_local = true;
    } else {
      filter.host = *host;
    }
  }
  for (const std::string& text :
       query.texts("uuids", k_max_listed, k_word).value_or(std::vector<std::string>{})) {
    auto uuid = Uuid::parse(text);
    if (!uuid) uuid = Uuid::parse_short(text);
    if (uuid) {
      filter.uuids.push_back(*uuid);
    } else {
      query.refuse("uuids");
    }
  }
}

void read_numbers(Fields& query, VideoFilter& filter) {
  constexpr std::int64_t k_max_seconds = 10'000'000;
  if (const auto least = query.integer("durationMin", 0, k_max_seconds))
    filter.duration_min = Seconds{*least};
  if (const auto most = query.integer("durationMax", 0, k_max_seconds))
    filter.duration_max = Seconds{*most};
  filter.published_from = query.time("startDate");
  filter.published_to = query.time("endDate");
  filter.originally_published_from = query.time("originallyPublishedStartDate");
  filter.originally_published_to = query.time("originallyPublishedEndDate");
}

catalog::VideoSort read_video_sort(Fields& query, const VideoQueryRules& rules) {
  std::string text = query.text("sort").value_or(std::string(rules.default_sort));
  catalog::VideoSort sort;
  std::string_view name = text;
  sort.descending = name.starts_with('-');
  if (sort.descending) name.remove_prefix(1);
  const auto field = catalog::parse_video_sort(name);
  const bool accepted =
      field && (*field != catalog::VideoSortField::match || rules.searchable_by_match);
  if (accepted) {
    sort.field = *field;
  } else {
    query.refuse("sort");
  }
  return sort;
}

Answer<> read_audience(Fields& query, const Caller& caller, VideoQuery& out) {
  out.include = query.integer("include", 0, VideoInclude::k_all).value_or(0);
  out.filter.privacies = query.integers("privacyOneOf", 10, 1, 5).value_or(std::vector<long>{});
  out.filter.audience =
      caller.is_anonymous() ? VideoFilter::Audience::everyone : VideoFilter::Audience::signed_in;
  if (out.include == 0 && out.filter.privacies.empty()) return {};
  if (!caller.is_moderator()) {
    return refuse(401,
                  "You are not allowed to see all videos, specify a custom include or auto tags"
                  " filter.");
  }
  if (out.filter.privacies.empty() && (out.include & VideoInclude::k_not_published) == 0) return {};
  out.filter.audience = VideoFilter::Audience::moderator;
  out.filter.any_state = (out.include & VideoInclude::k_not_published) != 0;
  return {};
}

}  // namespace

Answer<VideoQuery> parse_video_query(const net::Parameters& query, const Caller& caller,
                                     std::string_view own_host, const VideoQueryRules& rules) {
  Fields fields = Fields::from(query, "query");
  VideoQuery out;
  const Page page = read_page(fields);
  out.range = {.start = page.start, .count = page.count};
  out.sort = read_video_sort(fields, rules);
  out.skip_count = fields.boolean("skipCount").value_or(false);
  out.filter.search = fields.text("search", {.min = 0, .max = 500}).value_or(std::string());
  read_subjects(fields, out.filter);
  read_form(fields, out.filter, own_host);
  read_numbers(fields, out.filter);
  const auto nsfw = read_nsfw(fields);
  if (nsfw) {
    out.filter.nsfw = *nsfw;
  } else if (!rules.lists_nsfw) {
    out.filter.nsfw = false;
  }
  TRY_VOID(read_audience(fields, caller, out));
  TRY_VOID(fields.check());
  return out;
}

}  // namespace shoal::api
