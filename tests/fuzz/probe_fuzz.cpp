#include "base/check.h"
#include "base/random.h"
#include "processing/plan.h"

namespace processing = shoal::processing;

/// What ffprobe says of a hostile file: first a line of JSON (streams), then lines of packets. The
/// plan made from it must hold together and read back.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto end = std::min(text.size(), text.find('\n'));
  auto source = processing::parse_probe(text.substr(0, end));
  if (!source) return 0;
  processing::PacketScan scan(*source);
  while (!text.empty()) {
    const auto line = text.substr(0, std::min(text.size(), text.find('\n')));
    scan.add_line(line);
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  scan.apply(*source);
  if (!source->video && !source->audio) return 0;
  shoal::SeededRandom random(1);
  const auto plan = processing::make_plan(*source, {}, random);
  if (!plan) return 0;
  SHOAL_CHECK(plan->work_segments.front().first == 0);
  SHOAL_CHECK(plan->work_segments.back().last == plan->boundaries.size());
  // No segment is far from its four seconds, whatever the file says of itself.
  SHOAL_CHECK(plan->boundaries.longest() < std::chrono::seconds(8));
  const std::string stored = processing::write_plan(*plan);
  const auto read = processing::parse_plan(stored);
  SHOAL_CHECK(read && processing::write_plan(*read) == stored);
  return 0;
}
