#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "io/file_system.h"
#include "media/bytes.h"
#include "media/m3u8/playlist.h"
#include "processing/audio_manifest.h"
#include "processing/commands.h"
#include "processing/plan.h"

/// From what ffmpeg left in the work folder to the objects that are stored and listed. All
/// functions block (call them in Offload) and give the same bytes for the same input, so a step
/// that is done again writes the same object.
namespace shoal::processing {

/// Reads the pieces `first..count-1` that the audio step finished. Errors: corrupt.
Result<> extend_audio_manifest(io::FileSystem& files, const Path& folder, std::size_t count,
                               AudioManifest& manifest);
std::string write_audio_manifest(const AudioManifest& manifest);
Result<AudioManifest> parse_audio_manifest(std::string_view json);

struct PackagedSegment {
  Microseconds duration{0};
  media::m3u8::ByteRange range;
  Sha256Digest sha256{};
};

/// RFC 8216 section 4.3.4.2: the highest rate of neighbours that last half the target duration to
/// one and a half of it; of all together where none do. 0 without segments.
BitsPerSecond peak_bitrate(std::span<const PackagedSegment> segments, Microseconds target);

/// One work segment of one rendition, as an object of its own.
struct PackagedWork {
  std::size_t work_segment = 0;
  std::vector<PackagedSegment> segments;
  /// The initialization segment that goes with it; the same for all work segments of a rendition.
  media::Bytes init;
  std::string codecs;
  bool has_audio = false;
};

/// What the names of one round's running objects and variant playlists begin with.
std::string running_prefix(const Plan& plan);
/// Where a rendition's objects live while the work is running.
std::string running_init_name(const Plan& plan, const RenditionPlan& rendition);
std::string running_work_name(const Plan& plan, const RenditionPlan& rendition,
                              std::size_t work_segment);

/// Makes `folder/running_work_name` from the video piece and the sound: one fragment with both
/// tracks for each HLS segment, times absolute; for the first also `folder/running_init_name`.
/// Errors: busy while the sound is not there yet, corrupt when the pieces do not fit the plan,
/// unavailable and too_large from the disk.
Result<PackagedWork> package_work(io::FileSystem& files, const Plan& plan,
                                  const RenditionPlan& rendition, std::size_t work_segment,
                                  const AudioManifest& audio, const Path& folder);

/// Whether the video piece of an encoded rendition would fit where package_work puts it, without
/// the sound: one H.264 track, about as many frames as the plan counts and not one more, a keyframe
/// where each segment begins, and frames that are whole NAL units. Errors: corrupt.
Result<> check_work(io::FileSystem& files, const Plan& plan, const RenditionPlan& rendition,
                    std::size_t work_segment, const Path& folder);

/// The most bytes that an encoder which keeps to its rate makes of a work segment.
std::uint64_t largest_piece(const Plan& plan, const RenditionPlan& rendition,
                            std::size_t work_segment);
/// And of a whole rendition.
std::uint64_t largest_whole(const Plan& plan, const RenditionPlan& rendition);

/// Where the playlist of a rendition that was made whole lies, beside its file at
/// video_piece_path(…, 0).
Path whole_playlist_path(const Path& folder);

/// What is asked of an encoded rendition that somebody made whole, who knew nothing of the plan but
/// size and frame rate: what check_work() asks, with keyframes where they please but not too far
/// apart, and a playlist of that one file. Gives the plan of this rendition alone, one work segment
/// that is cut at those keyframes: the other steps make of it what they make of any. Errors:
/// corrupt, too_large.
Result<Plan> plan_whole(io::FileSystem& files, const Plan& plan, const RenditionPlan& rendition,
                        const Path& folder);

struct FinishedRendition {
  std::uint32_t resolution = 0;
  std::string file_name;      ///< `<file id>-<resolution>-fragmented.mp4`
  std::string playlist_name;  ///< `<file id>-<resolution>.m3u8`
  std::string playlist;
  std::uint64_t size = 0;
  std::vector<PackagedSegment> segments;
  std::string codecs;
  BitsPerSecond peak;
  BitsPerSecond average;
  bool has_audio = false;
};

/// Makes the single file from the work objects in `folder` (`parts` in order, all of them), and its
/// playlist. Errors: corrupt when the parts do not belong together.
Result<FinishedRendition> finish_rendition(io::FileSystem& files, const Plan& plan,
                                           const RenditionPlan& rendition,
                                           const std::vector<PackagedWork>& parts,
                                           const Path& folder);

}  // namespace shoal::processing
