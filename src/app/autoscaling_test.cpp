#include "app/autoscaling.h"

#include <gtest/gtest.h>

#include "app/config/load.h"

namespace shoal::app {
namespace {

Config read(std::string_view yaml) {
  auto loaded = load_config(yaml, "f", {});
  EXPECT_TRUE(loaded.problems.empty());
  return std::move(loaded.config);
}

TEST(Autoscaling, takes_what_the_configuration_says) {
  const auto config = autoscaler_config(
      read("autoscaler:\n  driver: exec\n  min: 1\n  max: 7\n  interval: 10 seconds\n"
           "  target_wait: 3 minutes\n  start_time: 90 seconds\n  tolerance: 20\n"
           "  up_window: 5 seconds\n  down_window: 10 minutes\n"
           "  reserve: {percent: 50, workers: 2}\n  cost_per_hour: 0.25\n"
           "  budget_per_hour: 1.5\n  dry_run: true\n  worker: {concurrency: 4}\n"));
  EXPECT_EQ(config.driver, "exec");
  EXPECT_EQ(config.job_kind, "video-encode");
  EXPECT_EQ(config.fleet.minimum, 1u);
  EXPECT_EQ(config.fleet.maximum, 7u);
  EXPECT_EQ(config.interval, Seconds{10});
  EXPECT_EQ(config.workers.target_wait, Seconds{180});
  EXPECT_EQ(config.workers.start_time, Seconds{90});
  EXPECT_DOUBLE_EQ(config.fleet.tolerance, 0.2);
  EXPECT_EQ(config.fleet.up_window, Seconds{5});
  EXPECT_EQ(config.fleet.down_window, Seconds{600});
  EXPECT_DOUBLE_EQ(config.fleet.reserve_share, 0.5);
  EXPECT_EQ(config.fleet.reserve_nodes, 2u);
  EXPECT_DOUBLE_EQ(config.fleet.cost_per_hour, 0.25);
  EXPECT_DOUBLE_EQ(config.fleet.budget_per_hour, 1.5);
  EXPECT_TRUE(config.dry_run);
  EXPECT_EQ(config.worker_concurrency, 4);
}

TEST(Autoscaling, workers_of_this_machine_reach_the_server_where_it_listens) {
  const auto address = [](std::string_view yaml) { return local_address(read(yaml), 9100); };
  EXPECT_EQ(address(""), "http://127.0.0.1:9100");
  EXPECT_EQ(address("listen: {hostname: 0.0.0.0}\n"), "http://127.0.0.1:9100");
  EXPECT_EQ(address("listen: {hostname: '::'}\n"), "http://[::1]:9100");
  EXPECT_EQ(address("listen: {hostname: 192.0.2.7}\n"), "http://192.0.2.7:9100");
  EXPECT_EQ(address("webserver: {https: true, hostname: v.example, port: 443}\n"
                    "tls: {certificate_file: /c.pem, key_file: /k.pem}\n"),
            "https://v.example");
}

}  // namespace
}  // namespace shoal::app
