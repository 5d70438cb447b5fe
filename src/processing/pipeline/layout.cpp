#include "processing/pipeline/layout.h"

#include <boost/json.hpp>

#include "base/text.h"

namespace shoal::processing {
namespace {

namespace json = boost::json;

json::array to_array(const std::vector<PackagedSegment>& segments) {
  json::array out;
  for (const PackagedSegment& segment : segments)
    out.push_back(json::array{segment.duration.count(), segment.range.offset, segment.range.length,
                              to_hex(segment.sha256)});
  return out;
}

std::unexpected<Error> broken() {
  return fail(ErrorCode::corrupt, "a stored segment layout cannot be read");
}

Result<std::vector<PackagedSegment>> from_array(const json::value* value) {
  if (value == nullptr || !value->is_array()) return broken();
  std::vector<PackagedSegment> out;
  for (const json::value& item : value->get_array()) {
    const auto* fields = item.if_array();
    if (fields == nullptr || fields->size() != 4 || !(*fields)[3].is_string()) return broken();
    PackagedSegment segment;
    boost::system::error_code error;
    segment.duration = Microseconds((*fields)[0].to_number<std::int64_t>(error));
    if (!error) segment.range.offset = (*fields)[1].to_number<std::uint64_t>(error);
    if (!error) segment.range.length = (*fields)[2].to_number<std::uint64_t>(error);
    if (error || !from_hex((*fields)[3].get_string(), segment.sha256)) return broken();
    out.push_back(segment);
  }
  return out;
}

}  // namespace

std::string write_segments(const std::vector<PackagedSegment>& segments) {
  return json::serialize(to_array(segments));
}

Result<std::vector<PackagedSegment>> parse_segments(std::string_view text) {
  boost::system::error_code error;
  const json::value value = json::parse(text, error);
  if (error) return broken();
  return from_array(&value);
}

std::string write_work_layout(const PackagedWork& work) {
  return json::serialize(json::object{{"codecs", work.codecs},
                                      {"hasAudio", work.has_audio},
                                      {"init", to_base64url(std::as_bytes(std::span(work.init)))},
                                      {"segments", to_array(work.segments)}});
}

Result<PackagedWork> parse_work_layout(std::size_t work_segment, std::string_view text) {
  boost::system::error_code error;
  const json::value value = json::parse(text, error);
  const json::object* object = error ? nullptr : value.if_object();
  if (object == nullptr) return broken();
  const auto* codecs = object->if_contains("codecs");
  const auto* has_audio = object->if_contains("hasAudio");
  const auto* init = object->if_contains("init");
  const bool whole = codecs != nullptr && codecs->is_string() && has_audio != nullptr &&
                     has_audio->is_bool() && init != nullptr && init->is_string();
  if (!whole) return broken();
  const auto init_bytes = from_base64url(init->get_string());
  if (!init_bytes) return broken();
  PackagedWork work;
  work.work_segment = work_segment;
  work.codecs = codecs->get_string();
  work.has_audio = has_audio->get_bool();
  work.init = *init_bytes;
  TRY(work.segments, from_array(object->if_contains("segments")));
  return work;
}

}  // namespace shoal::processing
