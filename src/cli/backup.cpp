#include "cli/backup.h"

#include <sys/stat.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cerrno>
#include <map>
#include <system_error>

#include "base/text.h"
#include "storage/files.h"
#include "storage/store_ledger.h"

namespace shoal::cli {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr std::string_view k_manifest = "manifest.json";
constexpr std::string_view k_database = "shoal.db";
constexpr std::uint64_t k_manifest_limit = std::uint64_t{1} << 30;

/// Relative path to size.
using Sizes = std::map<std::string, std::uint64_t>;

std::unexpected<Error> failed(const fs::path& path, const std::error_code& error) {
  const auto code =
      error == std::errc::no_space_on_device ? ErrorCode::too_large : ErrorCode::unavailable;
  return fail(code, path.string() + ": " + error.message());
}

bool is_empty_or_missing(const fs::path& folder) {
  std::error_code error;
  return !fs::exists(folder, error) || fs::is_empty(folder, error);
}

/// Copies or links one file and makes it durable. `link` only for files that never change.
Result<> transfer(io::FileSystem& files, const fs::path& from, const fs::path& to, bool link) {
  std::error_code error;
  fs::create_directories(to.parent_path(), error);
  if (error) return failed(to, error);
  if (link) {
    fs::create_hard_link(from, to, error);
    if (!error) return {};
  }
  fs::copy_file(from, to, error);
  if (error) return failed(to, error);
  TRY(const auto file, files.open(to, io::OpenMode::write));
  return file->sync();
}

/// A file that goes away meanwhile (deleted video, ended upload) is not part of the copy.
Result<> copy_tree(io::FileSystem& files, const fs::path& root, const std::string& name,
                   const fs::path& target, bool link, Sizes& sizes) {
  std::error_code error;
  if (!fs::exists(root / name, error)) return {};
  for (auto entry = fs::recursive_directory_iterator(root / name, error);
       !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    if (!entry->is_regular_file(error)) continue;
    const fs::path relative = entry->path().lexically_relative(root);
    if (entry->path().parent_path().filename() == ".incoming") continue;
    const auto copied = transfer(files, entry->path(), target / relative, link);
    std::error_code gone;
    if (!copied && !fs::exists(entry->path(), gone)) continue;
    TRY_VOID(copied);
    sizes[relative.string()] = fs::file_size(target / relative, gone);
  }
  if (error) return failed(root / name, error);
  return {};
}

std::string write_manifest(const Sizes& sizes, std::string_view database_sha256, UtcTime now) {
  json::object listed;
  for (const auto& [path, size] : sizes) listed[path] = size;
  return json::serialize(json::object{{"format", 1},
                                      {"made", to_iso8601(now)},
                                      {"databaseSha256", database_sha256},
                                      {"files", std::move(listed)}});
}

struct Manifest {
  Sizes sizes;
  std::string database_sha256;
};

Result<Manifest> read_manifest(io::FileSystem& files, const fs::path& backup) {
  const auto text = io::read_whole(files, backup / k_manifest, k_manifest_limit);
  if (!text) {
    return fail(ErrorCode::not_found,
                backup.string() + " has no manifest.json: it is no whole backup");
  }
  boost::system::error_code error;
  const json::value value = json::parse(*text, error);
  const auto* object = error ? nullptr : value.if_object();
  const auto* listed = object != nullptr ? object->if_contains("files") : nullptr;
  const auto* digest = object != nullptr ? object->if_contains("databaseSha256") : nullptr;
  if (listed == nullptr || !listed->is_object() || digest == nullptr || !digest->is_string())
    return fail(ErrorCode::corrupt, "manifest.json cannot be read");
  Manifest manifest{{}, std::string(digest->get_string())};
  for (const auto& [path, size] : listed->get_object()) {
    boost::system::error_code no_number;
    const auto bytes = size.to_number<std::uint64_t>(no_number);
    const fs::path relative{std::string(path)};
    const bool inside =
        relative.is_relative() && !relative.lexically_normal().string().starts_with("..");
    if (no_number || !inside) return fail(ErrorCode::corrupt, "manifest.json names a bad file");
    manifest.sizes[std::string(path)] = bytes;
  }
  return manifest;
}

Result<> check(io::FileSystem& files, const fs::path& backup, const Manifest& manifest) {
  for (const auto& [path, size] : manifest.sizes) {
    std::error_code error;
    const auto found = fs::file_size(backup / path, error);
    if (error || found != size)
      return fail(ErrorCode::corrupt, "the backup's " + path + " is missing or has another size");
  }
  TRY(const storage::Checksum sum, storage::checksum_of(files, backup / k_database));
  if (sum.sha256 != manifest.database_sha256)
    return fail(ErrorCode::corrupt, "the backup's database differs from its checksum");
  return {};
}

/// What root restores into a folder that somebody else owns is for them: the server runs as they.
Result<> give_to(const fs::path& data, const struct stat& owner) {
  if (::geteuid() != 0 || owner.st_uid == 0) return {};
  std::error_code error;
  for (auto entry = fs::recursive_directory_iterator(data, error);
       !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    if (::lchown(entry->path().c_str(), owner.st_uid, owner.st_gid) != 0)
      return failed(entry->path(), std::error_code(errno, std::generic_category()));
  }
  if (error) return failed(data, error);
  return {};
}

/// What the stores have got since the backup was made is no garbage of this database.
Result<> hold_stores(const fs::path& path) {
  Metrics metrics;
  db::DatabaseConfig config;
  config.sqlite_path = path.string();
  TRY(const auto database, db::Database::open(std::move(config), metrics));
  return database->write_blocking([](db::Session& session) -> Result<> {
    storage::hold_deletions(session, "", "the database was restored from a backup");
    return {};
  });
}

BackupReport report_of(const Sizes& sizes) {
  BackupReport report;
  for (const auto& [path, size] : sizes) {
    ++report.files;
    report.bytes += size;
  }
  return report;
}

}  // namespace

Result<BackupReport> back_up(db::Database& database, io::FileSystem& files, const fs::path& data,
                             const fs::path& target, const Clock& clock) {
  if (!is_empty_or_missing(target)) {
    return fail(ErrorCode::conflict,
                target.string() + " is not empty: a backup goes into a folder of its own");
  }
  TRY_VOID(files.create_directories(target));
  TRY_VOID(database.backup_to((target / k_database).string()));
  TRY(const storage::Checksum sum, storage::checksum_of(files, target / k_database));
  Sizes sizes{{std::string(k_database), sum.size}};
  TRY_VOID(copy_tree(files, data, "media", target, true, sizes));
  TRY_VOID(copy_tree(files, data, "uploads", target, false, sizes));
  const std::string manifest = write_manifest(sizes, sum.sha256, clock.now());
  TRY_VOID(io::write_durably(files, target / k_manifest, std::as_bytes(std::span(manifest))));
  return report_of(sizes);
}

Result<BackupReport> restore(io::FileSystem& files, const fs::path& backup, const fs::path& data) {
  if (!is_empty_or_missing(data)) {
    return fail(ErrorCode::conflict, data.string() +
                                         " is not empty: restore into a new folder, look at it, "
                                         "and then start Shoal there");
  }
  TRY(const Manifest manifest, read_manifest(files, backup));
  TRY_VOID(check(files, backup, manifest));
  TRY_VOID(files.create_directories(data));
  struct stat owner{};
  if (::stat(data.c_str(), &owner) != 0)
    return failed(data, std::error_code(errno, std::generic_category()));
  for (const auto& [path, size] : manifest.sizes) {
    const bool immutable = path.starts_with("media/");
    TRY_VOID(transfer(files, backup / path, data / path, immutable));
  }
  TRY_VOID(hold_stores(data / k_database));
  TRY_VOID(give_to(data, owner));
  return report_of(manifest.sizes);
}

}  // namespace shoal::cli
