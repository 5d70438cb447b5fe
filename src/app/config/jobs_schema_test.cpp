#include "app/config/jobs_schema.h"

#include <gtest/gtest.h>

#include "app/config/load.h"

namespace shoal::app {
namespace {

using Texts = std::vector<std::string>;

Texts problems_of(std::string_view yaml) {
  Texts texts;
  for (const auto& problem : load_config(yaml, "f", {}).problems) texts.push_back(problem.text());
  return texts;
}

TEST(JobsSchema, a_kind_that_there_is_not_is_named_with_its_neighbour) {
  EXPECT_EQ(problems_of("jobs: {needs: {encod: [gpu]}}\n"),
            (Texts{"f:1: jobs.needs.encod: is no key of Shoal; did you mean jobs.needs.encode?"}));
  EXPECT_EQ(problems_of("jobs: {concurrency: {encod: 2}}\n").size(), 1u);
}

TEST(JobsSchema, a_malformed_label_and_a_limit_of_nothing_are_refused) {
  EXPECT_EQ(problems_of("jobs: {needs: {encode: [two words]}}\n").size(), 1u);
  EXPECT_EQ(problems_of("cluster: {node: {labels: [GPU]}}\n").size(), 1u);
  EXPECT_EQ(problems_of("jobs: {concurrency: {encode: 0}}\n"),
            (Texts{"f:1: jobs.concurrency.encode: '0' does not fit; give a whole number, from 1 "
                   "to 128"}));
}

}  // namespace
}  // namespace shoal::app
