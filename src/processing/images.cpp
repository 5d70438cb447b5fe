#include "processing/images.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace shoal::processing {

namespace {

constexpr std::uint32_t k_grid_side = 10;
constexpr std::uint32_t k_sprite_long_side = 192;
/// With frames further apart than this only keyframes are decoded.
constexpr std::chrono::seconds k_keyframes_suffice{4};
constexpr const char* k_image_formats = "jpeg_pipe,png_pipe,webp_pipe,gif";

std::uint32_t even(double size) {
  return std::max(2U, static_cast<std::uint32_t>(std::lround(size / 2)) * 2);
}

/// Fills the size and cuts off what is over.
std::string cover(ImageSize size) {
  return fmt::format(
      "scale={0}:{1}:force_original_aspect_ratio=increase:flags=bicubic,crop={0}:{1}:exact=1,"
      "setsar=1,"
      "format=yuvj420p",
      size.width, size.height);
}

void append_both(std::vector<std::string>& args, const std::string& from, const Path& folder) {
  args.insert(args.end(),
              {"-filter_complex", fmt::format("{},split=2[a][b];[a]{}[t];[b]{}[p]", from,
                                              cover(k_thumbnail_size), cover(k_preview_size))});
  for (const auto& [label, path] :
       {std::pair{"[t]", thumbnail_path(folder)}, std::pair{"[p]", preview_path(folder)}}) {
    args.insert(args.end(), {"-map", label, "-frames:v", "1", "-map_metadata", "-1", "-c:v",
                             "mjpeg", "-q:v", "4", "-f", "image2", "-update", "1", file_url(path)});
  }
}

}  // namespace

Path thumbnail_path(const Path& folder) {
  return folder / "thumbnail.jpg";
}
Path preview_path(const Path& folder) {
  return folder / "preview.jpg";
}
Path storyboard_path(const Path& folder) {
  return folder / "storyboard.jpg";
}

StoryboardLayout plan_storyboard(Microseconds duration, std::uint32_t width, std::uint32_t height) {
  StoryboardLayout layout;
  const auto seconds = std::max<std::int64_t>(1, duration.count() / 1'000'000);
  constexpr std::int64_t k_most = std::int64_t{k_grid_side} * k_grid_side;
  layout.interval = std::chrono::seconds((seconds + k_most - 1) / k_most);
  const auto count = static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(seconds / layout.interval.count(), 1, k_most));
  // The grid with the least waste, the flattest of those: 6 by 2 for twelve.
  std::uint32_t best = k_grid_side * k_grid_side + 1;
  for (std::uint32_t rows = 1; rows <= k_grid_side; ++rows) {
    const std::uint32_t columns = (count + rows - 1) / rows;
    if (columns > k_grid_side || columns * rows >= best) continue;
    best = columns * rows;
    layout.rows = rows;
    layout.columns = columns;
  }
  const double scale = static_cast<double>(k_sprite_long_side) / std::max({width, height, 1U});
  layout.sprite = {even(width * scale), even(height * scale)};
  return layout;
}

io::Command thumbnails_command(const Plan& plan, const Path& source, const Path& folder,
                               const ProcessLimits& limits) {
  io::Command command = ffmpeg_command(source, folder, Microseconds{60'000'000}, limits);
  auto& args = command.arguments;
  if (plan.video_stream < 0) {
    append_input(args, source);
    append_both(args,
                fmt::format("[0:{}]atrim=end=600,aformat=channel_layouts=mono,"
                            "showwavespic=s={}x{}:colors=0x4f9cf0",
                            plan.audio.stream_index, k_preview_size.width, k_preview_size.height),
                folder);
    return command;
  }
  const Microseconds at = plan.origin + plan.boundaries.end / 3;
  args.insert(args.end(), {"-noaccurate_seek", "-seek_timestamp", "1", "-ss", seconds_text(at)});
  append_input(args, source);
  std::string from = fmt::format("[0:{}]", plan.video_stream);
  if (plan.interlaced) from += "bwdif=deint=interlaced,";
  from += "thumbnail=n=24";
  if (plan.hdr) from += fmt::format(",{}", tone_map_filter());
  append_both(args, from, folder);
  return command;
}

io::Command convert_image_command(const Path& image, const Path& folder,
                                  const ProcessLimits& limits) {
  io::Command command = ffmpeg_command(image, folder, Microseconds{1'000'000}, limits);
  command.arguments.insert(
      command.arguments.end(),
      {"-protocol_whitelist", "file", "-format_whitelist", k_image_formats, "-i", file_url(image)});
  append_both(command.arguments, "[0:v:0]null", folder);
  return command;
}

io::Command storyboard_command(const StoryboardLayout& layout, const Path& rendition,
                               const Path& folder, const ProcessLimits& limits) {
  const auto frames = layout.columns * layout.rows;
  io::Command command =
      ffmpeg_command(rendition, folder, Microseconds(layout.interval) * frames, limits);
  auto& args = command.arguments;
  if (layout.interval >= k_keyframes_suffice) args.insert(args.end(), {"-skip_frame", "nokey"});
  append_input(args, rendition);
  const auto step = layout.interval.count();
  args.insert(args.end(), {"-map", "0:v:0", "-vf",
                           fmt::format("fps=fps=1/{}:start_time=0:round=up,scale={}:{},setsar=1,"
                                       "format=yuvj420p,tile={}x{}",
                                       step, layout.sprite.width, layout.sprite.height,
                                       layout.columns, layout.rows),
                           "-frames:v", "1", "-map_metadata", "-1", "-c:v", "mjpeg", "-q:v", "5",
                           "-f", "image2", "-update", "1", file_url(storyboard_path(folder))});
  return command;
}

io::Task<Result<>> make_thumbnails(const Steps& steps, const Plan& plan, Path source, Path folder) {
  CO_TRY_VOID(co_await run_child(steps, thumbnails_command(plan, source, folder, steps.limits),
                                 "take a picture of"));
  co_return Result<>{};
}

io::Task<Result<>> convert_image(const Steps& steps, Path image, Path folder) {
  CO_TRY_VOID(
      co_await run_child(steps, convert_image_command(image, folder, steps.limits), "convert"));
  co_return Result<>{};
}

io::Task<Result<StoryboardLayout>> make_storyboard(const Steps& steps, const Plan& plan,
                                                   Path rendition, Path folder) {
  const RenditionPlan& smallest = plan.renditions.back();
  const StoryboardLayout layout =
      plan_storyboard(plan.boundaries.end, smallest.width, smallest.height);
  CO_TRY_VOID(co_await run_child(steps, storyboard_command(layout, rendition, folder, steps.limits),
                                 "draw a storyboard of"));
  co_return layout;
}

}  // namespace shoal::processing
