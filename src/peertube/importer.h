#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "db/database.h"
#include "peertube/depot.h"
#include "peertube/old_instance.h"
#include "peertube/people.h"
#include "peertube/repackage.h"
#include "peertube/sources.h"
#include "peertube/taken_video.h"

namespace shoal::peertube {

struct ImportOptions {
  std::string channel{};               ///< only the videos of this one; empty: all
  std::optional<std::size_t> limit{};  ///< videos that are taken over
  bool is_dry_run = false;             ///< look for everything, bring nothing
};

enum class Outcome {
  taken,    ///< with its renditions
  queued,   ///< with a whole file, which is processed here
  there,    ///< it was here already
  refused,  ///< `reason` says why
};

/// What became of one video; of a dry run, what would.
struct VideoReport {
  Outcome outcome = Outcome::refused;
  Uuid uuid;
  std::string name;
  std::string reason{};
  /// Bytes by where they come from: SourceKind's order.
  std::array<std::uint64_t, 3> bytes{};
  /// What of it could not be taken over.
  std::vector<std::string> notes{};
};

struct ImportSummary {
  std::size_t taken = 0;
  std::size_t queued = 0;
  std::size_t there = 0;
  std::size_t refused = 0;
  std::array<std::uint64_t, 3> bytes{};
  std::vector<std::string> notes;  ///< on channels
};

/// Takes the videos of an existing PeerTube over, one after the other: brings all files of one,
/// then records it in one transaction, so that nothing of it shows before. What is here already is
/// passed over, by UUID; so it may be killed anywhere and done again. One task at a time.
class Importer {
 public:
  struct Services {
    db::Database& database;
    OldInstance& instance;
    const Sources& sources;
    Depot& depot;
    const processing::Steps& steps;
    const Clock& clock;
  };
  /// `people` are completed with what the instance tells of its users.
  Importer(ImportOptions options, Services services, NewPeople people)
      : options_(std::move(options)), services_(services), people_(std::move(people)) {}

  /// Tells each video. Errors: only those that leave nothing to do (the instance cannot be asked);
  /// those of a video are in its report.
  io::Task<Result<ImportSummary>> run(std::function<void(const VideoReport&)> on_video);

 private:
  io::Task<Result<bool>> is_here(Uuid uuid);
  io::Task<VideoReport> take(ListedVideo listed);
  io::Task<Result<>> look(const OldVideo& video, VideoReport& report);
  io::Task<Result<>> bring(OldVideo video, VideoReport& report);
  io::Task<Result<>> record(TakenVideo taken, VideoReport& report);
  /// The first way that its files allow.
  io::Task<Result<>> bring_media(TakenVideo& taken, VideoReport& report);
  io::Task<Result<>> bring_hls(TakenVideo& taken, VideoReport& report);
  io::Task<Result<TakenVideo::Rendition>> bring_rendition(
      const OldVideo& video, OldFile file, Source source, std::string playlist,
      const std::vector<media::FileDigests>& digests);
  io::Task<Result<>> bring_repackaged(TakenVideo& taken, VideoReport& report);
  io::Task<Result<TakenVideo::Rendition>> repackage_rendition(const OldVideo& video,
                                                              Repackaging repackaging,
                                                              VideoReport& report);
  io::Task<Result<Source>> find_input(const OldVideo& video, const OldFile& file, bool is_web);
  io::Task<Result<>> put_playlists(TakenVideo& taken);
  io::Task<Result<>> bring_original(TakenVideo& taken, VideoReport& report);
  io::Task<Result<>> bring_extras(TakenVideo& taken, VideoReport& report);
  io::Task<Result<std::optional<Placed>>> bring_picture(const OldVideo& video, std::string path,
                                                        storage::FileKind kind);
  io::Task<Result<>> bring_captions(TakenVideo& taken, VideoReport& report);
  io::Task<Result<Placed>> put_text(const OldVideo& video, storage::FileKind kind, std::string name,
                                    std::string content_type, std::string text);
  io::Task<Result<>> make_channels(ImportSummary& summary);

  const ImportOptions options_;
  const Services services_;
  NewPeople people_;
};

}  // namespace shoal::peertube
