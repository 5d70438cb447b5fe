#include <boost/json.hpp>

#include "processing/plan.h"

namespace shoal::processing {

namespace {

namespace json = boost::json;

json::value to_json(const RenditionPlan& r) {
  return {{"resolution", r.resolution},
          {"width", r.width},
          {"height", r.height},
          {"fps", {r.fps.numerator, r.fps.denominator}},
          {"video", static_cast<int>(r.video)},
          {"max_bitrate", r.max_bitrate.value},
          {"timescale", r.timescale},
          {"ticks_per_frame", r.ticks_per_frame},
          {"delay_ticks", r.delay_ticks},
          {"file_id", r.file_id.text()}};
}

json::value to_json(const AudioPlan& a) {
  return {{"mode", static_cast<int>(a.mode)}, {"stream_index", a.stream_index},
          {"sample_rate", a.sample_rate},     {"channels", a.channels},
          {"bitrate", a.bitrate.value},       {"first_sample", a.first_sample}};
}

// The readers throw what boost::json throws; parse_plan converts it in one place.
template <class T>
T number(const json::value& object, std::string_view key) {
  return object.as_object().at(key).to_number<T>();
}

std::string text(const json::value& object, std::string_view key) {
  return std::string(object.as_object().at(key).as_string());
}

Uuid uuid(const json::value& object, std::string_view key) {
  const auto parsed = Uuid::parse(text(object, key));
  if (!parsed) throw std::invalid_argument("not a UUID");
  return *parsed;
}

media::FrameRate frame_rate(const json::value& object, std::string_view key) {
  const auto& pair = object.as_object().at(key).as_array();
  return {pair.at(0).to_number<std::uint32_t>(), pair.at(1).to_number<std::uint32_t>()};
}

StreamMode mode(const json::value& object, std::string_view key) {
  const int value = number<int>(object, key);
  if (value < 0 || value > 2) throw std::invalid_argument("not a stream mode");
  return static_cast<StreamMode>(value);
}

RenditionPlan read_rendition(const json::value& value) {
  RenditionPlan r;
  r.resolution = number<std::uint32_t>(value, "resolution");
  r.width = number<std::uint32_t>(value, "width");
  r.height = number<std::uint32_t>(value, "height");
  r.fps = frame_rate(value, "fps");
  r.video = mode(value, "video");
  r.max_bitrate = {number<std::uint64_t>(value, "max_bitrate")};
  r.timescale = number<std::uint32_t>(value, "timescale");
  r.ticks_per_frame = number<std::uint32_t>(value, "ticks_per_frame");
  r.delay_ticks = number<std::uint32_t>(value, "delay_ticks");
  r.file_id = uuid(value, "file_id");
  return r;
}

AudioPlan read_audio(const json::value& value) {
  AudioPlan a;
  a.mode = mode(value, "mode");
  a.stream_index = number<int>(value, "stream_index");
  a.sample_rate = number<std::uint32_t>(value, "sample_rate");
  a.channels = number<std::uint32_t>(value, "channels");
  a.bitrate = {number<std::uint64_t>(value, "bitrate")};
  a.first_sample = number<std::int64_t>(value, "first_sample");
  return a;
}

void read_boundaries(const json::value& root, Plan& plan) {
  for (const auto& start : root.as_object().at("starts_us").as_array()) {
    plan.boundaries.starts.emplace_back(start.to_number<std::int64_t>());
  }
  plan.boundaries.end = Microseconds(number<std::int64_t>(root, "end_us"));
  std::size_t expected = 0;
  for (const auto& value : root.as_object().at("work_segments").as_array()) {
    const WorkSegment work{number<std::size_t>(value, "first"), number<std::size_t>(value, "last"),
                           Microseconds(number<std::int64_t>(value, "seek_us"))};
    if (work.first != expected || work.last <= work.first) {
      throw std::invalid_argument("work segments do not follow each other");
    }
    expected = work.last;
    plan.work_segments.push_back(work);
  }
  if (expected != plan.boundaries.size() || expected == 0) {
    throw std::invalid_argument("work segments do not cover the boundaries");
  }
}

Plan read_plan(const json::value& root) {
  Plan plan;
  plan.running_id = uuid(root, "running_id");
  plan.round = number<std::uint32_t>(root, "round");
  plan.master_id = uuid(root, "master_id");
  plan.digests_id = uuid(root, "digests_id");
  read_boundaries(root, plan);
  for (const auto& value : root.as_object().at("renditions").as_array()) {
    plan.renditions.push_back(read_rendition(value));
  }
  if (plan.renditions.empty()) throw std::invalid_argument("a plan without renditions");
  plan.audio = read_audio(root.as_object().at("audio"));
  plan.video_stream = number<int>(root, "video_stream");
  plan.origin = Microseconds(number<std::int64_t>(root, "origin_us"));
  plan.fps = frame_rate(root, "fps");
  plan.interlaced = root.as_object().at("interlaced").as_bool();
  plan.hdr = root.as_object().at("hdr").as_bool();
  plan.freeze_last_frame = root.as_object().at("freeze_last_frame").as_bool();
  // Plans of an earlier release do not say.
  const auto* offers_whole = root.as_object().if_contains("offers_whole");
  plan.offers_whole = offers_whole != nullptr && offers_whole->as_bool();
  plan.exact_seek = root.as_object().at("exact_seek").as_bool();
  plan.preset = text(root, "preset");
  plan.crf = number<int>(root, "crf");
  plan.threads = number<int>(root, "threads");
  return plan;
}

}  // namespace

std::string write_plan(const Plan& plan) {
  json::array starts;
  for (const Microseconds start : plan.boundaries.starts) starts.emplace_back(start.count());
  json::array work;
  for (const WorkSegment& segment : plan.work_segments) {
    work.push_back(
        {{"first", segment.first}, {"last", segment.last}, {"seek_us", segment.seek.count()}});
  }
  json::array renditions;
  for (const RenditionPlan& rendition : plan.renditions) renditions.push_back(to_json(rendition));
  return json::serialize(json::object{{"running_id", plan.running_id.text()},
                                      {"round", plan.round},
                                      {"master_id", plan.master_id.text()},
                                      {"digests_id", plan.digests_id.text()},
                                      {"starts_us", std::move(starts)},
                                      {"end_us", plan.boundaries.end.count()},
                                      {"work_segments", std::move(work)},
                                      {"renditions", std::move(renditions)},
                                      {"audio", to_json(plan.audio)},
                                      {"video_stream", plan.video_stream},
                                      {"origin_us", plan.origin.count()},
                                      {"fps", {plan.fps.numerator, plan.fps.denominator}},
                                      {"interlaced", plan.interlaced},
                                      {"hdr", plan.hdr},
                                      {"freeze_last_frame", plan.freeze_last_frame},
                                      {"exact_seek", plan.exact_seek},
                                      {"offers_whole", plan.offers_whole},
                                      {"preset", plan.preset},
                                      {"crf", plan.crf},
                                      {"threads", plan.threads}});
}

Result<Plan> parse_plan(std::string_view text) {
  try {
    return read_plan(json::parse(text));
  } catch (const std::exception& error) {
    return fail(ErrorCode::corrupt, std::string("the stored plan is broken: ") + error.what());
  }
}

}  // namespace shoal::processing
