#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "io/task.h"
#include "peertube/old_video.h"
#include "processing/steps.h"

/// Files of PeerTube that are not what a streaming playlist needs, made so without encoding: whole
/// files (`web_files`), and pictures whose sound is in a file of its own.
namespace shoal::peertube {

/// Some of its streaming files are silent, and others not: newer versions can keep the sound apart.
bool keeps_sound_apart(const OldVideo& video);

/// One rendition that is to be made of one file, or of one with the picture and one with the sound.
struct Repackaging {
  OldFile rendition;  ///< its name and its picture; its size and URL are those of the first input
  std::vector<OldFile> inputs;
  bool is_web = false;  ///< the inputs are whole files
};
/// All of a video, the largest first; empty where it has nothing to make them of. Pure.
std::vector<Repackaging> repackagings_of(const OldVideo& video);

struct Repackaged {
  io::Path file;  ///< one fragmented MP4
  std::uint64_t size = 0;
  std::string playlist;  ///< with the byte ranges of its segments
};
/// Copies what is in `inputs` (the sound is that of the last) into `folder`, which is made empty
/// before, as one file of that name in segments of 4 s or more: they begin at keyframes. Errors:
/// unsupported (what it holds cannot be in such a file, or is damaged), those of the disk and of
/// starting ffmpeg.
io::Task<Result<Repackaged>> repackage(const processing::Steps& steps, std::vector<io::Path> inputs,
                                       Seconds duration, io::Path folder, std::string name);

}  // namespace shoal::peertube
