#pragma once

#include "processing/commands.h"
#include "processing/steps.h"

/// Still pictures of a video: the thumbnail and the preview, and the storyboard that is shown while
/// seeking. Sizes as PeerTube's. All of it runs in the sandbox like the rest.
namespace shoal::processing {

struct ImageSize {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  friend bool operator==(const ImageSize&, const ImageSize&) = default;
};
constexpr ImageSize k_thumbnail_size{280, 157};
constexpr ImageSize k_preview_size{850, 480};

Path thumbnail_path(const Path& folder);
Path preview_path(const Path& folder);
Path storyboard_path(const Path& folder);

/// One image of many frames, a frame each `interval`, row by row.
struct StoryboardLayout {
  std::uint32_t columns = 1;
  std::uint32_t rows = 1;
  ImageSize sprite;
  std::chrono::seconds interval{1};

  ImageSize total() const { return {columns * sprite.width, rows * sprite.height}; }
  friend bool operator==(const StoryboardLayout&, const StoryboardLayout&) = default;
};
/// At most ten by ten frames, the long side 192 pixels. Pure.
StoryboardLayout plan_storyboard(Microseconds duration, std::uint32_t width, std::uint32_t height);

/// Both pictures from one good frame of the source; of sound alone, its wave form.
io::Command thumbnails_command(const Plan& plan, const Path& source, const Path& folder,
                               const ProcessLimits& limits);
/// Both from a picture that the owner uploaded (JPEG, PNG, WebP or GIF).
io::Command convert_image_command(const Path& image, const Path& folder,
                                  const ProcessLimits& limits);
/// From the smallest finished rendition, whose keyframes are two seconds apart at most.
io::Command storyboard_command(const StoryboardLayout& layout, const Path& rendition,
                               const Path& folder, const ProcessLimits& limits);

/// Leaves thumbnail_path and preview_path.
io::Task<Result<>> make_thumbnails(const Steps& steps, const Plan& plan, Path source, Path folder);
io::Task<Result<>> convert_image(const Steps& steps, Path image, Path folder);
/// Leaves storyboard_path. `rendition` is the file of the smallest finished one.
io::Task<Result<StoryboardLayout>> make_storyboard(const Steps& steps, const Plan& plan,
                                                   Path rendition, Path folder);

}  // namespace shoal::processing
