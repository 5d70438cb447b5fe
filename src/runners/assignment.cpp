#include "runners/assignment.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "base/text.h"
#include "runners/offers.h"

namespace shoal::runners {
namespace {

namespace json = boost::json;

constexpr std::string_view k_field_begin = "payload[videoFiles][";

json::object to_payload(const SegmentInput& input, std::size_t work_segment) {
  return {{"input",
           {{"videoFileUrl", input.url},
            {"videoFileSize", input.size},
            {"videoUUID", input.video.text()}}},
          {"output", {{"workSegment", work_segment}}}};
}

// Throws what boost::json throws; parse_assignment converts it in one place.
Assignment read_assignment(const json::value& answer) {
  const json::object& job = answer.as_object().at("job").as_object();
  const json::object& payload = job.at("payload").as_object();
  const json::object& input = payload.at("input").as_object();
  Assignment out;
  out.job = job.at("uuid").as_string();
  // A folder will have this name.
  if (!Uuid::parse(out.job)) throw std::invalid_argument("the job has no UUID");
  out.job_token = job.at("jobToken").as_string();
  out.input.url = input.at("videoFileUrl").as_string();
  out.input.size = input.at("videoFileSize").to_number<std::uint64_t>();
  const auto video = Uuid::parse(input.at("videoUUID").as_string());
  if (!video) throw std::invalid_argument("the video has no UUID");
  out.input.video = *video;
  const json::object& output = payload.at("output").as_object();
  out.work_segment = output.at("workSegment").to_number<std::size_t>();
  const json::value* puts = output.if_contains("takesPuts");
  out.takes_puts = puts != nullptr && puts->as_bool();
  auto plan = processing::parse_plan(json::serialize(payload.at("plan")));
  if (!plan) throw std::invalid_argument(plan.error().message);
  out.plan = *std::move(plan);
  if (out.work_segment >= out.plan.work_segments.size())
    throw std::invalid_argument("the plan has no such work segment");
  return out;
}

}  // namespace

std::string write_offer(const SegmentInput& input, std::size_t work_segment) {
  return json::serialize(to_payload(input, work_segment));
}

std::string write_assignment(const SegmentInput& input, std::size_t work_segment,
                             const processing::Plan& plan, bool takes_puts) {
  json::object payload = to_payload(input, work_segment);
  payload["output"].as_object()["takesPuts"] = takes_puts;
  payload["plan"] = json::parse(processing::write_plan(plan));
  return json::serialize(payload);
}

std::string write_hls_payload(const SegmentInput& input,
                              const processing::RenditionPlan& rendition) {
  const media::FrameRate fps = rendition.fps;
  const bool is_whole = fps.numerator % fps.denominator == 0;
  return json::serialize(json::object{
      {"input", {{"videoFileUrl", input.url}, {"separatedAudioFileUrl", json::array()}}},
      {"output",
       {{"resolution", rendition.resolution},
        {"fps", is_whole ? json::value(fps.numerator / fps.denominator) : json::value(fps.value())},
        {"separatedAudio", true}}}});
}

std::string piece_field(std::uint32_t resolution) {
  return fmt::format("{}{}]", k_field_begin, resolution);
}

std::optional<std::uint32_t> resolution_of_field(std::string_view name) {
  if (!name.starts_with(k_field_begin) || !name.ends_with(']')) return std::nullopt;
  name.remove_prefix(k_field_begin.size());
  name.remove_suffix(1);
  const auto number = parse_int(name);
  if (!number || *number < 0 || *number > std::numeric_limits<std::uint32_t>::max())
    return std::nullopt;
  return static_cast<std::uint32_t>(*number);
}

std::vector<std::string> parse_offers(std::string_view answer) {
  std::vector<std::string> jobs;
  boost::system::error_code error;
  const json::value value = json::parse(answer, error);
  const json::object* root = error ? nullptr : value.if_object();
  const json::value* list = root == nullptr ? nullptr : root->if_contains("availableJobs");
  if (list == nullptr || !list->is_array()) return jobs;
  for (const json::value& item : list->get_array()) {
    const json::object* job = item.if_object();
    if (job == nullptr) continue;
    const auto* type = job->if_contains("type");
    const auto* uuid = job->if_contains("uuid");
    if (type == nullptr || !type->is_string() || uuid == nullptr || !uuid->is_string()) continue;
    if (type->get_string() != k_segment_type || !Uuid::parse(uuid->get_string())) continue;
    jobs.emplace_back(uuid->get_string());
  }
  return jobs;
}

Result<Assignment> parse_assignment(std::string_view answer) {
  try {
    return read_assignment(json::parse(answer));
  } catch (const std::exception& error) {
    return fail(ErrorCode::invalid,
                std::string("the server's answer is no segment job: ") + error.what());
  }
}

Result<std::vector<ResultUrl>> parse_result_urls(std::string_view answer) {
  try {
    const json::value value = json::parse(answer);
    std::vector<ResultUrl> urls;
    for (const json::value& item : value.as_object().at("urls").as_array()) {
      const json::object& place = item.as_object();
      urls.push_back({place.at("resolution").to_number<std::uint32_t>(),
                      std::string(place.at("url").as_string())});
    }
    return urls;
  } catch (const std::exception& error) {
    return fail(ErrorCode::invalid,
                std::string("the server's answer names no places for results: ") + error.what());
  }
}

}  // namespace shoal::runners
