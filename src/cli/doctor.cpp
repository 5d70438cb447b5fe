#include "cli/doctor.h"

#include <fmt/format.h>

#include "catalog/instance.h"
#include "cli/storage.h"
#include "storage/files.h"
#include "storage/store_registry.h"

namespace shoal::cli {
namespace {

namespace fs = std::filesystem;

/// Below this an upload of any length is refused soon.
constexpr std::uint64_t k_little_space = std::uint64_t{2} << 30;
constexpr double k_gigabyte = 1e9;
constexpr std::size_t k_named_files = 10;

Finding good(std::string what) {
  return {true, std::move(what)};
}
Finding bad(std::string what) {
  return {false, std::move(what)};
}

Finding disk_space(io::FileSystem& files, const fs::path& data) {
  const auto free = files.free_bytes(data);
  if (!free) return bad(fmt::format("{}: {}", data.string(), free.error().message));
  const std::string text =
      fmt::format("{:.1f} GB free on {}", static_cast<double>(*free) / k_gigabyte, data.string());
  return *free < k_little_space ? bad(text + ": make room, uploads will soon be refused")
                                : good(text);
}

Finding integrity(db::Database& database) {
  if (database.engine() != db::Engine::sqlite) return good("the database answers");
  const auto verdict = database.read_blocking([](db::Session& session) -> Result<std::string> {
    return session.query_one("pragma quick_check")->text(0);
  });
  if (!verdict) return bad("the database cannot be read: " + verdict.error().message);
  return *verdict == "ok" ? good("the database is whole")
                          : bad("the database is damaged: " + *verdict +
                                ". Stop Shoal and restore the last backup.");
}

/// What is wrong with one recorded file; empty when nothing is.
std::string problem_of(io::FileSystem& files, const fs::path& path, std::uint64_t size,
                       const std::string& sha256) {
  const auto status = files.status(path);
  if (!status) return "is missing";
  if (status->size != size) return "has another size than recorded";
  if (sha256.empty()) return {};
  const auto sum = storage::checksum_of(files, path);
  if (!sum) return "cannot be read: " + sum.error().message;
  return sum->sha256 == sha256 ? "" : "has another content than recorded";
}

/// A running server deletes files while they are looked at.
bool is_still_recorded(db::Database& database, std::string_view key) {
  const auto found = database.read_blocking([&](db::Session& session) -> Result<bool> {
    return session
        .query_one("select 1 from placement where store = 'local' and object_key = :key", {key})
        .has_value();
  });
  return !found || *found;
}

Result<> media_store(db::Database& database, io::FileSystem& files, const fs::path& data) {
  TRY(const auto instance,
      database.read_blocking([](db::Session& session) -> Result<std::optional<std::string>> {
        return catalog::find_instance_id(session);
      }));
  if (!instance) return {};  // never started
  return storage::check_registered_store(
      database, {std::string(storage::k_local_store), data / "media", *instance}, files);
}

void recorded_files(db::Database& database, io::FileSystem& files, const fs::path& data,
                    bool checksums, std::vector<Finding>& out) {
  const auto rows = database.read_blocking([](db::Session& session) -> Result<db::Rows> {
    return session.query(
        "select p.object_key, f.size, f.sha256 from placement p "
        "join media_file f on f.id = p.file_id where p.store = 'local' and p.state = 2");
  });
  if (!rows) {
    out.push_back(bad("the list of files cannot be read: " + rows.error().message));
    return;
  }
  std::size_t wrong = 0;
  for (const db::Row& row : *rows) {
    const std::string problem =
        problem_of(files, data / "media" / row.text(0), static_cast<std::uint64_t>(row.integer(1)),
                   checksums ? row.text(2) : "");
    if (problem.empty() || !is_still_recorded(database, row.text(0))) continue;
    if (++wrong <= k_named_files)
      out.push_back(bad(fmt::format("media/{} {}", row.text(0), problem)));
  }
  if (wrong == 0) {
    out.push_back(good(fmt::format("all {} recorded files are there{}", rows->size(),
                                   checksums ? ", with the content that was recorded" : "")));
  } else {
    out.push_back(
        bad(fmt::format("{} of {} recorded files are missing or damaged: restore them "
                        "from a backup",
                        wrong, rows->size())));
  }
}

Finding failed_work(db::Database& database) {
  const auto count = database.read_blocking([](db::Session& session) -> Result<std::int64_t> {
    return session.query_one("select count(*) from video where state = 7")->integer(0);
  });
  if (!count) return bad("the videos cannot be read: " + count.error().message);
  return *count == 0
             ? good("no video failed to be processed")
             : bad(fmt::format(
                   "{} videos failed to be processed: `shoal video list --failed` names them",
                   *count));
}

/// What looks at copies have found, and where nothing is deleted.
void stores_to_attend(db::Database& database, std::vector<Finding>& out) {
  const auto stores = list_stores(database);
  if (!stores) {
    out.push_back(bad("the stores cannot be read: " + stores.error().message));
    return;
  }
  for (const storage::StoreUsage& store : *stores) {
    if (store.bad_copies > 0) {
      out.push_back(bad(fmt::format("{} copies in store {} are bad: see `shoal storage repair`",
                                    store.bad_copies, store.name)));
    }
    if (store.hold) {
      out.push_back(
          good(fmt::format("nothing is deleted in store {}: {}; see `shoal storage "
                           "confirm`",
                           store.name, *store.hold)));
    }
  }
}

Finding program(const char* name) {
  for (const char* folder : {"/usr/local/bin", "/usr/bin", "/bin"}) {
    std::error_code error;
    if (fs::exists(fs::path(folder) / name, error))
      return good(fmt::format("{} is {}/{}", name, folder, name));
  }
  return bad(fmt::format("{} is not installed: apt-get install {}", name,
                         std::string_view(name) == "bwrap" ? "bubblewrap" : "ffmpeg"));
}

}  // namespace

std::vector<Finding> examine(db::Database& database, io::FileSystem& files,
                             io::SandboxedRunner& processes, const fs::path& data, bool checksums) {
  std::vector<Finding> out;
  for (const char* name : {"ffmpeg", "ffprobe", "bwrap"}) out.push_back(program(name));
  out.push_back(processes.sandboxed()
                    ? good("media tools run in a sandbox")
                    : bad("no sandbox for media tools: user namespaces are not allowed here"));
  out.push_back(disk_space(files, data));
  out.push_back(integrity(database));
  // Of a store that is not there nothing is missing.
  if (const auto store = media_store(database, files, data); store) {
    recorded_files(database, files, data, checksums, out);
  } else {
    out.push_back(bad(store.error().message));
  }
  stores_to_attend(database, out);
  out.push_back(failed_work(database));
  return out;
}

}  // namespace shoal::cli
