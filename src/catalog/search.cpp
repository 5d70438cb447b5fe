#include "catalog/search.h"

#include <fmt/format.h>

#include <map>

#include "base/text.h"
#include "catalog/ngram.h"

namespace shoal::catalog {
namespace {

constexpr int k_name_weight = 3;
constexpr int k_tag_weight = 2;

std::vector<VideoId> read_ids(const db::Rows& rows) {
  std::vector<VideoId> ids;
  ids.reserve(rows.size());
  for (const db::Row& row : rows) ids.push_back(row.id<VideoId>(0));
  return ids;
}

/// One statement for each number of grams: at most k_search_grams of them.
std::string newest_of_each_gram(std::size_t grams, const std::string& condition) {
  const std::string of_gram =
      condition.empty()
          ? "select video_id, weight from video_gram where gram = :g{}"
          : "select g.video_id, g.weight from video_gram g join video v on v.id = g.video_id"
            " where g.gram = :g{} and " +
                condition;
  std::string lists;
  for (std::size_t i = 0; i < grams; ++i) {
    lists += fmt::format("{}select video_id, weight from ({} order by video_id desc limit {}) l{}",
                         i == 0 ? "" : " union all ", fmt::format(fmt::runtime(of_gram), i),
                         k_entries_per_gram, i);
  }
  return fmt::format(
      "select video_id from ({}) hits group by video_id"
      " order by count(*) desc, sum(weight) desc, video_id desc limit {}",
      lists, k_search_candidates);
}

std::string all_of_channels(std::size_t grams, std::size_t channels, const std::string& condition) {
  return fmt::format(
      "select g.video_id from video_gram g where g.gram in {}"
      " and g.video_id in (select v.id from video v where v.channel_id in {}{})"
      " group by g.video_id order by count(*) desc, sum(g.weight) desc, g.video_id desc limit {}",
      db::in_list(grams, "g"), db::in_list(channels, "c"),
      condition.empty() ? "" : " and " + condition, k_search_candidates);
}

}  // namespace

std::string tag_key(std::string_view tag) {
  std::string key;
  for (const SearchWord& word : search_words(tag)) {
    if (!key.empty()) key += ' ';
    for (const char32_t c : word.letters) append_utf8(key, c);
  }
  // A tag of signs only ("++") still equals itself.
  return key.empty() ? to_lower_ascii(tag) : key;
}

void index_video(db::Session& session, VideoId video, std::string_view name,
                 const std::vector<std::string>& tags) {
  std::map<std::string, int> weights;
  for (const std::string& tag : tags) {
    for (std::string& gram : index_grams(tag)) weights[std::move(gram)] = k_tag_weight;
  }
  for (std::string& gram : index_grams(name)) weights[std::move(gram)] = k_name_weight;

  session.execute("delete from video_gram where video_id = :video", {video});
  constexpr std::size_t k_rows_at_once = 16;
  std::vector<db::Value> arguments;
  std::string rows;
  const auto insert = [&] {
    if (arguments.empty()) return;
    session.execute("insert into video_gram (gram, video_id, weight) values " + rows, arguments);
    arguments.clear();
    rows.clear();
  };
  for (const auto& [gram, weight] : weights) {
    const std::size_t i = arguments.size() / 3;
    rows += fmt::format("{}(:g{}, :v{}, :w{})", i == 0 ? "" : ", ", i, i, i);
    arguments.insert(arguments.end(), {gram, video, weight});
    if (i + 1 == k_rows_at_once) insert();
  }
  insert();
}

std::vector<VideoId> search_candidates(db::Session& session, std::string_view text,
                                       const SearchScope& scope) {
  const auto grams = query_grams(search_words(text), k_search_grams);
  if (grams.empty()) return {};
  std::vector<db::Value> arguments(grams.begin(), grams.end());
  if (scope.channels.empty())
    return read_ids(session.query(newest_of_each_gram(grams.size(), scope.condition), arguments));
  db::pad_list(arguments, grams.size());
  arguments.insert(arguments.end(), scope.channels.begin(), scope.channels.end());
  db::pad_list(arguments, scope.channels.size());
  return read_ids(session.query(
      all_of_channels(grams.size(), scope.channels.size(), scope.condition), arguments));
}

}  // namespace shoal::catalog
