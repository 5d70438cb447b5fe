#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "catalog/video.h"
#include "db/database.h"
#include "jobs/list.h"
#include "storage/file_kind.h"

/// What an administrator does with videos at a shell. Blocking; the server may run meanwhile, and
/// shows what changed within seconds.
namespace shoal::cli {

struct VideoListOptions {
  std::string search;        ///< words of the name; empty: all
  bool only_failed = false;  ///< whose processing failed
  std::int64_t start = 0;
  std::int64_t count = 100;
};
struct VideoListing {
  std::int64_t total = 0;
  std::vector<catalog::VideoSummary> videos;  ///< newest first
};
/// Of every privacy and state.
Result<VideoListing> list_videos(db::Database& database, const VideoListOptions& options,
                                 UtcTime now);

/// One recorded file and where it is.
struct FileCopy {
  std::string name;
  storage::FileKind kind = storage::FileKind::rendition;
  std::uint64_t size = 0;
  std::string store;
  std::string object_key;
};
struct VideoDetails {
  catalog::Video video;
  std::vector<FileCopy> files;
  std::vector<jobs::ListedJob> jobs;  ///< newest first, at most 100
};
/// `key`: number, UUID or short UUID. Errors: invalid, not_found.
Result<VideoDetails> show_video(db::Database& database, const std::string& key);

/// Processes a failed video again from what it was uploaded as. Returns its name. Errors: invalid,
/// not_found, conflict (it did not fail, or nothing is left to process).
Result<std::string> retry_video(db::Database& database, const std::string& key, const Clock& clock);

/// Work, rows and files; the files stay in the trash for `trash_for`. Returns its name. Errors:
/// invalid, not_found.
Result<std::string> delete_video(db::Database& database, const std::string& key, const Clock& clock,
                                 Milliseconds trash_for);

}  // namespace shoal::cli
