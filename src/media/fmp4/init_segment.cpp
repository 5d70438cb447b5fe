#include "media/fmp4/init_segment.h"

#include <array>

namespace shoal::media::fmp4 {

namespace {

constexpr std::size_t k_track_limit = 16;
constexpr std::uint32_t k_movie_timescale = 1000;

TrackKind kind_of_handler(std::uint32_t handler) {
  if (handler == fourcc("vide")) return TrackKind::video;
  if (handler == fourcc("soun")) return TrackKind::audio;
  return TrackKind::other;
}

Result<> parse_tkhd(ByteView payload, Track& track) {
  ByteReader reader(payload);
  const auto full = read_full_box(reader);
  reader.skip(full.version == 1 ? 16 : 8);
  track.id = reader.u32();
  reader.skip(full.version == 1 ? 12 : 8);  // reserved, duration
  reader.skip(8 + 8 + 36);                  // reserved, layer..volume, matrix
  track.width = reader.u32() >> 16;
  track.height = reader.u32() >> 16;
  if (!reader.ok() || track.id == 0) return fail(ErrorCode::corrupt, "a track header is broken");
  return {};
}

Result<> parse_mdhd(ByteView payload, Track& track) {
  ByteReader reader(payload);
  const auto full = read_full_box(reader);
  reader.skip(full.version == 1 ? 16 : 8);
  track.timescale = reader.u32();
  if (!reader.ok() || track.timescale == 0) {
    return fail(ErrorCode::corrupt, "a track has no timescale");
  }
  return {};
}

Result<> parse_elst(ByteView payload, Track& track, std::uint32_t movie_timescale) {
  ByteReader reader(payload);
  const auto full = read_full_box(reader);
  const std::uint32_t count = reader.u32();
  const bool wide = full.version == 1;
  for (std::uint32_t i = 0; i < count && i < 8 && reader.ok(); ++i) {
    const std::uint64_t duration = wide ? reader.u64() : reader.u32();
    const std::int64_t media_time = wide ? reader.i64() : reader.i32();
    reader.skip(4);
    if (!reader.ok()) break;
    if (media_time >= 0) {
      track.edit_media_time = media_time;
      return {};
    }
    if (duration > (1ULL << 40)) return fail(ErrorCode::corrupt, "an edit list is broken");
    track.start_delay = static_cast<std::int64_t>(static_cast<double>(duration) * track.timescale /
                                                  static_cast<double>(movie_timescale));
  }
  if (!reader.ok()) return fail(ErrorCode::corrupt, "an edit list is cut off");
  return {};
}

Result<> parse_sample_entry(ByteView stsd, Track& track) {
  ByteReader reader(stsd);
  read_full_box(reader);
  const std::uint32_t count = reader.u32();
  const ByteView entries = reader.take(reader.remaining());
  BoxWalker walker(entries);
  Box entry;
  if (!reader.ok() || count == 0 || !walker.next(entry)) {
    return fail(ErrorCode::corrupt, "a track has no sample description");
  }
  track.sample_entry.assign(entry.whole.begin(), entry.whole.end());
  return {};
}

Result<Track> parse_trak(ByteView trak, std::uint32_t movie_timescale) {
  Track track;
  TRY(const Box tkhd, find_box(trak, fourcc("tkhd")));
  TRY_VOID(parse_tkhd(tkhd.payload, track));
  TRY(const Box mdia, find_box(trak, fourcc("mdia")));
  TRY(const Box mdhd, find_box(mdia.payload, fourcc("mdhd")));
  TRY_VOID(parse_mdhd(mdhd.payload, track));
  TRY(const Box hdlr, find_box(mdia.payload, fourcc("hdlr")));
  ByteReader handler(hdlr.payload);
  handler.skip(8);
  track.kind = kind_of_handler(handler.u32());
  if (track.kind == TrackKind::other) return track;
  TRY(const Box minf, find_box(mdia.payload, fourcc("minf")));
  TRY(const Box stbl, find_box(minf.payload, fourcc("stbl")));
  TRY(const Box stsd, find_box(stbl.payload, fourcc("stsd")));
  TRY_VOID(parse_sample_entry(stsd.payload, track));
  if (const auto edts = find_box(trak, fourcc("edts"))) {
    if (const auto elst = find_box(edts->payload, fourcc("elst"))) {
      TRY_VOID(parse_elst(elst->payload, track, movie_timescale));
    }
  }
  return track;
}

void parse_mvex(ByteView mvex, InitSegment& init) {
  BoxWalker walker(mvex);
  Box box;
  while (walker.next(box)) {
    if (box.type != fourcc("trex")) continue;
    ByteReader reader(box.payload);
    read_full_box(reader);
    const std::uint32_t id = reader.u32();
    reader.skip(4);
    const std::uint32_t duration = reader.u32();
    const std::uint32_t size = reader.u32();
    const std::uint32_t flags = reader.u32();
    if (!reader.ok()) continue;
    for (Track& track : init.tracks) {
      if (track.id != id) continue;
      track.default_duration = duration;
      track.default_size = size;
      track.default_flags = flags;
    }
  }
}

void write_matrix(ByteWriter& out) {
  for (const std::uint32_t cell : {0x10000U, 0U, 0U, 0U, 0x10000U, 0U, 0U, 0U, 0x40000000U}) {
    out.u32(cell);
  }
}

void write_mvhd(ByteWriter& out, const InitSegment& init) {
  write_full_box(out, "mvhd", 1, 0, [&] {
    out.zeros(16);  // no creation time: the same content gives the same bytes
    out.u32(k_movie_timescale);
    out.u64(init.duration_ms);
    out.u32(0x10000);
    out.u16(0x100);
    out.zeros(10);
    write_matrix(out);
    out.zeros(24);
    out.u32(init.tracks.size() + 1);
  });
}

void write_tkhd(ByteWriter& out, const Track& track, std::uint64_t duration_ms) {
  write_full_box(out, "tkhd", 1, 3, [&] {
    out.zeros(16);
    out.u32(track.id);
    out.u32(0);
    out.u64(duration_ms);
    out.zeros(8);
    out.u16(0);
    out.u16(track.kind == TrackKind::audio ? 1 : 0);
    out.u16(track.kind == TrackKind::audio ? 0x100 : 0);
    out.u16(0);
    write_matrix(out);
    out.u32(track.width << 16);
    out.u32(track.height << 16);
  });
}

void write_edts(ByteWriter& out, const Track& track) {
  write_box(out, "edts", [&] {
    write_full_box(out, "elst", 1, 0, [&] {
      out.u32(1);
      out.u64(0);  // to the end of the fragments
      out.i64(track.edit_media_time);
      out.u16(1);
      out.u16(0);
    });
  });
}

void write_stbl(ByteWriter& out, const Track& track) {
  write_box(out, "stbl", [&] {
    write_full_box(out, "stsd", 0, 0, [&] {
      out.u32(1);
      out.bytes(track.sample_entry);
    });
    for (const char* table : {"stts", "stsc"}) {
      write_full_box(out, table, 0, 0, [&] { out.u32(0); });
    }
    write_full_box(out, "stsz", 0, 0, [&] { out.zeros(8); });
    write_full_box(out, "stco", 0, 0, [&] { out.u32(0); });
  });
}

void write_mdia(ByteWriter& out, const Track& track) {
  const bool video = track.kind == TrackKind::video;
  write_box(out, "mdia", [&] {
    write_full_box(out, "mdhd", 1, 0, [&] {
      out.zeros(16);
      out.u32(track.timescale);
      out.u64(0);
      out.u16(0x55c4);  // "und"
      out.u16(0);
    });
    write_full_box(out, "hdlr", 0, 0, [&] {
      out.u32(0);
      out.text(video ? "vide" : "soun");
      out.zeros(12);
      out.text(video ? "VideoHandler" : "SoundHandler");
      out.u8(0);
    });
    write_box(out, "minf", [&] {
      if (video) {
        write_full_box(out, "vmhd", 0, 1, [&] { out.zeros(8); });
      } else {
        write_full_box(out, "smhd", 0, 0, [&] { out.zeros(4); });
      }
      write_box(out, "dinf", [&] {
        write_full_box(out, "dref", 0, 0, [&] {
          out.u32(1);
          write_full_box(out, "url ", 0, 1, [] {});
        });
      });
      write_stbl(out, track);
    });
  });
}

}  // namespace

const Track* InitSegment::find(TrackKind kind) const {
  for (const Track& track : tracks) {
    if (track.kind == kind) return &track;
  }
  return nullptr;
}

Result<InitSegment> parse_init_segment(ByteView bytes) {
  TRY(const Box moov, find_box(bytes, fourcc("moov")));
  std::uint32_t movie_timescale = k_movie_timescale;
  if (const auto mvhd = find_box(moov.payload, fourcc("mvhd"))) {
    ByteReader reader(mvhd->payload);
    const auto full = read_full_box(reader);
    reader.skip(full.version == 1 ? 16 : 8);
    movie_timescale = reader.u32();
    if (!reader.ok() || movie_timescale == 0) {
      return fail(ErrorCode::corrupt, "the movie header has no timescale");
    }
  }
  InitSegment init;
  BoxWalker walker(moov.payload);
  Box box;
  while (walker.next(box)) {
    if (box.type != fourcc("trak")) continue;
    if (init.tracks.size() == k_track_limit) {
      return fail(ErrorCode::corrupt, "the file has too many tracks");
    }
    TRY(Track track, parse_trak(box.payload, movie_timescale));
    init.tracks.push_back(std::move(track));
  }
  if (!walker.ok()) return fail(ErrorCode::corrupt, "the movie box is broken");
  if (init.tracks.empty()) return fail(ErrorCode::corrupt, "the file has no track");
  if (const auto mvex = find_box(moov.payload, fourcc("mvex"))) parse_mvex(mvex->payload, init);
  return init;
}

Bytes write_init_segment(const InitSegment& init) {
  ByteWriter out;
  write_box(out, "ftyp", [&] {
    out.text("iso6");
    out.u32(0);
    for (const char* brand : {"iso6", "cmfc", "hlsf", "mp41"}) out.text(brand);
  });
  write_box(out, "moov", [&] {
    write_mvhd(out, init);
    for (const Track& track : init.tracks) {
      write_box(out, "trak", [&] {
        write_tkhd(out, track, init.duration_ms);
        write_edts(out, track);
        write_mdia(out, track);
      });
    }
    write_box(out, "mvex", [&] {
      if (init.duration_ms != 0) {
        write_full_box(out, "mehd", 1, 0, [&] { out.u64(init.duration_ms); });
      }
      for (const Track& track : init.tracks) {
        write_full_box(out, "trex", 0, 0, [&] {
          out.u32(track.id);
          out.u32(1);
          out.u32(track.default_duration);
          out.u32(track.default_size);
          out.u32(track.default_flags);
        });
      }
    });
  });
  return out.take();
}

}  // namespace shoal::media::fmp4
