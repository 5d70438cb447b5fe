#include "cli/doctor.h"

#include <fmt/format.h>

#include "base/config/units.h"

namespace shoal::cli {
namespace {

namespace fs = std::filesystem;

/// Below this an upload of any length is refused soon.
constexpr std::uint64_t k_little_space = std::uint64_t{2} << 30;
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
  const std::string text = config::format_bytes({*free >> 20 << 20}) + " free on " + data.string();
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

void recorded_files(db::Database& database, io::FileSystem& files, const fs::path& data,
                    std::vector<Finding>& out) {
  const auto rows = database.read_blocking([](db::Session& session) -> Result<db::Rows> {
    return session.query(
        "select p.object_key, f.size from placement p join media_file f on f.id = p.file_id "
        "where p.store = 'local' and p.state = 2");
  });
  if (!rows) {
    out.push_back(bad("the list of files cannot be read: " + rows.error().message));
    return;
  }
  std::size_t wrong = 0;
  for (const db::Row& row : *rows) {
    const auto status = files.status(data / "media" / row.text(0));
    if (status && status->size == static_cast<std::uint64_t>(row.integer(1))) continue;
    if (++wrong <= k_named_files) {
      out.push_back(bad(fmt::format("media/{} {}", row.text(0),
                                    status ? "has another size than recorded" : "is missing")));
    }
  }
  if (wrong == 0) {
    out.push_back(good(fmt::format("all {} recorded files are there", rows->size())));
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
             : bad(fmt::format("{} videos failed to be processed; their owners see why", *count));
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
                             io::SandboxedRunner& processes, const fs::path& data) {
  std::vector<Finding> out;
  for (const char* name : {"ffmpeg", "ffprobe", "bwrap"}) out.push_back(program(name));
  out.push_back(processes.sandboxed()
                    ? good("media tools run in a sandbox")
                    : bad("no sandbox for media tools: user namespaces are not allowed here"));
  out.push_back(disk_space(files, data));
  out.push_back(integrity(database));
  recorded_files(database, files, data, out);
  out.push_back(failed_work(database));
  return out;
}

}  // namespace shoal::cli
