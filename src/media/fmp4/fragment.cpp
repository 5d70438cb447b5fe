#include "media/fmp4/fragment.h"

#include <algorithm>
#include <optional>

#include "base/check.h"

namespace shoal::media::fmp4 {

namespace {

constexpr std::size_t k_sample_limit = std::size_t{1} << 17;
/// A run's data offset is a signed 32-bit number (section 8.8.8).
constexpr std::uint64_t k_fragment_limit = std::uint64_t{1} << 31;
constexpr std::uint32_t k_non_sync = 0x10000;
/// ISO/IEC 14496-12 section 8.8.3.1: depends on others and is no sync sample; or depends on none.
constexpr std::uint32_t k_dependent_flags = 0x01010000;
constexpr std::uint32_t k_independent_flags = 0x02000000;

Error broken(std::string what) {
  return {ErrorCode::corrupt, "a media fragment is broken: " + std::move(what)};
}

/// `tfhd`, section 8.8.7, merged with the defaults of `trex`.
struct RunDefaults {
  std::uint64_t base_offset = 0;
  std::uint32_t duration = 0;
  std::uint32_t size = 0;
  std::uint32_t flags = 0;
};

struct RunCursor {
  std::uint64_t data_offset = 0;
  std::int64_t decode_time = 0;
};

Result<> parse_trun(ByteView payload, const RunDefaults& defaults, RunCursor& cursor,
                    std::size_t& budget, std::vector<Sample>& samples) {
  ByteReader reader(payload);
  const auto full = read_full_box(reader);
  const std::uint32_t count = reader.u32();
  if (count > budget) return std::unexpected(broken("too many samples"));
  budget -= count;
  if (full.flags & 0x1) {
    const std::int64_t offset = reader.i32();
    cursor.data_offset = defaults.base_offset + static_cast<std::uint64_t>(offset);
  }
  std::optional<std::uint32_t> first_flags;
  if (full.flags & 0x4) first_flags = reader.u32();
  for (std::uint32_t i = 0; i < count; ++i) {
    Sample sample;
    sample.duration = full.flags & 0x100 ? reader.u32() : defaults.duration;
    sample.size = full.flags & 0x200 ? reader.u32() : defaults.size;
    std::uint32_t flags = full.flags & 0x400 ? reader.u32() : defaults.flags;
    if (i == 0 && first_flags) flags = *first_flags;
    if (full.flags & 0x800) sample.composition_offset = reader.i32();
    if (!reader.ok()) return std::unexpected(broken("a sample table is cut off"));
    sample.sync = (flags & k_non_sync) == 0;
    sample.offset = cursor.data_offset;
    sample.decode_time = cursor.decode_time;
    cursor.data_offset += sample.size;
    cursor.decode_time += sample.duration;
    samples.push_back(sample);
  }
  if (cursor.data_offset > (1ULL << 60)) return std::unexpected(broken("an offset is absurd"));
  return {};
}

Result<std::optional<TrackRun>> parse_traf(ByteView traf, std::uint64_t moof_offset,
                                           const std::vector<Track>& tracks, RunCursor& cursor,
                                           std::size_t& budget) {
  TRY(const Box tfhd, find_box(traf, fourcc("tfhd")));
  ByteReader reader(tfhd.payload);
  const auto full = read_full_box(reader);
  TrackRun run;
  run.track_id = reader.u32();
  const auto track = std::ranges::find(tracks, run.track_id, &Track::id);
  if (reader.ok() && track == tracks.end()) return std::nullopt;
  if (!reader.ok()) return std::unexpected(broken("a track header is cut off"));
  RunDefaults defaults{moof_offset, track->default_duration, track->default_size,
                       track->default_flags};
  if (full.flags & 0x1) defaults.base_offset = reader.u64();
  if (full.flags & 0x2) reader.skip(4);
  if (full.flags & 0x8) defaults.duration = reader.u32();
  if (full.flags & 0x10) defaults.size = reader.u32();
  if (full.flags & 0x20) defaults.flags = reader.u32();
  if (!reader.ok()) return std::unexpected(broken("a track header is cut off"));
  cursor.data_offset = defaults.base_offset;
  cursor.decode_time = 0;
  if (const auto tfdt = find_box(traf, fourcc("tfdt"))) {
    ByteReader time(tfdt->payload);
    const std::uint64_t value = read_full_box(time).version == 1 ? time.u64() : time.u32();
    if (!time.ok() || value > (1ULL << 56)) return std::unexpected(broken("its time is absurd"));
    cursor.decode_time = static_cast<std::int64_t>(value);
  }
  BoxWalker walker(traf);
  Box box;
  while (walker.next(box)) {
    if (box.type != fourcc("trun")) continue;
    TRY_VOID(parse_trun(box.payload, defaults, cursor, budget, run.samples));
  }
  if (!walker.ok()) return std::unexpected(broken("a track is cut off"));
  return run;
}

bool uniform_duration(const TrackRun& run) {
  return std::ranges::all_of(run.samples, [&](const Sample& sample) {
    return sample.duration == run.samples.front().duration;
  });
}

/// Writes one `traf`; gives the place of its data offset, to be filled in once the size is known.
std::size_t write_traf(ByteWriter& out, const TrackRun& run) {
  std::size_t data_offset_at = 0;
  const bool all_sync = std::ranges::all_of(run.samples, &Sample::sync);
  const bool one_duration = uniform_duration(run);
  const bool composed = std::ranges::any_of(run.samples, &Sample::composition_offset);
  write_box(out, "traf", [&] {
    write_full_box(out, "tfhd", 0, 0x20000 | (one_duration ? 0x8U : 0U) | 0x20, [&] {
      out.u32(run.track_id);
      if (one_duration) out.u32(run.samples.front().duration);
      out.u32(all_sync ? k_independent_flags : k_dependent_flags);
    });
    write_full_box(out, "tfdt", 1, 0,
                   [&] { out.u64(static_cast<std::uint64_t>(run.samples.front().decode_time)); });
    const std::uint32_t flags =
        0x201 | (one_duration ? 0U : 0x100U) | (all_sync ? 0U : 0x400U) | (composed ? 0x800U : 0U);
    write_full_box(out, "trun", 1, flags, [&] {
      out.u32(run.samples.size());
      data_offset_at = out.size();
      out.u32(0);
      for (const Sample& sample : run.samples) {
        if (!one_duration) out.u32(sample.duration);
        out.u32(sample.size);
        if (!all_sync) out.u32(sample.sync ? k_independent_flags : k_dependent_flags);
        if (composed) out.i32(sample.composition_offset);
      }
    });
  });
  return data_offset_at;
}

}  // namespace

Result<Fragment> parse_fragment(ByteView moof, std::uint64_t moof_offset,
                                const std::vector<Track>& tracks) {
  Fragment fragment;
  BoxWalker top(moof);
  Box box;
  if (!top.next(box) || box.type != fourcc("moof")) {
    return std::unexpected(broken("it does not start with moof"));
  }
  std::size_t budget = k_sample_limit;
  RunCursor cursor;
  BoxWalker walker(box.payload);
  while (walker.next(box)) {
    if (box.type == fourcc("mfhd")) {
      ByteReader reader(box.payload);
      read_full_box(reader);
      fragment.sequence = reader.u32();
      if (!reader.ok()) return std::unexpected(broken("its sequence number is cut off"));
    } else if (box.type == fourcc("traf")) {
      TRY(auto run, parse_traf(box.payload, moof_offset, tracks, cursor, budget));
      if (run) fragment.runs.push_back(std::move(*run));
    }
  }
  if (!walker.ok()) return std::unexpected(broken("a box is cut off"));
  return fragment;
}

Result<Bytes> write_fragment_head(const Fragment& fragment) {
  ByteWriter out;
  std::vector<std::size_t> data_offsets;
  std::vector<std::uint64_t> data_sizes;
  write_box(out, "moof", [&] {
    write_full_box(out, "mfhd", 0, 0, [&] { out.u32(fragment.sequence); });
    for (const TrackRun& run : fragment.runs) {
      if (run.samples.empty()) continue;
      SHOAL_CHECK(run.samples.front().decode_time >= 0);
      data_offsets.push_back(write_traf(out, run));
      std::uint64_t size = 0;
      for (const Sample& sample : run.samples) size += sample.size;
      data_sizes.push_back(size);
    }
  });
  std::uint64_t next = out.size() + 8;
  for (std::size_t i = 0; i < data_offsets.size(); ++i) {
    out.patch_u32(data_offsets[i], static_cast<std::uint32_t>(next));
    next += data_sizes[i];
    if (next >= k_fragment_limit) {
      return fail(ErrorCode::too_large, "a media segment is larger than 2 GiB");
    }
  }
  out.u32(next - out.size());
  out.text("mdat");
  return out.take();
}

Bytes write_segment_index(const SegmentIndex& index) {
  SHOAL_CHECK(index.references.size() <= 0xffff);
  ByteWriter out;
  write_full_box(out, "sidx", 1, 0, [&] {
    out.u32(index.track_id);
    out.u32(index.timescale);
    out.u64(index.earliest_presentation_time);
    out.u64(0);
    out.u16(0);
    out.u16(index.references.size());
    for (const auto& reference : index.references) {
      SHOAL_CHECK(reference.size < (1U << 31));
      out.u32(reference.size);
      out.u32(reference.duration);
      out.u32(reference.starts_with_sync ? 0x90000000U : 0U);  // SAP type 1
    }
  });
  return out.take();
}

Result<SegmentIndex> parse_segment_index(ByteView bytes) {
  TRY(const Box box, find_box(bytes, fourcc("sidx")));
  ByteReader reader(box.payload);
  const auto full = read_full_box(reader);
  SegmentIndex index;
  index.track_id = reader.u32();
  index.timescale = reader.u32();
  index.earliest_presentation_time = full.version == 0 ? reader.u32() : reader.u64();
  reader.skip(full.version == 0 ? 4 : 8);
  reader.skip(2);
  const std::uint16_t count = reader.u16();
  for (std::uint16_t i = 0; i < count && reader.ok(); ++i) {
    SegmentIndex::Reference reference;
    const std::uint32_t type_and_size = reader.u32();
    reference.size = type_and_size & 0x7fffffff;
    reference.duration = reader.u32();
    reference.starts_with_sync = reader.u32() >> 31 != 0;
    if (type_and_size >> 31) {
      return fail(ErrorCode::unsupported, "a segment index of indexes is not read");
    }
    index.references.push_back(reference);
  }
  if (!reader.ok() || index.timescale == 0) {
    return fail(ErrorCode::corrupt, "the segment index is broken");
  }
  return index;
}

}  // namespace shoal::media::fmp4
