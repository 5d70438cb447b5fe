#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "jobs/runner.h"
#include "storage/checks/findings.h"
#include "storage/moves/file_copier.h"

namespace shoal::storage {

inline constexpr std::string_view k_repair_file = "repair-file";

/// A store's bad copies of one file are to be replaced: the payload of a `repair-file` job, as JSON
/// {"file":7,"store":"archive"}.
struct FileRepair {
  FileId file;
  std::string store;
};
std::string write_repair(const FileRepair& repair);
/// Errors: corrupt.
Result<FileRepair> parse_repair(std::string_view json);

/// In the caller's transaction; done by whoever runs `repair-file` jobs. The job belongs to no
/// video, so that what happens to one never shows as the processing of the other.
JobId enqueue_repair(db::Session& session, const FileRepair& repair);

struct FileRepairerConfig {
  io::Path scratch;  ///< a folder of this process alone
  /// Of all files at once that come from a store without local files; a larger one cannot be
  /// repaired.
  std::uint64_t scratch_limit = std::uint64_t{64} << 30;
  std::size_t concurrency = 1;
  /// How long the bad object lies in the trash, for those who have it open.
  Milliseconds bad_copy_kept_for{3'600'000};
};

/// Replaces bad copies from good ones: copy, verify, switch the rows, and leave the bad object to
/// the trash, as a move does. The source is checked on its way; one that is wrong is recorded as
/// bad and the next is taken. May be killed anywhere, done twice, and by two machines. Any thread.
class FileRepairer {
 public:
  struct Services {
    db::Database& database;
    StoreLookup stores;
    io::FileSystem& files;
    io::Offload& offload;  ///< for calls that take long
    const Clock& clock;
    /// A file of this video is somewhere else now: caches forget where they found it.
    std::function<void(const Uuid& video)> on_repaired{};
    /// Whether viewers are told where objects of a store are: a file that comes there gets a name
    /// of its own, and its exposure is settled. Empty: of none.
    std::function<bool(std::string_view store)> exposes{};
  };
  FileRepairer(FileRepairerConfig config, Services services);

  /// The repairer outlives the runner.
  void register_handlers(jobs::Runner& runner);

  /// One job of kind k_repair_file. Errors: corrupt (there is no good copy), those of
  /// FileCopier::copy.
  io::Task<Result<>> run(const jobs::LeasedJob& job, jobs::JobContext& context);

 private:
  using Job = const jobs::LeasedJob&;
  /// What the rows say now.
  struct Look {
    std::optional<RecordedFile> file;   ///< nothing when it is gone
    bool has_bad = false;               ///< in the store
    bool has_good = false;              ///< in the store
    std::vector<RecordedCopy> sources;  ///< good copies in other stores
  };
  static Look look(db::Session& session, const FileRepair& repair);
  static Result<bool> switch_copies(db::Session& session, const FileRepair& repair,
                                    const std::optional<std::string>& new_key, UtcTime due,
                                    UtcTime now);
  io::Task<Result<std::string>> copy(Job job, jobs::JobContext& context, FileRepair repair,
                                     Look start);
  /// Nothing when the copy is good after all, and something else failed.
  io::Task<Result<bool>> blame(RecordedCopy source);
  io::Task<Result<>> finish(Job job, FileRepair repair, std::optional<std::string> new_key,
                            std::optional<Uuid> video);

  const FileRepairerConfig config_;
  const Services services_;
  ScratchSpace scratch_;
  FileCopier copier_;
};

}  // namespace shoal::storage
