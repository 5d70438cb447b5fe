#include "media/codecs.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "media/fmp4/box.h"

namespace shoal::media {

namespace {

using fmp4::Box;
using fmp4::fourcc;

constexpr std::size_t k_visual_entry_size = 78;
constexpr std::size_t k_audio_entry_size = 28;

/// The boxes that may follow the fixed part of a sample entry, by its type.
struct EntryShape {
  std::uint32_t entry = 0;
  std::uint32_t configuration = 0;
  std::size_t fixed_size = 0;
};

constexpr std::array k_shapes{
    EntryShape{fourcc("avc1"), fourcc("avcC"), k_visual_entry_size},
    EntryShape{fourcc("avc3"), fourcc("avcC"), k_visual_entry_size},
    EntryShape{fourcc("hvc1"), fourcc("hvcC"), k_visual_entry_size},
    EntryShape{fourcc("hev1"), fourcc("hvcC"), k_visual_entry_size},
    EntryShape{fourcc("av01"), fourcc("av1C"), k_visual_entry_size},
    EntryShape{fourcc("vp09"), fourcc("vpcC"), k_visual_entry_size},
    EntryShape{fourcc("mp4a"), fourcc("esds"), k_audio_entry_size},
    EntryShape{fourcc("Opus"), fourcc("dOps"), k_audio_entry_size},
    EntryShape{fourcc("fLaC"), fourcc("dfLa"), k_audio_entry_size},
    EntryShape{fourcc("ac-3"), fourcc("dac3"), k_audio_entry_size},
    EntryShape{fourcc("ec-3"), fourcc("dec3"), k_audio_entry_size},
};

struct Entry {
  std::uint32_t type = 0;
  ByteView configuration;
};

Result<Entry> open_entry(ByteView sample_entry) {
  fmp4::BoxWalker walker(sample_entry);
  Box entry;
  if (!walker.next(entry)) return fail(ErrorCode::corrupt, "a sample description is cut off");
  for (const EntryShape& shape : k_shapes) {
    if (shape.entry != entry.type) continue;
    if (entry.payload.size() < shape.fixed_size) {
      return fail(ErrorCode::corrupt, "a sample description is too short");
    }
    TRY(const Box box,
        fmp4::find_box(entry.payload.subspan(shape.fixed_size), shape.configuration));
    return Entry{entry.type, box.payload};
  }
  return fail(ErrorCode::unsupported,
              fmt::format("the codec '{}' has no name here", fmp4::fourcc_text(entry.type)));
}

std::unexpected<Error> broken(std::string_view box) {
  return fail(ErrorCode::corrupt, fmt::format("the '{}' box is broken", box));
}

Result<std::string> avc_string(std::string_view entry, ByteView configuration) {
  ByteReader reader(configuration);
  reader.u8();
  const unsigned profile = reader.u8();
  const unsigned compatibility = reader.u8();
  const unsigned level = reader.u8();
  if (!reader.ok()) return broken("avcC");
  return fmt::format("{}.{:02x}{:02x}{:02x}", entry, profile, compatibility, level);
}

/// ISO/IEC 14496-15 annex E.3.
Result<std::string> hevc_string(std::string_view entry, ByteView configuration) {
  ByteReader reader(configuration);
  reader.u8();
  const std::uint8_t profile = reader.u8();
  std::uint32_t compatibility = reader.u32();
  std::array<std::uint8_t, 6> constraints{};
  for (auto& byte : constraints) byte = reader.u8();
  const unsigned level = reader.u8();
  if (!reader.ok()) return broken("hvcC");
  std::uint32_t reversed = 0;
  for (int i = 0; i < 32; ++i, compatibility >>= 1) reversed = reversed << 1 | (compatibility & 1);
  constexpr std::array<std::string_view, 4> k_spaces{"", "A", "B", "C"};
  std::string text = fmt::format("{}.{}{}.{:X}.{}{}", entry, k_spaces[profile >> 6], profile & 31,
                                 reversed, profile & 0x20 ? 'H' : 'L', level);
  std::size_t count = constraints.size();
  while (count > 0 && constraints[count - 1] == 0) --count;
  for (std::size_t i = 0; i < count; ++i) text += fmt::format(".{:X}", constraints[i]);
  return text;
}

/// AV1 in ISOBMFF, section 5: av01.P.LLT.DD.
Result<std::string> av1_string(ByteView configuration) {
  ByteReader reader(configuration);
  reader.u8();
  const unsigned profile_level = reader.u8();
  const unsigned flags = reader.u8();
  if (!reader.ok()) return broken("av1C");
  const bool high_depth = flags & 0x40;
  const bool twelve = flags & 0x20;
  return fmt::format("av01.{}.{:02}{}.{:02}", profile_level >> 5, profile_level & 31,
                     flags & 0x80 ? 'H' : 'M', high_depth ? (twelve ? 12 : 10) : 8);
}

Result<std::string> vp9_string(ByteView configuration) {
  ByteReader reader(configuration);
  fmp4::read_full_box(reader);
  const unsigned profile = reader.u8();
  const unsigned level = reader.u8();
  const unsigned depth = reader.u8() >> 4;
  if (!reader.ok()) return broken("vpcC");
  return fmt::format("vp09.{:02}.{:02}.{:02}", profile, level, depth);
}

/// ISO/IEC 14496-1 section 8.3.3: sizes of seven bits a byte.
std::uint32_t descriptor_size(ByteReader& reader) {
  std::uint32_t size = 0;
  for (int i = 0; i < 4; ++i) {
    const std::uint8_t byte = reader.u8();
    size = size << 7 | (byte & 0x7fU);
    if ((byte & 0x80) == 0) break;
  }
  return size;
}

Result<std::string> esds_string(ByteView configuration) {
  ByteReader reader(configuration);
  fmp4::read_full_box(reader);
  if (reader.u8() != 0x03) return broken("esds");
  descriptor_size(reader);
  reader.skip(2);
  const std::uint8_t flags = reader.u8();
  if (flags & 0x80) reader.skip(2);
  if (flags & 0x40) reader.skip(reader.u8());
  if (flags & 0x20) reader.skip(2);
  if (reader.u8() != 0x04) return broken("esds");
  descriptor_size(reader);
  const unsigned object_type = reader.u8();
  reader.skip(12);
  if (!reader.ok()) return broken("esds");
  if (object_type != 0x40) return fmt::format("mp4a.{:02x}", object_type);
  if (reader.u8() != 0x05) return broken("esds");
  descriptor_size(reader);
  const std::uint16_t config = reader.u16();
  if (!reader.ok()) return broken("esds");
  unsigned audio_object_type = config >> 11;
  if (audio_object_type == 31) audio_object_type = 32 + (config >> 5 & 0x3f);
  return fmt::format("mp4a.40.{}", audio_object_type);
}

}  // namespace

Result<ByteView> decoder_configuration(ByteView sample_entry) {
  TRY(const Entry entry, open_entry(sample_entry));
  return entry.configuration;
}

Result<Bytes> stable_sample_entry(ByteView sample_entry) {
  fmp4::BoxWalker walker(sample_entry);
  Box entry;
  if (!walker.next(entry)) return fail(ErrorCode::corrupt, "a sample description is cut off");
  const auto* shape = std::ranges::find(k_shapes, entry.type, &EntryShape::entry);
  if (shape == k_shapes.end()) return Bytes(entry.whole.begin(), entry.whole.end());
  if (entry.payload.size() < shape->fixed_size) {
    return fail(ErrorCode::corrupt, "a sample description is too short");
  }
  ByteWriter out;
  fmp4::write_box(out, fmp4::fourcc_text(entry.type), [&] {
    out.bytes(entry.payload.first(shape->fixed_size));
    fmp4::BoxWalker children(entry.payload.subspan(shape->fixed_size));
    Box child;
    while (children.next(child)) {
      if (child.type != fourcc("btrt")) out.bytes(child.whole);
    }
  });
  return out.take();
}

Result<std::string> codec_string(ByteView sample_entry) {
  TRY(const Entry entry, open_entry(sample_entry));
  switch (entry.type) {
    case fourcc("avc1"):
    case fourcc("avc3"):
      return avc_string(fmp4::fourcc_text(entry.type), entry.configuration);
    case fourcc("hvc1"):
    case fourcc("hev1"):
      return hevc_string(fmp4::fourcc_text(entry.type), entry.configuration);
    case fourcc("av01"):
      return av1_string(entry.configuration);
    case fourcc("vp09"):
      return vp9_string(entry.configuration);
    case fourcc("mp4a"):
      return esds_string(entry.configuration);
    case fourcc("Opus"):
      return "opus";
    case fourcc("fLaC"):
      return "flac";
    default:
      return fmp4::fourcc_text(entry.type);
  }
}

Result<std::string> codec_strings(const fmp4::InitSegment& init) {
  std::string codecs;
  for (const fmp4::Track& track : init.tracks) {
    TRY(const std::string codec, codec_string(track.sample_entry));
    if (!codecs.empty()) codecs += ',';
    codecs += codec;
  }
  return codecs;
}

}  // namespace shoal::media
