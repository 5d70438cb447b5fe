#include "peertube/taken_video.h"

#include <algorithm>

#include "catalog/captions.h"
#include "catalog/storyboards.h"
#include "catalog/thumbnails.h"
#include "catalog/videos.h"
#include "processing/pipeline/graph.h"
#include "processing/pipeline/records.h"
#include "storage/exposure/exposure_rows.h"

namespace shoal::peertube {
namespace {

/// Records the files of one video.
class Recorder {
 public:
  Recorder(db::Session& session, VideoId video, UtcTime now)
      : session_(session), video_(video), now_(now) {}

  FileId record(const Placed& placed) {
    storage::NewFile file = placed.file;
    file.video = video_;
    return storage::record_file(session_, file, placed.store, placed.object_key, now_,
                                placed.exposure);
  }

  void record_renditions(const TakenVideo& taken) {
    for (const TakenVideo::Rendition& rendition : taken.renditions) {
      const FileId file = record(rendition.file);
      const FileId playlist = record(rendition.playlist);
      processing::store_rendition(session_, video_, rendition.adopted.plan,
                                  rendition.adopted.finished, file, playlist, now_);
    }
    const FileId master = record(*taken.master);
    processing::store_masters(session_, video_, master, record(*taken.digests), now_);
  }

  void record_pictures(const TakenVideo& taken) {
    for (const auto& [kind, placed] :
         {std::pair{catalog::ThumbnailKind::miniature, &taken.thumbnail},
          std::pair{catalog::ThumbnailKind::preview, &taken.preview}}) {
      // As if its owner had given it: what is processed here later does not replace it.
      if (*placed) {
        catalog::put_thumbnail(session_, video_,
                               {.kind = kind, .file = record(**placed), .automatic = false});
      }
    }
    if (!taken.storyboard) return;
    const OldStoryboard& old = taken.storyboard->old;
    catalog::put_storyboard(session_, video_,
                            {.file = record(taken.storyboard->file),
                             .file_name = {},
                             .total_width = old.total_width,
                             .total_height = old.total_height,
                             .sprite_width = old.sprite_width,
                             .sprite_height = old.sprite_height,
                             .sprite_duration = old.sprite_duration});
  }

  void record_captions(const TakenVideo& taken) {
    for (const TakenVideo::Caption& caption : taken.captions) {
      catalog::put_caption(session_, video_, caption.old.language, record(caption.file),
                           caption.old.automatically_generated, now_);
    }
  }

 private:
  db::Session& session_;
  const VideoId video_;
  const UtcTime now_;
};

/// The largest of its files, which it counts by.
const Placed& main_file(const TakenVideo& taken) {
  if (taken.original) return *taken.original;
  return std::ranges::max_element(taken.renditions, {},
                                  [](const TakenVideo::Rendition& rendition) {
                                    return rendition.file.file.checksum.size;
                                  })
      ->file;
}

catalog::NewVideo new_video(const TakenVideo& taken, ChannelId channel) {
  catalog::NewVideo video;
  video.uuid = taken.video.uuid;
  video.channel = channel;
  video.attributes = taken.video.attributes;
  video.source_filename = main_file(taken).file.name;
  video.source_size = main_file(taken).file.checksum.size;
  video.state = taken.original ? catalog::VideoState::to_transcode : catalog::VideoState::published;
  return video;
}

}  // namespace

Result<bool> record_video(db::Session& session, const NewPeople& people, const TakenVideo& taken,
                          UtcTime now) {
  if (catalog::find_video_access(session, catalog::VideoKey(taken.video.uuid))) return false;
  TRY(const ChannelId channel, ensure_channel(session, people, taken.video.channel, now));
  const VideoId id = catalog::create_video(session, new_video(taken, channel), now);
  Recorder recorder(session, id, now);
  catalog::ProcessingOutcome outcome;
  outcome.duration = std::chrono::duration_cast<Milliseconds>(taken.video.duration);
  outcome.aspect_ratio = taken.video.aspect_ratio;
  if (taken.original) {
    recorder.record(*taken.original);
    processing::enqueue_prepare(session, id);
  } else {
    recorder.record_renditions(taken);
    std::vector<AdoptedRendition> adopted;
    adopted.reserve(taken.renditions.size());
    for (const TakenVideo::Rendition& rendition : taken.renditions)
      adopted.push_back(rendition.adopted);
    outcome.duration = duration_of(adopted);
  }
  recorder.record_pictures(taken);
  recorder.record_captions(taken);
  catalog::replace_chapters(session, id, taken.chapters);
  TRY_VOID(catalog::record_processing(session, id, outcome, now));
  TRY_VOID(catalog::record_history(session, id, taken.video.history));
  // What was put is nobody's to read yet.
  storage::settle_exposure_later(session, id);
  return true;
}

}  // namespace shoal::peertube
