#include "catalog/chapters.h"

#include <optional>
#include <string_view>

#include "base/text.h"
#include "catalog/constants.h"

namespace shoal::catalog {
namespace {

/// "m:ss" or "h:mm:ss" at the start of `line`; moves `line` behind it.
std::optional<Seconds> take_timecode(std::string_view& line) {
  const std::size_t end = line.find_first_not_of("0123456789:");
  const std::string_view text = line.substr(0, end);
  const auto parts = split(text, ':');
  if (parts.size() < 2 || parts.size() > 3) return std::nullopt;
  std::int64_t total = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto value = parts[i].size() <= 3 ? parse_int(parts[i]) : std::nullopt;
    if (!value || (i > 0 && *value > 59)) return std::nullopt;
    total = total * 60 + *value;
  }
  line.remove_prefix(text.size());
  return Seconds{total};
}

}  // namespace

std::vector<Chapter> find_chapters(db::Session& session, VideoId video) {
  std::vector<Chapter> chapters;
  for (const db::Row& row : session.query(
           "select timecode, title from chapter where video_id = :video order by timecode",
           {video}))
    chapters.push_back({.timecode = Seconds{row.integer(0)}, .title = row.text(1)});
  return chapters;
}

void replace_chapters(db::Session& session, VideoId video, const std::vector<Chapter>& chapters) {
  session.execute("delete from chapter where video_id = :video", {video});
  for (const Chapter& chapter : chapters) {
    session.execute(
        "insert into chapter (video_id, timecode, title) values (:video, :timecode, :title)",
        {video, chapter.timecode.count(), chapter.title});
  }
}

std::vector<Chapter> chapters_in_description(std::string_view description) {
  std::vector<Chapter> chapters;
  for (std::string_view line : split(description, '\n')) {
    line = trim(line);
    if (line.starts_with("- ") || line.starts_with("* ")) line.remove_prefix(2);
    const auto timecode = take_timecode(line);
    if (!timecode) continue;
    std::string_view title = trim(line);
    if (title.starts_with("- ")) title = trim(title.substr(2));
    if (title.empty() || utf8_length(title) > k_chapter_title_length.most) continue;
    if (!chapters.empty() && chapters.back().timecode >= *timecode) return {};
    if (chapters.size() == k_max_chapters) return {};
    chapters.push_back({.timecode = *timecode, .title = std::string(title)});
  }
  const bool is_list = chapters.size() >= 2 && chapters.front().timecode == Seconds{0};
  return is_list ? chapters : std::vector<Chapter>{};
}

}  // namespace shoal::catalog
