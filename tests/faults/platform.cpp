// shoal_faults_platform --seeds A-B [--only disk|kill] [--shoal PROGRAM]
//
// Each seed is two schedules: disk faults and power cuts against the storing half of the program in
// this process, and kill -9 of the real program (kill_schedule.py). Prints one line per broken
// promise with its seed, then a summary; exits 1 when there was any.
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/log.h"
#include "base/text.h"
#include "tests/faults/disk_schedule.h"

namespace {

struct Options {
  std::string seeds = "1-10";
  std::string only;
  std::string shoal = SHOAL_PROGRAM;
};

struct Range {
  std::uint64_t first = 1;
  std::uint64_t last = 1;
};

std::optional<Range> parse_seeds(const std::string& text) {
  const auto dash = text.find('-');
  const auto first = shoal::parse_int(text.substr(0, dash));
  const auto last = dash == std::string::npos ? first : shoal::parse_int(text.substr(dash + 1));
  if (!first || !last || *first < 0 || *last < *first) return std::nullopt;
  return Range{static_cast<std::uint64_t>(*first), static_cast<std::uint64_t>(*last)};
}

/// Returns how many promises broke.
std::size_t run_disk(std::uint64_t seed) {
  const auto report = shoal::faults::run_disk_schedule(seed);
  for (const auto& violation : report.violations) {
    fmt::print("seed {} disk: VIOLATED: {}\n", seed, violation);
  }
  fmt::print("seed {} disk: {} actions, {} faults, {} restarts, {} violations\n", seed,
             report.actions, report.faults, report.restarts, report.violations.size());
  std::fflush(stdout);
  return report.violations.size();
}

/// The script prints its own lines and exits with 1 when a promise broke.
std::size_t run_kill(std::uint64_t seed, const std::string& program) {
  const std::string number = std::to_string(seed);
  const pid_t child = fork();
  if (child == 0) {
    execlp("python3", "python3", SHOAL_KILL_SCHEDULE, "--shoal", program.c_str(), "--seed",
           number.c_str(), static_cast<char*>(nullptr));
    _exit(127);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) return 1;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("random kills and disk faults through upload, transcode and publish");
  Options options;
  app.add_option("--seeds", options.seeds, "one seed, or A-B");
  app.add_option("--only", options.only, "disk or kill")->check(CLI::IsMember({"disk", "kill"}));
  app.add_option("--shoal", options.shoal, "the program to kill");
  CLI11_PARSE(app, argc, argv);
  const auto range = parse_seeds(options.seeds);
  if (!range) {
    fmt::print(stderr, "--seeds wants a number or A-B, not '{}'\n", options.seeds);
    return 2;
  }
  // What the faults cause is expected; only broken promises are news.
  shoal::log::configure(shoal::log::Level::error, shoal::log::Format::text);
  std::size_t violations = 0;
  std::uint64_t schedules = 0;
  for (std::uint64_t seed = range->first; seed <= range->last; ++seed) {
    if (options.only != "kill") violations += run_disk(seed), ++schedules;
    if (options.only != "disk") violations += run_kill(seed, options.shoal), ++schedules;
  }
  fmt::print("{} schedules run, {} violations\n", schedules, violations);
  return violations == 0 ? 0 : 1;
}
