#include "processing/video_deletion.h"

#include "catalog/videos.h"
#include "jobs/queue.h"
#include "storage/exposure/exposure_rows.h"
#include "storage/files.h"

namespace shoal::processing {

Result<> delete_video_and_files(db::Session& session, VideoId video, UtcTime due) {
  using storage::FileKind;
  jobs::cancel_video(session, video, "its video was deleted");
  catalog::detach_files(session, video);
  storage::trash_files(
      session, video,
      {FileKind::original, FileKind::rendition, FileKind::playlist, FileKind::segments_sha256,
       FileKind::thumbnail, FileKind::preview, FileKind::storyboard, FileKind::caption,
       FileKind::running_work, FileKind::running_init, FileKind::running_audio},
      due);
  // What anybody could read by its address goes with the video, and not days later.
  storage::settle_exposure_later(session, video);
  return catalog::delete_video(session, video);
}

Result<> delete_videos_of_channel(db::Session& session, ChannelId channel, UtcTime due) {
  for (const VideoId video : catalog::videos_of_channel(session, channel))
    TRY_VOID(delete_video_and_files(session, video, due));
  return {};
}

}  // namespace shoal::processing
