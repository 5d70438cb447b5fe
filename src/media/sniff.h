#pragma once

#include <cstddef>
#include <string_view>

#include "base/result.h"
#include "media/bytes.h"

namespace shoal::media {

/// Kinds of media files this program takes, by their first bytes.
enum class Container {
  mp4,       ///< ISO base media and QuickTime
  matroska,  ///< and WebM
  avi,
  wav,
  mpeg_ts,
  mpeg_ps,
  flv,
  ogg,
  asf,
  mxf,
  mp3,
  adts,  ///< AAC without a container
  flac,
  ac3,
  aiff,
  caf,
  amr,
  dv,
  real,
  gxf,
  nut,
  ivf,
};

/// How many of a file's first bytes sniff_media() wants (fewer when the file is shorter).
constexpr std::size_t k_sniff_size = 4096;

/// Tells what a file is by its content; its name and declared type do not matter. Errors, with a
/// sentence for who uploaded it: unsupported — an image, a text, an archive, a document, a playlist
/// or script that names other files (M3U8, ffconcat, MPD, SDP, SMIL), a program, or unknown bytes;
/// invalid — empty.
Result<Container> sniff_media(ByteView first_bytes);

/// The media type to serve or store it under: "video/mp4", "audio/flac".
std::string_view media_type(Container container);
/// With the dot: ".mp4".
std::string_view file_extension(Container container);

enum class ImageKind { jpeg, png, webp, gif };
/// For thumbnails that owners upload. Errors: unsupported.
Result<ImageKind> sniff_image(ByteView first_bytes);
std::string_view media_type(ImageKind kind);
std::string_view file_extension(ImageKind kind);

}  // namespace shoal::media
