#include "processing/media_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace shoal::processing {

namespace {

namespace fmp4 = media::fmp4;

constexpr std::uint64_t k_header_box_limit = std::uint64_t{32} << 20;
constexpr std::uint64_t k_read_block = std::uint64_t{1} << 20;
constexpr std::size_t k_sample_limit = std::size_t{1} << 23;

Result<media::Bytes> read_exactly(io::File& file, std::uint64_t offset, std::uint64_t size) {
  media::Bytes bytes(static_cast<std::size_t>(size));
  TRY(const std::size_t got, file.read_at(offset, bytes));
  if (got != bytes.size()) return fail(ErrorCode::corrupt, "an intermediate file is cut off");
  return bytes;
}

/// Takes one box of the top level into `result`.
Result<> take_box(io::File& file, const fmp4::BoxHeader& header, std::uint64_t at,
                  TrackFile& result) {
  const bool wanted = header.type == fmp4::fourcc("moov") || header.type == fmp4::fourcc("moof");
  if (!wanted) return {};
  if (header.size > k_header_box_limit) {
    return fail(ErrorCode::corrupt, "an intermediate file has an absurd header");
  }
  TRY(const media::Bytes box, read_exactly(file, at, header.size));
  if (header.type == fmp4::fourcc("moov")) {
    TRY(fmp4::InitSegment init, fmp4::parse_init_segment(box));
    result.track = std::move(init.tracks.front());
    return {};
  }
  TRY(fmp4::Fragment fragment, fmp4::parse_fragment(box, at, {result.track}));
  for (fmp4::TrackRun& run : fragment.runs) {
    if (result.samples.size() + run.samples.size() > k_sample_limit) {
      return fail(ErrorCode::too_large, "an intermediate file has too many frames");
    }
    result.samples.insert(result.samples.end(), run.samples.begin(), run.samples.end());
  }
  return {};
}

}  // namespace

Result<TrackFile> read_track_file(io::File& file) {
  TRY(const std::uint64_t size, file.size());
  TrackFile result;
  for (std::uint64_t at = 0; at < size;) {
    std::array<std::byte, fmp4::k_box_header_limit> head{};
    TRY(const std::size_t got, file.read_at(at, head));
    TRY(fmp4::BoxHeader header, fmp4::parse_box_header(media::ByteView(head).first(got)));
    if (header.size == 0) header.size = size - at;
    if (header.size > size - at) {
      return fail(ErrorCode::corrupt, fmt::format("an intermediate file is cut off in '{}'",
                                                  fmp4::fourcc_text(header.type)));
    }
    TRY_VOID(take_box(file, header, at, result));
    at += header.size;
  }
  if (result.track.timescale == 0) {
    return fail(ErrorCode::corrupt, "an intermediate file has no track");
  }
  return result;
}

Result<> read_samples(const SampleSource& source,
                      const std::function<Result<>(media::ByteView)>& take) {
  media::Bytes block;
  for (std::size_t i = 0; i < source.samples.size();) {
    std::uint64_t at = source.samples[i].offset;
    std::uint64_t end = at;
    while (i < source.samples.size() && source.samples[i].offset == end) {
      end += source.samples[i].size;
      ++i;
      if (end == at) break;  // an empty sample: nothing to read, but a step forward
    }
    while (at < end) {
      block.resize(static_cast<std::size_t>(std::min(k_read_block, end - at)));
      TRY(const std::size_t got, source.file->read_at(at, block));
      if (got != block.size()) return fail(ErrorCode::corrupt, "an intermediate file is cut off");
      TRY_VOID(take(block));
      at += got;
    }
  }
  return {};
}

Result<> append_samples(const SampleSource& source, media::Bytes& out) {
  return read_samples(source, [&](media::ByteView bytes) -> Result<> {
    out.insert(out.end(), bytes.begin(), bytes.end());
    return {};
  });
}

}  // namespace shoal::processing
