#include "processing/commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>

namespace shoal::processing {

namespace {

/// The first piece of the sound is short, so that the first work segment need not wait for it.
constexpr Microseconds k_first_audio_piece{8'000'000};
constexpr Microseconds k_audio_piece{60'000'000};
/// Frames that an encoder of AAC needs before its output no longer depends on where it began.
constexpr std::uint64_t k_audio_run_up = 4;
/// Seconds by which encoded sound may be off before silence is put in or sound is left out: more
/// than times that are stamped on arrival jitter, less than an ear notices beside a picture.
constexpr const char* k_sound_slack = "0.030";
/// Containers without an index are searched by bytes and may land a little late.
constexpr Microseconds k_seek_margin{2'000'000};
/// The containers ffmpeg may open: no playlists, no images, no scripts that name other files.
constexpr const char* k_containers =
    "mov,matroska,webm,avi,mpegts,mpeg,flv,live_flv,ogg,wav,w64,mp3,flac,aac,ac3,eac3,dts,asf,rm,"
    "mxf,dv,nut,aiff,au,caf,amr,ape,wv,tta,ivf,gxf,wtv,m4v,mpegvideo,h264,hevc,av1,obu";

using Arguments = std::vector<std::string>;

void append(Arguments& to, std::initializer_list<std::string> more) {
  to.insert(to.end(), more.begin(), more.end());
}

Arguments guarded_input(const Path& source) {
  return {"-protocol_whitelist", "file", "-format_whitelist", k_containers, "-i", file_url(source)};
}

io::Command base_command(std::string program, const Path& source, const ProcessLimits& limits) {
  io::Command command;
  command.program = std::move(program);
  command.sandbox.readable = {source};
  command.sandbox.memory_limit = limits.memory;
  return command;
}

/// Bounds that grow with how much media the child handles.
void bound(io::Command& command, Microseconds media, const ProcessLimits& limits) {
  const auto whole = std::chrono::ceil<Seconds>(media).count();
  command.sandbox.wall_limit =
      std::max(limits.least_wall, Seconds(whole * limits.encode_wall_per_second));
  command.sandbox.cpu_limit = command.sandbox.wall_limit * 4;
  command.sandbox.output_limit.value =
      std::max(limits.least_output.value,
               limits.output_per_second.value * static_cast<std::uint64_t>(whole));
}

Arguments quiet_ffmpeg() {
  return {"-hide_banner", "-nostdin", "-nostats", "-loglevel", "error", "-y"};
}

/// Fragmented MP4 in pieces, each announced on standard output when it is whole.
void append_segment_muxer(Arguments& to, const std::string& times, const std::string& options) {
  append(to, {"-f", "segment", "-segment_list", "pipe:1", "-segment_list_type", "csv",
              "-segment_format", "mp4", "-segment_format_options",
              "movflags=+frag_keyframe+delay_moov+default_base_moof" + options, "-reset_timestamps",
              "1"});
  append(to, {"-segment_times", times});
}

/// The sound at its own times: where a frame is missing there is silence, and what overlaps is cut.
std::string audio_filter(const Plan& plan) {
  return fmt::format(
      "asetpts=PTS-({}/TB),aresample={}:async=1:min_hard_comp={}:first_pts=0,apad,atrim=end={}",
      seconds_text(plan.origin), plan.audio.sample_rate, k_sound_slack,
      seconds_text(plan.boundaries.end));
}

/// All cuts between pieces but the first `passed`.
std::string audio_piece_times(const Plan& plan, std::size_t passed) {
  std::vector<Microseconds> cuts{k_first_audio_piece};
  for (Microseconds at = k_audio_piece; at < plan.boundaries.end; at += k_audio_piece)
    cuts.push_back(at);
  std::string times;
  for (const Microseconds at : cuts | std::views::drop(passed)) {
    if (!times.empty()) times += ',';
    times += seconds_text(at);
  }
  return times.empty() ? seconds_text(plan.boundaries.end * 2) : times;
}

/// Encodes the sound from frame `first` on. All of it is decoded and resampled again, so that each
/// sample is what it was; the encoder begins some frames early, and those are dropped.
void append_audio_encoder(Arguments& to, const Plan& plan, const AudioManifest& made) {
  std::string filter = audio_filter(plan);
  if (made.frames() > k_audio_run_up) {
    filter += fmt::format(",atrim=start_sample={}",
                          (made.frames() - k_audio_run_up) * made.samples_per_frame);
    append(to, {"-bsf:a", fmt::format("noise=drop='lt(n\\,{})'", k_audio_run_up)});
  }
  append(to, {"-af", filter, "-c:a", "aac", "-b:a", std::to_string(plan.audio.bitrate.value), "-ac",
              std::to_string(plan.audio.channels)});
}

/// Frames of the output grid from the source's: shifted to the origin, made progressive, at a
/// constant rate from the work segment's first frame on.
std::string picture_filter(const Plan& plan, const WorkSegment& work) {
  std::string filter =
      fmt::format("[0:{}]setpts=PTS-({}/TB)", plan.video_stream, seconds_text(plan.origin));
  if (plan.interlaced) filter += ",bwdif=deint=interlaced";
  if (plan.freeze_last_frame) filter += ",tpad=stop=-1:stop_mode=clone";
  filter += fmt::format(",fps=fps={}/{}:start_time={}:round=near", plan.fps.numerator,
                        plan.fps.denominator, seconds_text(plan.boundaries.start_of(work.first)));
  return filter;
}

std::int64_t frames_between(const RenditionPlan& rendition, Microseconds from, Microseconds to) {
  return media::frames_at(rendition.fps, to) - media::frames_at(rendition.fps, from);
}

/// Begins of HLS segments inside the work segment, on frames counted from its first.
std::string forced_keyframes(const Plan& plan, const WorkSegment& work,
                             const RenditionPlan& rendition) {
  std::string times;
  const Microseconds start = plan.boundaries.start_of(work.first);
  for (std::size_t i = work.first; i < work.last; ++i) {
    const auto frame = frames_between(rendition, start, plan.boundaries.start_of(i));
    if (!times.empty()) times += ',';
    times += seconds_text(media::time_of_frame(rendition.fps, frame));
  }
  return times;
}

/// Groups of pictures of two seconds: the first segment of the grid, or at most that with a copied
/// top.
std::int64_t gop_frames(const Plan& plan, const RenditionPlan& rendition) {
  const Microseconds first = plan.boundaries.end_of(0);
  const bool grid = !plan.copies_top() && plan.boundaries.size() > 1;
  const auto frames = grid ? media::frames_at(rendition.fps, first)
                           : media::frames_at(rendition.fps, media::k_segment_target / 2);
  return std::max<std::int64_t>(1, frames);
}

int encoder_threads(const Plan& plan, const WorkSegment& work, const ProcessLimits& limits) {
  if (plan.threads > 0) return plan.threads;
  return work.first == 0 ? 0 : limits.encoder_threads;
}

void append_video_encoder(Arguments& to, const Plan& plan, const WorkSegment& work,
                          const RenditionPlan& rendition) {
  const auto gop = std::to_string(gop_frames(plan, rendition));
  const auto frames = frames_between(rendition, plan.boundaries.start_of(work.first),
                                     plan.boundaries.end_of(work.last - 1));
  append(to, {"-c:v", "libx264", "-preset", plan.preset, "-crf", std::to_string(plan.crf),
              "-maxrate", std::to_string(rendition.max_bitrate.value), "-bufsize",
              std::to_string(2 * rendition.max_bitrate.value), "-profile:v", "high", "-pix_fmt",
              "yuv420p", "-bf", "3", "-g", gop, "-sc_threshold", "0", "-force_key_frames",
              forced_keyframes(plan, work, rendition),
              // The same headers whatever the content: one initialization segment for all.
              "-x264-params", "stitchable=1:open-gop=0", "-frames:v", std::to_string(frames)});
  if (!plan.copies_top()) append(to, {"-keyint_min", gop});
  append(to, {"-map_metadata", "-1", "-map_chapters", "-1", "-f", "mp4", "-movflags",
              "+frag_keyframe+empty_moov+default_base_moof"});
}

}  // namespace

std::string seconds_text(Microseconds time) {
  return fmt::format("{}{}.{:06}", time.count() < 0 ? "-" : "", std::abs(time.count()) / 1'000'000,
                     std::abs(time.count()) % 1'000'000);
}

std::string file_url(const Path& path) {
  return "file:" + path.string();
}

std::string_view tone_map_filter() {
  return "zscale=t=linear:npl=100,format=gbrpf32le,zscale=p=bt709,tonemap=tonemap=hable:desat=0,"
         "zscale=t=bt709:m=bt709:r=tv,format=yuv420p";
}

void append_input(std::vector<std::string>& arguments, const Path& source) {
  const Arguments input = guarded_input(source);
  arguments.insert(arguments.end(), input.begin(), input.end());
}

io::Command ffmpeg_command(const Path& source, const Path& folder, Microseconds media,
                           const ProcessLimits& limits) {
  io::Command command = base_command("ffmpeg", source, limits);
  command.sandbox.writable = {folder};
  bound(command, media, limits);
  command.arguments = quiet_ffmpeg();
  return command;
}

Path audio_piece_path(const Path& folder, std::size_t piece) {
  return folder / fmt::format("audio-{}.mp4", piece);
}

Path video_piece_path(const Path& folder, const RenditionPlan& rendition,
                      std::size_t work_segment) {
  return folder / fmt::format("video-{}-{}.mp4", rendition.resolution, work_segment);
}

io::Command probe_command(const Path& source, const ProcessLimits& limits) {
  io::Command command = base_command("ffprobe", source, limits);
  command.arguments = {"-hide_banner",  "-loglevel", "error", "-show_format",
                       "-show_streams", "-of",       "json"};
  append_input(command.arguments, source);
  command.sandbox.wall_limit = limits.probe_wall;
  command.sandbox.cpu_limit = limits.probe_wall;
  return command;
}

io::Command packets_command(const Path& source, const SourceMedia& media, ByteCount size,
                            const ProcessLimits& limits) {
  io::Command command = base_command("ffprobe", source, limits);
  command.arguments = {"-hide_banner",
                       "-loglevel",
                       "error",
                       "-show_entries",
                       "packet=stream_index,pts_time,dts_time,duration_time,size,flags",
                       "-of",
                       "compact=p=0:nk=1"};
  if (!media.audio || !media.video) {
    append(command.arguments,
           {"-select_streams",
            std::to_string(media.video ? media.video->stream_index : media.audio->stream_index)});
  }
  append_input(command.arguments, source);
  const Seconds reading(static_cast<Seconds::rep>(size.value / limits.scan_per_second.value));
  command.sandbox.wall_limit = std::max(limits.probe_wall, reading);
  command.sandbox.cpu_limit = command.sandbox.wall_limit;
  return command;
}

io::Command audio_command(const Plan& plan, const AudioManifest& made, const Path& source,
                          const Path& folder, const ProcessLimits& limits) {
  io::Command command = ffmpeg_command(source, folder, plan.boundaries.end, limits);
  Arguments& args = command.arguments;
  const bool copy = plan.audio.mode == StreamMode::copy;
  if (!copy) args.push_back("-copyts");
  append_input(args, source);
  append(args, {"-map", fmt::format("0:{}", plan.audio.stream_index), "-map_metadata", "-1",
                "-map_chapters", "-1"});
  const std::size_t pieces = copy ? 0 : made.pieces.size();
  if (copy) {
    append(args, {"-c:a", "copy"});
  } else {
    append_audio_encoder(args, plan, made);
  }
  append_segment_muxer(args, audio_piece_times(plan, pieces), ":frag_duration=1000000");
  append(args, {"-segment_start_number", std::to_string(pieces)});
  args.push_back(file_url(folder / "audio-%d.mp4"));
  return command;
}

io::Command encode_command(const Plan& plan, std::size_t work_segment, const Path& source,
                           const Path& folder, const ProcessLimits& limits) {
  const WorkSegment& work = plan.work_segments[work_segment];
  const Microseconds length =
      plan.boundaries.end_of(work.last - 1) - plan.boundaries.start_of(work.first);
  io::Command command = ffmpeg_command(source, folder, length, limits);
  Arguments& args = command.arguments;
  // A picture that changes its size midway is scaled on; a new filter graph would start to count
  // its frames anew.
  append(args, {"-copyts", "-reinit_filter", "0"});
  const Microseconds seek = plan.exact_seek ? work.seek : work.seek - k_seek_margin;
  if (seek > plan.origin) {
    append(args, {"-noaccurate_seek", "-seek_timestamp", "1", "-ss", seconds_text(seek)});
  }
  append_input(args, source);

  std::string graph = picture_filter(plan, work);
  std::vector<const RenditionPlan*> encoded;
  for (const RenditionPlan& rendition : plan.renditions) {
    if (rendition.video == StreamMode::encode) encoded.push_back(&rendition);
  }
  if (plan.hdr) graph += fmt::format(",{}", tone_map_filter());
  graph += fmt::format(",split={}", encoded.size());
  for (const RenditionPlan* rendition : encoded)
    graph += fmt::format("[s{}]", rendition->resolution);
  for (const RenditionPlan* rendition : encoded) {
    const auto step = std::max<long>(1, std::lround(plan.fps.value() / rendition->fps.value()));
    graph += fmt::format(
        ";[s{0}]framestep={1},scale={2}:{3}:flags=bicubic,setsar=1,"
        "format=yuv420p,setpts=N[o{0}]",
        rendition->resolution, step, rendition->width, rendition->height);
  }
  append(args, {"-filter_complex", graph});
  for (const RenditionPlan* rendition : encoded) {
    append(args, {"-map", fmt::format("[o{}]", rendition->resolution)});
    append_video_encoder(args, plan, work, *rendition);
    const int threads = encoder_threads(plan, work, limits);
    if (threads > 0) append(args, {"-threads", std::to_string(threads)});
    args.push_back(file_url(video_piece_path(folder, *rendition, work_segment)));
  }
  return command;
}

io::Command copy_command(const Plan& plan, const Path& source, const Path& folder,
                         const ProcessLimits& limits) {
  io::Command command = ffmpeg_command(source, folder, plan.boundaries.end, limits);
  Arguments& args = command.arguments;
  args.push_back("-copyts");
  append_input(args, source);
  // The times of the cuts count from the origin, so the packets' must: no shift by the muxer.
  append(args, {"-map", fmt::format("0:{}", plan.video_stream), "-c:v", "copy", "-map_metadata",
                "-1", "-map_chapters", "-1", "-output_ts_offset", seconds_text(-plan.origin),
                "-avoid_negative_ts", "disabled"});
  // The muxer cuts at the first keyframe at or after a time; a boundary is one, but for rounding.
  std::string times;
  for (std::size_t k = 1; k < plan.work_segments.size(); ++k) {
    if (!times.empty()) times += ',';
    times +=
        seconds_text(plan.boundaries.start_of(plan.work_segments[k].first) - Microseconds(10'000));
  }
  if (times.empty()) times = seconds_text(plan.boundaries.end * 2);
  append_segment_muxer(args, times, "");
  args.push_back(
      file_url(folder / fmt::format("video-{}-%d.mp4", plan.renditions.front().resolution)));
  return command;
}

}  // namespace shoal::processing
