#pragma once

#include <array>
#include <string_view>

#include "base/units.h"

namespace shoal::api {

// What clients are told they may send. The server itself decides by content, not by name.

inline constexpr std::array<std::string_view, 4> k_image_extensions{".png", ".jpg", ".jpeg",
                                                                    ".webp"};
inline constexpr std::array<std::string_view, 2> k_caption_extensions{".vtt", ".srt"};
inline constexpr std::array<std::string_view, 37> k_video_extensions{
    ".webm", ".ogv", ".ogg",  ".mp4", ".mkv",  ".mov",  ".qt",    ".mqv", ".m4v", ".flv",
    ".f4v",  ".wmv", ".avi",  ".3gp", ".3gpp", ".3g2",  ".3gpp2", ".nut", ".mts", ".m2ts",
    ".mpv",  ".m2v", ".m1v",  ".mpg", ".mpe",  ".mpeg", ".vob",   ".mxf", ".ts",  ".mp3",
    ".wma",  ".wav", ".flac", ".aac", ".m4a",  ".ac3",  ".opus"};

inline constexpr ByteCount k_max_image = 4_MiB;
inline constexpr ByteCount k_max_caption = 4_MiB;

}  // namespace shoal::api
