#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/result.h"
#include "io/file_system.h"
#include "media/fmp4/fragment.h"
#include "media/fmp4/init_segment.h"

namespace shoal::processing {

/// What a fragmented MP4 file of one track holds; the sample bytes stay in the file.
struct TrackFile {
  media::fmp4::Track track;
  std::vector<media::fmp4::Sample> samples;
};

/// Reads the boxes of a file that ffmpeg wrote for us (one track, fragmented), but no media bytes.
/// Blocking. Errors: corrupt, those of File.
Result<TrackFile> read_track_file(io::File& file);

/// Samples and the open file that holds their bytes.
struct SampleSource {
  io::File* file = nullptr;
  std::span<const media::fmp4::Sample> samples;
};

/// Gives the bytes of `source`'s samples to `take`, in order, reading neighbours at once and at
/// most a mebibyte of them. Blocking. Errors: corrupt when the file ends before a sample does,
/// those of `take`.
Result<> read_samples(const SampleSource& source,
                      const std::function<Result<>(media::ByteView)>& take);

/// Appends them to `out`.
Result<> append_samples(const SampleSource& source, media::Bytes& out);

}  // namespace shoal::processing
