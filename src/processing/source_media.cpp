#include "processing/source_media.h"

#include <algorithm>
#include <cmath>

namespace shoal::processing {

std::uint32_t SourceVideo::display_width() const {
  const double shown = rotation % 180 == 0 ? width * sample_aspect : height;
  return std::max(1U, static_cast<std::uint32_t>(std::lround(shown)));
}

std::uint32_t SourceVideo::display_height() const {
  const double shown = rotation % 180 == 0 ? height : width * sample_aspect;
  return std::max(1U, static_cast<std::uint32_t>(std::lround(shown)));
}

Microseconds SourceMedia::origin() const {
  return video ? video->first : audio->first;
}

Microseconds SourceMedia::duration() const {
  Microseconds end{0};
  if (video) end = video->end;
  if (audio) end = std::max(end, audio->end);
  return std::max(Microseconds{0}, end - origin());
}

}  // namespace shoal::processing
