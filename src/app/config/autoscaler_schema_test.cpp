#include "app/config/autoscaler_schema.h"

#include <gtest/gtest.h>

#include "app/config/load.h"

namespace shoal::app {
namespace {

using Texts = std::vector<std::string>;

Texts problems_of(std::string_view yaml) {
  Texts texts;
  for (const auto& problem : load_config(yaml, "shoal.yaml", {}).problems)
    texts.push_back(problem.text());
  return texts;
}

TEST(AutoscalerSchema, is_off_by_default_and_needs_no_more_than_being_switched_on) {
  EXPECT_FALSE(load_config("", "f", {}).config.autoscaler.enabled);
  EXPECT_EQ(problems_of("autoscaler: {enabled: true}\n"), Texts{});
}

TEST(AutoscalerSchema, bounds_that_exclude_each_other_are_refused) {
  EXPECT_EQ(problems_of("autoscaler:\n  min: 5\n  max: 4\n"),
            (Texts{"shoal.yaml:2: autoscaler.min: is 5, above autoscaler.max, which is 4; give at "
                   "most that"}));
  EXPECT_EQ(problems_of("autoscaler:\n  budget_per_hour: 3.5\n"),
            (Texts{"shoal.yaml:2: autoscaler.budget_per_hour: bounds nothing while "
                   "autoscaler.cost_per_hour is 0; say what a worker costs"}));
  EXPECT_EQ(problems_of("autoscaler:\n  budget_per_hour: 3.5\n  cost_per_hour: 0.25\n"), Texts{});
}

TEST(AutoscalerSchema, a_driver_says_what_it_needs) {
  EXPECT_EQ(problems_of("autoscaler:\n  enabled: true\n  driver: exec\n"),
            (Texts{"shoal.yaml:2: autoscaler.exec.script: is empty; the driver exec needs the "
                   "script's path"}));
  EXPECT_EQ(problems_of("autoscaler:\n  enabled: true\n  driver: kubernetes\n"),
            (Texts{"shoal.yaml:2: autoscaler.kubernetes.deployment: is empty; the driver "
                   "kubernetes needs the name of the workers' Deployment"}));
  EXPECT_EQ(problems_of("autoscaler:\n  driver: exec\n"), Texts{}) << "it is off";
}

TEST(AutoscalerSchema, nonsense_is_named_by_its_key) {
  for (const std::string_view line :
       {"driver: nomad", "max: 0", "tolerance: 101", "cost_per_hour: many", "interval: 1 ms",
        "exec: {script: scale.sh}", "worker: {concurrency: 0}",
        "kubernetes: {deployment: 'a/b'}"}) {
    EXPECT_EQ(problems_of("autoscaler:\n  " + std::string(line) + "\n").size(), 1u) << line;
  }
}

}  // namespace
}  // namespace shoal::app
