#include "app/store_check_command.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "app/admin_commands.h"
#include "app/other_stores.h"
#include "blob/s3_check.h"
#include "io/runtime.h"

namespace shoal::app {
namespace {

blob::CheckedDoors doors_of(const StoreConfig& store, const std::string& origin) {
  blob::CheckedDoors doors;
  for (const auto& base : store.weighted_base_urls()) doors.base_urls.push_back(base.url);
  doors.redirects = store.serve_public == "redirect";
  doors.presigns = store.serve_public == "presigned" || store.serve_private == "presigned";
  doors.origin = origin;
  return doors;
}

std::vector<blob::CheckStep> check_one(const StoreConfig& store, const std::string& origin) {
  const auto config = s3_store_config(store);
  if (!config) return {{"configuration", false, config.error().message}};
  const SystemClock clock;
  SystemRandom random;
  Metrics metrics;
  io::Runtime runtime(1);
  std::vector<blob::CheckStep> steps;
  runtime.run_until_done([](io::Task<std::vector<blob::CheckStep>> task,
                            std::vector<blob::CheckStep>& out) -> io::Task<> {
    out = co_await std::move(task);
  }(blob::check_store(*config, doors_of(store, origin), clock, random, metrics), steps));
  return steps;
}

void print(const std::string& store, const std::vector<blob::CheckStep>& steps, bool as_json) {
  for (const blob::CheckStep& step : steps) {
    if (as_json) {
      fmt::print("{}\n", boost::json::serialize(boost::json::object{{"store", store},
                                                                    {"step", step.name},
                                                                    {"passed", step.passed},
                                                                    {"message", step.message}}));
    } else {
      fmt::print("{}  {:24} {}\n", step.passed ? "ok  " : "FAIL", step.name, step.message);
    }
  }
}

}  // namespace

int check_stores(const Config& config, const std::string& name, bool as_json) {
  bool found = false;
  bool all_passed = true;
  for (const StoreConfig& store : config.stores) {
    if (store.type != "s3" || (!name.empty() && store.name != name)) continue;
    found = true;
    if (!as_json) fmt::print("store {}\n", store.name);
    const auto steps = check_one(store, config.webserver.origin());
    print(store.name, steps, as_json);
    for (const blob::CheckStep& step : steps) all_passed = all_passed && step.passed;
  }
  if (!found) {
    return complain({ErrorCode::not_found,
                     name.empty() ? "the configuration has no S3 store: see stores.<name> in the "
                                    "reference"
                                  : "the configuration has no S3 store '" + name + "'"});
  }
  return all_passed ? 0 : 1;
}

}  // namespace shoal::app
