#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "blob/blob_store.h"
#include "db/database.h"
#include "io/file_system.h"
#include "jobs/runner.h"
#include "processing/pipeline/records.h"
#include "processing/steps.h"
#include "storage/stores.h"

namespace shoal::processing {

struct PipelineConfig {
  /// Folder of this process alone; each job has one of its own below it while it runs.
  Path scratch;
  /// Jobs of all kinds at once.
  std::size_t concurrency = 2;
  /// Whether this process encodes pictures; else only workers elsewhere do.
  bool encodes = true;
  /// Kinds of jobs that need labels which this process lacks: it never asks for one.
  std::set<std::string, std::less<>> left_to_others{};
  /// At most so many of a kind at once.
  std::map<std::string, std::size_t, std::less<>> limits{};
  bool keep_original = false;
  /// How long all but the smallest rendition of a new video are kept for runners that make them
  /// whole (plan.h).
  Seconds runner_patience{60};
  /// How long deleted objects stay in the trash.
  Milliseconds trash_for{0};
};

/// The job handlers of processing: each takes a leased job, runs its step over a scratch folder,
/// puts what came of it into the home store, and records it in one transaction that holds the
/// job's fence. Killed anywhere it leaves an announced object at the most, which the trash
/// collector removes. Any thread.
class Pipeline {
 public:
  struct Services {
    db::Database& database;
    Steps steps;
    const storage::Stores& stores;
    Clock& clock;
    Random& random;
    /// What the administrator wants of a video's renditions now.
    std::function<io::Task<PlanConfig>()> plan_config;
    /// A video changed in what lists and pages show of it: caches forget what they know.
    std::function<void(const Uuid&)> on_changed;
    /// Its playlists and files grew, and nothing else changed.
    std::function<void(const Uuid&)> on_grown;
  };
  Pipeline(PipelineConfig config, Services services);

  void register_handlers(jobs::Runner& runner);

  /// The folder where results of a remote lease arrive; gone with everything in it at its end.
  class Incoming;
  /// One at a time for each lease: busy while there is one.
  Result<std::unique_ptr<Incoming>> receive(const jobs::LeasedJob& job);
  /// Checks the pieces of an encode job that lie in `incoming` (video_piece_path; those of
  /// `renditions`), and does with them what the local step does with its own; completes the job.
  /// What was recorded before an error stays. Errors: corrupt, invalid, too_large, unsupported,
  /// timeout (they are not what the plan asks for), conflict (the lease was lost), busy (the sound
  /// is not there yet), not_found, and those of the stores.
  io::Task<Result<>> record_encoded(jobs::LeasedJob job, const Incoming& incoming,
                                    std::set<std::uint32_t> renditions);
  /// The same for the rendition of a k_whole job: its picture is at video_piece_path(…, 0), and
  /// whole_playlist_path().
  io::Task<Result<>> record_whole(jobs::LeasedJob job, const Incoming& incoming);
  /// A remote attempt ended badly: as when a local one does. Errors: conflict.
  Result<> fail_remote(db::Session& session, const jobs::LeasedJob& job, const Error& error,
                       bool permanent);
  /// Given back by who had it. Errors: conflict.
  Result<> release_remote(db::Session& session, const jobs::LeasedJob& job);
  /// What of a video's plan is to be made of a work segment now (whole.h).
  Plan segment_plan(db::Session& session, VideoId video, Plan plan, std::size_t work_segment) const;

 private:
  class Workspace;
  /// An object that is durable in a store and not recorded yet.
  struct Put {
    storage::NewFile file;
    std::string store;
    std::string object_key;
    /// How the object may be told of; recorded only while the video's epoch is the same.
    storage::Exposure exposure = storage::Exposure::closed;
    std::int64_t privacy_epoch = 0;
  };
  using Job = const jobs::LeasedJob&;
  using Step = io::Task<Result<>> (Pipeline::*)(const jobs::LeasedJob&, jobs::JobContext&);

  void add(jobs::Runner& runner, std::string_view kind, std::size_t concurrency, Step step);

  io::Task<Result<>> prepare(Job job, jobs::JobContext& context);
  io::Task<Result<>> make_sound(Job job, jobs::JobContext& context);
  io::Task<Result<>> copy(Job job, jobs::JobContext& context);
  io::Task<Result<>> encode(Job job, jobs::JobContext& context);
  io::Task<Result<>> finish(Job job, jobs::JobContext& context);
  /// Asks again later.
  Result<> wait_for_runners(db::Session& session, Job job);
  io::Task<Result<>> make_rendition(Job job, jobs::JobContext& context);
  io::Task<Result<>> publish(Job job, jobs::JobContext& context);
  io::Task<Result<>> make_pictures(Job job, jobs::JobContext& context);
  io::Task<Result<>> make_storyboard_sheet(Job job, jobs::JobContext& context);
  io::Task<Result<>> clean_up(Job job, jobs::JobContext& context);

  struct Input {
    VideoWork work;
    Plan plan;
  };
  io::Task<Result<Input>> input_of(Job job);
  /// The original as a local file; `keep` holds it open.
  struct LocalSource {
    Path path;
    std::shared_ptr<blob::ObjectReader> keep;
  };
  io::Task<Result<LocalSource>> local_source(const VideoWork& work, const Workspace& workspace);
  /// Makes a stored file readable under `path`: a second name where the store is local, else a
  /// copy.
  io::Task<Result<>> fetch(storage::StoredFile file, Path path);
  io::Task<Result<>> store_pieces(Job job, const Input& input, const Path& folder,
                                  const AudioManifest& manifest);
  /// store_segment() of each rendition that has a piece in `folder`.
  io::Task<Result<>> store_encoded(Job job, const Input& input, const Path& folder);
  /// Waits for as much of the sound as the work segment needs, then packages, puts and records it.
  io::Task<Result<>> store_segment(Job job, const Input& input, const RenditionPlan& rendition,
                                   std::size_t work_segment, const Path& folder);
  /// Puts a single file and its playlist, records them, and completes the job.
  io::Task<Result<>> store_finished(Job job, const Input& input, const RenditionPlan& rendition,
                                    FinishedRendition finished, const Path& folder);
  io::Task<Result<PackagedWork>> package_when_heard(const Input& input,
                                                    const RenditionPlan& rendition,
                                                    std::size_t work_segment, Path folder);
  io::Task<Result<>> fetch_sound(const Input& input, AudioManifest manifest,
                                 std::size_t work_segment, Path folder);
  io::Task<Result<Put>> put_file(Job job, const VideoWork& work, storage::FileKind kind,
                                 std::string name, std::string content_type, Path path);
  io::Task<Result<Put>> put_text(Job job, const VideoWork& work, storage::FileKind kind,
                                 std::string name, std::string content_type, std::string text);
  io::Task<Result<Put>> put_picture(Job job, const VideoWork& work, storage::FileKind kind,
                                    Path path);
  /// Where a new file of a kind goes, announced there. Errors: unavailable while this node does not
  /// reach that store.
  io::Task<Result<blob::BlobStore*>> announce(const Put& put);
  blob::ObjectTraits traits_of(const Put& put) const;
  Put describe(Job job, const VideoWork& work, storage::FileKind kind, std::string name,
               std::string content_type) const;
  /// Throws DatabaseError (conflict) when the video left the public since the object was put.
  FileId record(db::Session& session, const Put& put);
  void on_failed(db::Session& session, Job job, const Error& error);

  const PipelineConfig config_;
  Services services_;
  /// Whose results are arriving.
  std::mutex receiving_mutex_;
  std::set<jobs::LeaseKey> receiving_;
};

}  // namespace shoal::processing
