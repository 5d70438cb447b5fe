#pragma once

#include <cstdint>
#include <filesystem>

#include "base/clock.h"
#include "base/result.h"
#include "db/database.h"
#include "io/file_system.h"

/// A backup is a folder: `shoal.db`, `media/`, `uploads/`, and `manifest.json`, written last, with
/// the size of every file and the SHA-256 of the database. Without its manifest it is none.
namespace shoal::cli {

struct BackupReport {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
};

/// The database first, then the files: every row of the copy points to a file in the copy, as media
/// never change. The server may run meanwhile. Media are linked where the disk is the same, else
/// copied. Errors: conflict (`target` is not empty), unavailable, too_large (disk full),
/// unsupported (PostgreSQL: the message says how).
Result<BackupReport> back_up(db::Database& database, io::FileSystem& files,
                             const std::filesystem::path& data, const std::filesystem::path& target,
                             const Clock& clock);

/// Into an empty or missing folder, after checking the manifest. Deletions in all stores are held
/// from then on (storage/store_ledger.h). Done by root, the files belong to
/// the owner of an empty folder that was there. Errors: conflict (not empty),
/// corrupt (a file is missing or differs: nothing is written).
Result<BackupReport> restore(io::FileSystem& files, const std::filesystem::path& backup,
                             const std::filesystem::path& data);

}  // namespace shoal::cli
