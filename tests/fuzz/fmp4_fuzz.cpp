#include "base/check.h"
#include "media/fmp4/fragment.h"
#include "media/fmp4/stitch.h"

namespace fmp4 = shoal::media::fmp4;
using shoal::media::ByteView;

namespace {

void read_fragment(ByteView box, std::uint64_t at, const std::vector<fmp4::Track>& tracks) {
  auto fragment = fmp4::parse_fragment(box, at, tracks);
  if (!fragment) return;
  for (auto& run : fragment->runs) {
    fmp4::cut_at_sync(run.samples, 0, 1000);
    fmp4::cut_by_start(run.samples, 0, 1000);
    if (auto samples = run.samples; fmp4::put_on_grid(samples, 12800, {90000, 3600}, {0, 0, 2})) {
      fmp4::Fragment rewritten{1, {{run.track_id, samples}}};
      if (samples.empty()) continue;
      const auto head = fmp4::write_fragment_head(rewritten);
      if (!head) continue;
      const auto again = fmp4::parse_fragment(*head, 0, tracks);
      SHOAL_CHECK(again && again->runs.at(0).samples.size() == samples.size());
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes = std::as_bytes(std::span(data, size));
  std::vector<fmp4::Track> tracks;
  if (const auto init = fmp4::parse_init_segment(bytes)) {
    tracks = init->tracks;
    const auto written = fmp4::write_init_segment(*init);
    SHOAL_CHECK(written.size() > 100);
  } else {
    fmp4::Track track;
    track.timescale = 12800;
    track.kind = fmp4::TrackKind::video;
    tracks.push_back(track);
  }
  fmp4::BoxWalker walker(bytes);
  fmp4::Box box;
  std::uint64_t at = 0;
  while (walker.next(box)) {
    if (box.type == fmp4::fourcc("moof")) read_fragment(box.whole, at, tracks);
    at += box.whole.size();
  }
  (void)fmp4::parse_segment_index(bytes).has_value();
  return 0;
}
