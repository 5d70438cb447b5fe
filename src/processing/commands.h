#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "io/process.h"
#include "processing/audio_manifest.h"
#include "processing/plan.h"

/// The command lines of ffmpeg and ffprobe: pure functions of the plan. Every one reads only the
/// source and the folder named, through the `file` protocol and known containers, without a
/// network.
namespace shoal::processing {

using Path = std::filesystem::path;

/// Bounds on one child; a bomb or a hang ends there.
struct ProcessLimits {
  Seconds probe_wall{300};
  /// What reading all packets of a file may take as well: a slow disk, or a store far away.
  ByteCount scan_per_second{10'000'000};
  /// Wall time for making a work segment, per second of media and at least; slow machines included.
  int encode_wall_per_second = 120;
  Seconds least_wall{600};
  ByteCount memory{6ULL << 30};
  /// Threads of each encoder where the plan leaves it open, but for the first work segment, which
  /// somebody waits for; 0: as many as it likes. With jobs for all cores more of them only cost.
  int encoder_threads = 0;
  /// Output of one child per second of media, and at least.
  ByteCount output_per_second{16ULL << 20};
  ByteCount least_output{256ULL << 20};
};

/// Names in the work folder of a video, where steps leave what later steps need.
Path audio_piece_path(const Path& folder, std::size_t piece);
Path video_piece_path(const Path& folder, const RenditionPlan& rendition, std::size_t work_segment);

/// What the commands share. "12.500000"; "file:/a/b", so that a colon in a name is no protocol.
std::string seconds_text(Microseconds time);
std::string file_url(const Path& path);
/// Brings a high dynamic range picture to BT.709; Debian's ffmpeg has both filters.
std::string_view tone_map_filter();
/// The source, through the `file` protocol and as one of the known containers only.
void append_input(std::vector<std::string>& arguments, const Path& source);
/// ffmpeg that reads `source`, writes into `folder` and handles `media` time, with its bounds.
io::Command ffmpeg_command(const Path& source, const Path& folder, Microseconds media,
                           const ProcessLimits& limits);

/// `-show_format -show_streams` as JSON on standard output.
io::Command probe_command(const Path& source, const ProcessLimits& limits);
/// One line a packet of those streams, for PacketScan. `size` is the source's.
io::Command packets_command(const Path& source, const SourceMedia& media, ByteCount size,
                            const ProcessLimits& limits);

/// The sound behind what `made` holds, in pieces of about a minute (audio_piece_path). One encoder
/// makes them all, so their frames concatenate; those of a later one join what an earlier one left
/// to the sample. A sound that is copied begins anew. Standard output has a line for each finished
/// piece.
io::Command audio_command(const Plan& plan, const AudioManifest& made, const Path& source,
                          const Path& folder, const ProcessLimits& limits);

/// One work segment of every encoded rendition (video_piece_path), from one decoder.
io::Command encode_command(const Plan& plan, std::size_t work_segment, const Path& source,
                           const Path& folder, const ProcessLimits& limits);

/// All work segments of the copied rendition (video_piece_path). Standard output has a line for
/// each finished piece.
io::Command copy_command(const Plan& plan, const Path& source, const Path& folder,
                         const ProcessLimits& limits);

}  // namespace shoal::processing
