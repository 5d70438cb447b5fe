#include "runners/assignment.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace shoal::runners {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

SegmentInput an_input() {
  return {"http://box/source", 1234, *Uuid::parse("35abc6f9-0134-44b8-8287-4a8695efac1f")};
}

processing::Plan a_plan() {
  using processing::Microseconds;
  processing::Plan plan;
  plan.boundaries.starts = {Microseconds{0}, Microseconds{4'000'000}};
  plan.boundaries.end = Microseconds{8'000'000};
  plan.work_segments = {{0, 1, Microseconds{0}}, {1, 2, Microseconds{4'000'000}}};
  processing::RenditionPlan rendition;
  rendition.resolution = 240;
  rendition.fps = {25, 1};
  plan.renditions = {rendition};
  plan.preset = "veryfast";
  return plan;
}

std::string accepted(const std::string& payload) {
  return fmt::format(
      R"({{"job":{{"uuid":"00000000-0000-4000-8000-000000000001","jobToken":"t","payload":{}}}}})",
      payload);
}

TEST(Assignment, reads_what_was_written) {
  const auto read = parse_assignment(accepted(write_assignment(an_input(), 1, a_plan(), true)));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->job_token, "t");
  EXPECT_EQ(read->input.url, "http://box/source");
  EXPECT_EQ(read->input.size, 1234);
  EXPECT_EQ(read->input.video, an_input().video);
  EXPECT_EQ(read->work_segment, 1);
  EXPECT_TRUE(read->takes_puts);
  EXPECT_EQ(processing::write_plan(read->plan), processing::write_plan(a_plan()));
}

TEST(Assignment, what_is_none_is_refused) {
  for (const std::string& text :
       {std::string(), std::string("{}"), accepted("{}"), accepted(write_offer(an_input(), 1)),
        accepted(write_assignment(an_input(), 2, a_plan(), false))})
    EXPECT_EQ(parse_assignment(text).error().code, ErrorCode::invalid) << text;
}

TEST(Assignment, a_job_that_is_called_like_a_path_is_refused) {
  std::string text = accepted(write_assignment(an_input(), 1, a_plan(), true));
  const std::string uuid = "00000000-0000-4000-8000-000000000001";
  text.replace(text.find(uuid), uuid.size(), "../../../home");
  EXPECT_EQ(parse_assignment(text).error().code, ErrorCode::invalid);
}

TEST(Assignment, offers_of_other_types_are_passed_over) {
  const std::string answer = R"({"availableJobs":[
      {"uuid":"00000000-0000-4000-8000-000000000001","type":"vod-hls-transcoding"},
      {"uuid":"00000000-0000-4000-8000-000000000002","type":"shoal-segment-transcoding"},
      {"uuid":"../2","type":"shoal-segment-transcoding"}, 3]})";
  EXPECT_THAT(parse_offers(answer), ElementsAre("00000000-0000-4000-8000-000000000002"));
  EXPECT_THAT(parse_offers("busy"), IsEmpty());
}

TEST(Assignment, places_for_results_are_read) {
  const auto urls = parse_result_urls(R"({"urls":[{"resolution":720,"url":"https://s3/k"}]})");
  ASSERT_TRUE(urls);
  ASSERT_EQ(urls->size(), 1);
  EXPECT_EQ(urls->front().resolution, 720);
  EXPECT_EQ(urls->front().url, "https://s3/k");
  for (const char* text : {"", "{}", R"({"urls":3})", R"({"urls":[{"resolution":-1,"url":""}]})",
                           R"({"urls":[{"resolution":1}]})"})
    EXPECT_EQ(parse_result_urls(text).error().code, ErrorCode::invalid) << text;
}

TEST(Assignment, a_field_names_its_rendition) {
  EXPECT_EQ(resolution_of_field(piece_field(720)), 720);
  for (const char* name : {"payload[videoFile]", "payload[videoFiles][]", "payload[videoFiles][-1]",
                           "payload[videoFiles][720", "720"})
    EXPECT_FALSE(resolution_of_field(name)) << name;
}

}  // namespace
}  // namespace shoal::runners
