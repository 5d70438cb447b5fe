#include "media/sniff.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

namespace shoal::media {

namespace {

using namespace std::string_view_literals;

std::string_view text_of(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Bytes that stand at a fixed place.
struct Signature {
  std::size_t at;
  std::string_view bytes;
};

bool has(std::string_view file, const Signature& signature) {
  return file.size() >= signature.at + signature.bytes.size() &&
         file.substr(signature.at, signature.bytes.size()) == signature.bytes;
}

struct KnownMedia {
  Signature signature;
  Container container;
};
constexpr std::array k_media{
    KnownMedia{{0, "\x1a\x45\xdf\xa3"sv}, Container::matroska},
    KnownMedia{{8, "AVI "sv}, Container::avi},
    KnownMedia{{8, "AVIX"sv}, Container::avi},
    KnownMedia{{8, "WAVE"sv}, Container::wav},
    KnownMedia{{0, "FLV\x01"sv}, Container::flv},
    KnownMedia{{0, "OggS"sv}, Container::ogg},
    KnownMedia{{0, "\x30\x26\xb2\x75\x8e\x66\xcf\x11"sv}, Container::asf},
    KnownMedia{{0, "\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02"sv}, Container::mxf},
    KnownMedia{{0, "\x00\x00\x01\xba"sv}, Container::mpeg_ps},
    KnownMedia{{0, "\x00\x00\x01\xb3"sv}, Container::mpeg_ps},
    KnownMedia{{0, "fLaC"sv}, Container::flac},
    KnownMedia{{0, "\x0b\x77"sv}, Container::ac3},
    KnownMedia{{8, "AIFF"sv}, Container::aiff},
    KnownMedia{{8, "AIFC"sv}, Container::aiff},
    KnownMedia{{0, "caff\x00\x01"sv}, Container::caf},
    KnownMedia{{0, "#!AMR"sv}, Container::amr},
    KnownMedia{{0, "\x1f\x07\x00"sv}, Container::dv},
    KnownMedia{{0, ".RMF"sv}, Container::real},
    KnownMedia{{0, "\x00\x00\x00\x00\x01\xbc"sv}, Container::gxf},
    KnownMedia{{0, "nut/multimedia container"sv}, Container::nut},
    KnownMedia{{0, "DKIF"sv}, Container::ivf},
};

/// What people upload by mistake or on purpose, and how to call it.
struct KnownOther {
  Signature signature;
  std::string_view name;
};
constexpr std::array k_others{
    KnownOther{{0, "\xff\xd8\xff"sv}, "a picture (JPEG)"},
    KnownOther{{0, "\x89PNG"sv}, "a picture (PNG)"},
    KnownOther{{0, "GIF8"sv}, "a picture (GIF)"},
    KnownOther{{8, "WEBP"sv}, "a picture (WebP)"},
    KnownOther{{0, "BM"sv}, "a picture (BMP)"},
    KnownOther{{0, "II*\x00"sv}, "a picture (TIFF)"},
    KnownOther{{0, "MM\x00*"sv}, "a picture (TIFF)"},
    KnownOther{{0, "8BPS"sv}, "a picture (Photoshop)"},
    KnownOther{{4, "ftypheic"sv}, "a picture (HEIC)"},
    KnownOther{{4, "ftypheix"sv}, "a picture (HEIC)"},
    KnownOther{{4, "ftypmif1"sv}, "a picture (HEIF)"},
    KnownOther{{4, "ftypavif"sv}, "a picture (AVIF)"},
    KnownOther{{4, "ftypcrx "sv}, "a picture (Canon raw)"},
    KnownOther{{0, "PK\x03\x04"sv}, "an archive (ZIP)"},
    KnownOther{{0, "PK\x05\x06"sv}, "an archive (ZIP)"},
    KnownOther{{0, "\x1f\x8b"sv}, "an archive (gzip)"},
    KnownOther{{0, "BZh"sv}, "an archive (bzip2)"},
    KnownOther{{0, "7z\xbc\xaf"sv}, "an archive (7-Zip)"},
    KnownOther{{0, "Rar!"sv}, "an archive (RAR)"},
    KnownOther{{0,
                "\xfd"
                "7zXZ"sv},
               "an archive (xz)"},
    KnownOther{{0, "%PDF"sv}, "a document (PDF)"},
    KnownOther{{0, "\xd0\xcf\x11\xe0"sv}, "a document (Office)"},
    KnownOther{{0,
                "\x7f"
                "ELF"sv},
               "a program"},
    KnownOther{{0, "MZ"sv}, "a program"},
    KnownOther{{0, "#!/"sv}, "a script"},
    KnownOther{{0, "MThd"sv}, "music notes (MIDI)"},
};

constexpr std::array k_text_openings{
    KnownOther{{0, "#EXTM3U"sv}, "a playlist (M3U8), not the video itself"},
    KnownOther{{0, "ffconcat"sv}, "a list of files (ffconcat), not the video itself"},
    KnownOther{{0, "[playlist]"sv}, "a playlist (PLS), not the video itself"},
    KnownOther{{0, "v=0"sv}, "a session description (SDP), not the video itself"},
    KnownOther{{0, "<?xml"sv}, "an XML document, not the video itself"},
    KnownOther{{0, "<MPD"sv}, "a playlist (DASH), not the video itself"},
    KnownOther{{0, "<smil"sv}, "a playlist (SMIL), not the video itself"},
    KnownOther{{0, "<svg"sv}, "a picture (SVG)"},
    KnownOther{{0, "<!DOCTYPE"sv}, "a web page"},
    KnownOther{{0, "<html"sv}, "a web page"},
    KnownOther{{0, "WEBVTT"sv}, "subtitles, not a video"},
};

/// ISO/IEC 14496-12 section 4.3, and QuickTime files without `ftyp`.
bool is_mp4(std::string_view file) {
  constexpr std::array k_first_boxes{"ftyp"sv, "moov"sv, "mdat"sv, "wide"sv,
                                     "free"sv, "skip"sv, "pnot"sv, "styp"sv};
  return file.size() >= 16 &&
         std::ranges::find(k_first_boxes, file.substr(4, 4)) != k_first_boxes.end();
}

/// Sync bytes at every packet, for the three packet sizes in use (plain, timed, with FEC).
bool is_transport_stream(std::string_view file) {
  constexpr std::array<std::pair<std::size_t, std::size_t>, 3> k_layouts{
      {{188, 0}, {192, 4}, {204, 0}}};
  for (const auto& [size, first] : k_layouts) {
    std::size_t packets = 0;
    std::size_t at = first;
    for (; at < file.size() && file[at] == 'G'; at += size) ++packets;
    if (packets >= 5 && at >= file.size()) return true;
  }
  return false;
}

/// The header of an MPEG audio frame that can exist; layer I to III, or ADTS where layer is 0.
std::optional<Container> audio_frame(std::string_view file) {
  if (file.size() < 4) return std::nullopt;
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(file[i]); };
  if (byte(0) != 0xff || (byte(1) & 0xe0) != 0xe0) return std::nullopt;
  const unsigned layer = byte(1) >> 1 & 3;
  if (layer == 0) {
    const unsigned rate_index = byte(2) >> 2 & 15;
    return (byte(1) & 0xf0) == 0xf0 && rate_index < 13 ? std::optional(Container::adts)
                                                       : std::nullopt;
  }
  const bool possible = (byte(1) & 0x18) != 0x08 && (byte(2) & 0xf0) != 0xf0 &&
                        (byte(2) & 0xf0) != 0 && (byte(2) & 0x0c) != 0x0c;
  return possible ? std::optional(Container::mp3) : std::nullopt;
}

bool looks_like_text(std::string_view file) {
  return std::ranges::none_of(file, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == 0 || (byte < 0x20 && c != '\n' && c != '\r' && c != '\t' && c != '\f');
  });
}

std::unexpected<Error> refuse(std::string_view name) {
  return fail(ErrorCode::unsupported,
              fmt::format("The file is {}. Upload a video or a sound file.", name));
}

std::optional<std::string_view> text_name(std::string_view file) {
  if (file.starts_with("\xef\xbb\xbf")) file.remove_prefix(3);
  file.remove_prefix(std::min(file.size(), file.find_first_not_of(" \t\r\n")));
  for (const KnownOther& other : k_text_openings) {
    const auto& opening = other.signature.bytes;
    const auto same = [](char a, char b) { return (a | 0x20) == (b | 0x20); };
    if (file.size() >= opening.size() &&
        std::ranges::equal(file.substr(0, opening.size()), opening, same)) {
      return other.name;
    }
  }
  return std::nullopt;
}

}  // namespace

Result<Container> sniff_media(ByteView first_bytes) {
  const std::string_view file =
      text_of(first_bytes.first(std::min(first_bytes.size(), k_sniff_size)));
  if (file.empty()) return fail(ErrorCode::invalid, "The file is empty.");
  // What may not pass comes first: a playlist must not be taken for anything else.
  if (const auto name = text_name(file)) return refuse(*name);
  for (const KnownMedia& known : k_media) {
    const bool riff = known.signature.at == 8;
    const bool framed =
        !riff || file.starts_with("RIFF") || file.starts_with("RF64") || file.starts_with("FORM");
    if (framed && has(file, known.signature)) return known.container;
  }
  for (const KnownOther& other : k_others) {
    if (has(file, other.signature)) return refuse(other.name);
  }
  if (is_mp4(file)) return Container::mp4;
  if (is_transport_stream(file)) return Container::mpeg_ts;
  if (file.starts_with("ID3")) return Container::mp3;
  if (const auto container = audio_frame(file)) return *container;
  if (looks_like_text(file)) return refuse("a text");
  return refuse("of a kind that is not known here");
}

std::string_view media_type(Container container) {
  switch (container) {
    case Container::mp4:
      return "video/mp4";
    case Container::matroska:
      return "video/x-matroska";
    case Container::avi:
      return "video/x-msvideo";
    case Container::wav:
      return "audio/wav";
    case Container::mpeg_ts:
      return "video/mp2t";
    case Container::mpeg_ps:
      return "video/mpeg";
    case Container::flv:
      return "video/x-flv";
    case Container::ogg:
      return "video/ogg";
    case Container::asf:
      return "video/x-ms-asf";
    case Container::mxf:
      return "application/mxf";
    case Container::mp3:
      return "audio/mpeg";
    case Container::adts:
      return "audio/aac";
    case Container::flac:
      return "audio/flac";
    case Container::ac3:
      return "audio/ac3";
    case Container::aiff:
      return "audio/aiff";
    case Container::caf:
      return "audio/x-caf";
    case Container::amr:
      return "audio/amr";
    case Container::dv:
      return "video/x-dv";
    case Container::real:
      return "application/vnd.rn-realmedia";
    case Container::gxf:
    case Container::nut:
    case Container::ivf:
      return "application/octet-stream";
  }
  return "application/octet-stream";
}

std::string_view file_extension(Container container) {
  switch (container) {
    case Container::mp4:
      return ".mp4";
    case Container::matroska:
      return ".mkv";
    case Container::avi:
      return ".avi";
    case Container::wav:
      return ".wav";
    case Container::mpeg_ts:
      return ".ts";
    case Container::mpeg_ps:
      return ".mpg";
    case Container::flv:
      return ".flv";
    case Container::ogg:
      return ".ogv";
    case Container::asf:
      return ".wmv";
    case Container::mxf:
      return ".mxf";
    case Container::mp3:
      return ".mp3";
    case Container::adts:
      return ".aac";
    case Container::flac:
      return ".flac";
    case Container::ac3:
      return ".ac3";
    case Container::aiff:
      return ".aiff";
    case Container::caf:
      return ".caf";
    case Container::amr:
      return ".amr";
    case Container::dv:
      return ".dv";
    case Container::real:
      return ".rm";
    case Container::gxf:
      return ".gxf";
    case Container::nut:
      return ".nut";
    case Container::ivf:
      return ".ivf";
  }
  return ".bin";
}

Result<ImageKind> sniff_image(ByteView first_bytes) {
  const std::string_view file = text_of(first_bytes);
  if (file.starts_with("\xff\xd8\xff")) return ImageKind::jpeg;
  if (file.starts_with("\x89PNG\r\n\x1a\n")) return ImageKind::png;
  if (file.starts_with("RIFF") && has(file, {8, "WEBP"})) return ImageKind::webp;
  if (file.starts_with("GIF87a") || file.starts_with("GIF89a")) return ImageKind::gif;
  return fail(ErrorCode::unsupported, "The picture is not a JPEG, PNG, WebP or GIF.");
}

std::string_view media_type(ImageKind kind) {
  switch (kind) {
    case ImageKind::jpeg:
      return "image/jpeg";
    case ImageKind::png:
      return "image/png";
    case ImageKind::webp:
      return "image/webp";
    case ImageKind::gif:
      return "image/gif";
  }
  return "application/octet-stream";
}

std::string_view file_extension(ImageKind kind) {
  switch (kind) {
    case ImageKind::jpeg:
      return ".jpg";
    case ImageKind::png:
      return ".png";
    case ImageKind::webp:
      return ".webp";
    case ImageKind::gif:
      return ".gif";
  }
  return "";
}

}  // namespace shoal::media
