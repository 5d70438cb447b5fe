#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "db/session.h"
#include "processing/packaging.h"
#include "processing/plan.h"
#include "processing/playlists.h"
#include "storage/files.h"

/// The rows of processing: plan, finished work segments, renditions. Functions over the caller's
/// transaction.
namespace shoal::processing {

/// What every step begins with. Errors: not_found when the video is gone.
struct VideoWork {
  VideoId id;
  Uuid uuid;
  std::optional<storage::StoredFile> source;
  bool open_to_all = false;  ///< anybody may fetch its media
  std::int64_t privacy_epoch = 0;
};
Result<VideoWork> find_work(db::Session& session, VideoId video);

/// Errors: not_found when there is none, corrupt.
Result<Plan> find_plan(db::Session& session, VideoId video);
void store_plan(db::Session& session, VideoId video, const Plan& plan, UtcTime now);

/// The sound made so far; an empty one when none was.
Result<AudioManifest> find_audio(db::Session& session, VideoId video);
void store_audio(db::Session& session, VideoId video, const AudioManifest& manifest, UtcTime now);
std::string audio_piece_name(const Plan& plan, std::size_t piece);

/// Whether the headers of a work segment are those of the rendition's others: else, made by another
/// encoder, it would not join them. Errors: corrupt.
Result<> check_headers(db::Session& session, VideoId video, const RenditionPlan& rendition,
                       const PackagedWork& work);

/// Which work segments of a rendition are made.
std::set<std::size_t> find_positions(db::Session& session, VideoId video,
                                     const RenditionPlan& rendition);
/// The sizes whose single files are made.
std::set<std::uint32_t> find_finished_sizes(db::Session& session, VideoId video);

struct StoredWork {
  PackagedWork work;
  storage::StoredFile file;
};
void store_work(db::Session& session, VideoId video, const RenditionPlan& rendition,
                const PackagedWork& work, FileId file);
bool has_work(db::Session& session, VideoId video, const RenditionPlan& rendition,
              std::size_t work_segment);
/// All finished work segments of a rendition, in order (there may be holes).
Result<std::vector<StoredWork>> find_finished_work(db::Session& session, VideoId video,
                                                   const RenditionPlan& rendition);

/// Forgets all that was made of a plan that is given up: the objects go to the trash until `due`.
void discard_work(db::Session& session, VideoId video, UtcTime due);

void store_rendition(db::Session& session, VideoId video, const RenditionPlan& rendition,
                     const FinishedRendition& finished, FileId file, FileId playlist, UtcTime now);
/// The finished renditions, as master and hash list need them.
Result<std::vector<FinishedRendition>> find_renditions(db::Session& session, VideoId video);

/// Errors: not_found.
Result<storage::StoredFile> find_smallest_rendition(db::Session& session, VideoId video);

/// Also of a video that has no plan, because its renditions were made elsewhere.
void store_masters(db::Session& session, VideoId video, FileId master, FileId digests, UtcTime now);
/// The running playlists get their ENDLIST: all is made, or nothing more will be.
void end_running(db::Session& session, VideoId video, UtcTime now);

/// More will be made after all.
void reopen_running(db::Session& session, VideoId video, UtcTime now);

/// What can be listed of a video in the making. Errors: not_found, corrupt.
struct RunningWork {
  Plan plan;
  std::vector<RunningRendition> renditions;  ///< of plan.renditions, same order
  /// Work segments done of each, holes or not; for progress.
  std::vector<std::size_t> done;
  UtcTime started{};
  bool ended = false;
};
/// On the heap: RunningRendition points into the plan.
Result<std::unique_ptr<RunningWork>> find_running(db::Session& session, VideoId video);

}  // namespace shoal::processing
