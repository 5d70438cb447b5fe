#include "scaling/fleet/exec_driver.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>

#include "base/text.h"

namespace shoal::scaling {
namespace {

constexpr ByteCount k_most_output = 64_KiB;
/// Of what a script says, in a message.
constexpr std::size_t k_most_quoted = 300;

/// In one line, without what a terminal would act on.
std::string one_line(std::string_view text) {
  std::string line(trim(text).substr(0, k_most_quoted));
  std::ranges::replace_if(
      line, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, ' ');
  return line;
}

}  // namespace

ExecDriver::ExecDriver(ExecDriverConfig config, io::ProcessRunner& processes)
    : config_(std::move(config)), processes_(processes) {}

io::Task<Result<std::string>> ExecDriver::call(std::vector<std::string> words) {
  const std::string what = fmt::format("{} {}", config_.script, fmt::join(words, " "));
  io::Command command;
  command.program = config_.script;
  command.arguments = std::move(words);
  command.capture_limit = k_most_output;
  command.sandbox.cpu_limit = config_.time_limit;
  command.sandbox.wall_limit = config_.time_limit;
  // Clients of clouds reserve far more address space than they use.
  command.sandbox.memory_limit = ByteCount{std::numeric_limits<std::uint64_t>::max()};
  command.sandbox.may_fork = true;
  command.sandbox.lowest_priority = false;
  CO_TRY(io::ProcessExit ended, co_await processes_.run(std::move(command)));
  if (ended.timed_out) {
    co_return fail(ErrorCode::timeout, fmt::format("`{}` did not end within {} s and was killed",
                                                   what, config_.time_limit.count()));
  }
  if (ended.status != 0) {
    co_return fail(ErrorCode::unavailable,
                   fmt::format("`{}` ended with status {}: {}", what, ended.status,
                               one_line(ended.standard_error)));
  }
  co_return std::move(ended.standard_output);
}

io::Task<Result<Inventory>> ExecDriver::look() {
  CO_TRY(const std::string said, co_await call({"count"}));
  const auto count = parse_int(trim(said));
  if (!count || *count < 0 || *count > k_most) {
    co_return fail(ErrorCode::corrupt,
                   fmt::format("`{} count` printed '{}', which is no number from 0 to {}",
                               config_.script, one_line(said), k_most));
  }
  co_return Inventory{.count = static_cast<std::uint32_t>(*count),
                      .name_prefix = config_.name_prefix};
}

io::Task<Result<>> ExecDriver::apply(ScaleOrder order) {
  CO_TRY_VOID(co_await call({"scale", std::to_string(order.left())}));
  co_return Result<>{};
}

}  // namespace shoal::scaling
