#include "processing/images.h"

#include "tests/support/transcode_fixture.h"

namespace shoal::processing {
namespace {

TEST(StoryboardLayout, is_peertubes_for_the_recorded_video) {
  const auto layout = plan_storyboard(std::chrono::seconds(12), 640, 480);
  EXPECT_EQ(layout.columns, 6U);
  EXPECT_EQ(layout.rows, 2U);
  EXPECT_EQ(layout.sprite, (ImageSize{192, 144}));
  EXPECT_EQ(layout.total(), (ImageSize{1152, 288}));
  EXPECT_EQ(layout.interval, std::chrono::seconds(1));
}

TEST(StoryboardLayout, long_videos_have_a_hundred_frames_at_most) {
  for (const int seconds : {1, 7, 13, 59, 97, 100, 101, 250, 3600, 86400}) {
    const auto layout = plan_storyboard(std::chrono::seconds(seconds), 1280, 720);
    EXPECT_LE(layout.columns, 10U);
    EXPECT_LE(layout.rows, 10U);
    const auto covered = layout.interval.count() * layout.columns * layout.rows;
    EXPECT_GE(covered + layout.interval.count(), seconds) << seconds;
    EXPECT_EQ(layout.sprite, (ImageSize{192, 108}));
  }
  EXPECT_EQ(plan_storyboard(std::chrono::seconds(10), 720, 1280).sprite, (ImageSize{108, 192}));
}

class Images : public Transcode {
 protected:
  std::string size_of(const Path& image) {
    return run("ffprobe", {"-v", "error", "-show_entries", "stream=codec_name,width,height", "-of",
                           "csv=p=0", image.string()});
  }
  Result<> thumbnails(const Path& source) {
    TRY(const SourceMedia media, await_now(probe(steps_, source)));
    SeededRandom random(1);
    TRY(const Plan plan, make_plan(media, {}, random));
    return await_now(make_thumbnails(steps_, plan, source, folder_.path()));
  }
};

TEST_F(Images, thumbnail_and_preview_have_peertubes_sizes) {
  const Path source = clip("tall.mp4", {"-f", "lavfi", "-i", "testsrc2=s=90x160:r=10:d=3"});
  const auto result = thumbnails(source);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(size_of(thumbnail_path(folder_.path())), "mjpeg,280,157\n");
  EXPECT_EQ(size_of(preview_path(folder_.path())), "mjpeg,850,480\n");
}

TEST_F(Images, sound_alone_shows_its_wave_form) {
  const Path source = clip("sound.mp3", {"-f", "lavfi", "-i", "sine=d=2"});
  const auto result = thumbnails(source);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(size_of(preview_path(folder_.path())), "mjpeg,850,480\n");
}

TEST_F(Images, an_uploaded_picture_is_brought_to_size) {
  const Path image =
      clip("own.png", {"-f", "lavfi", "-i", "testsrc2=s=100x300:r=1:d=1", "-frames:v", "1"});
  const auto result = await_now(convert_image(steps_, image, folder_.path()));
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(size_of(thumbnail_path(folder_.path())), "mjpeg,280,157\n");
}

TEST_F(Images, the_storyboard_has_a_frame_each_interval) {
  const Path source = clip("source.mp4", {"-f", "lavfi", "-i", "testsrc2=s=160x90:r=10:d=6"});
  const auto layout = plan_storyboard(std::chrono::seconds(6), 160, 90);
  run("ffmpeg", storyboard_command(layout, source, folder_.path(), {}).arguments);
  EXPECT_EQ(size_of(storyboard_path(folder_.path())),
            fmt::format("mjpeg,{},{}\n", layout.total().width, layout.total().height));
}

}  // namespace
}  // namespace shoal::processing
