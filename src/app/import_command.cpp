#include "app/import_command.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>

#include "app/admin_commands.h"
#include "app/admin_print.h"
#include "app/command_stores.h"
#include "app/other_stores.h"
#include "base/text.h"
#include "catalog/password.h"
#include "cli/users.h"
#include "io/runtime.h"

namespace shoal::app {
namespace {

using peertube::Outcome;
using peertube::SourceKind;

constexpr std::size_t k_threads = 2;
constexpr std::size_t k_queue = 64;
constexpr std::uint64_t k_secret_limit = 4096;
constexpr double k_megabyte = 1e6;

/// The folder of an import's downloads, for one import at a time; they are used again by the next,
/// and gone with it. Not below work/, which the server empties when it starts.
class ImportFolder {
 public:
  static Result<ImportFolder> claim(const std::filesystem::path& data, io::FileSystem& files) {
    struct stat status{};
    if (::stat(data.c_str(), &status) != 0)
      return fail(ErrorCode::not_found, fmt::format("there is no folder {}", data.string()));
    // What root would write the server could neither move nor delete.
    if (status.st_uid != ::geteuid()) {
      return fail(ErrorCode::forbidden,
                  fmt::format("{} belongs to another user: run this as the one that runs the "
                              "server (sudo -u shoal shoal …)",
                              data.string()));
    }
    const std::filesystem::path path = data / "import";
    TRY_VOID(files.create_directories(path));
    const int lock = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock < 0 || ::flock(lock, LOCK_EX | LOCK_NB) != 0) {
      if (lock >= 0) ::close(lock);
      return fail(ErrorCode::conflict, "another import is running");
    }
    return ImportFolder(path, lock);
  }
  ImportFolder(ImportFolder&& other) noexcept
      : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}
  ImportFolder& operator=(ImportFolder&&) = delete;
  ~ImportFolder() {
    if (lock_ >= 0) ::close(lock_);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  ImportFolder(std::filesystem::path path, int lock) : path_(std::move(path)), lock_(lock) {}
  std::filesystem::path path_;
  int lock_;
};

std::string_view word_of(Outcome outcome, bool is_dry_run) {
  switch (outcome) {
    case Outcome::taken:
      return is_dry_run ? "take" : "taken";
    case Outcome::queued:
      return is_dry_run ? "process" : "queued";
    case Outcome::there:
      return "here";
    case Outcome::refused:
      break;
  }
  return "NOT TAKEN";
}

/// "12.3 MB in place, 1.0 MB download"
std::string sizes_of(const std::array<std::uint64_t, 3>& bytes) {
  std::string text;
  for (const SourceKind kind : {SourceKind::store, SourceKind::folder, SourceKind::download}) {
    const std::uint64_t size = bytes.at(static_cast<std::size_t>(kind));
    if (size == 0) continue;
    text += fmt::format("{}{:.1f} MB {}", text.empty() ? "" : ", ",
                        static_cast<double>(size) / k_megabyte, to_string(kind));
  }
  return text;
}

void print(const peertube::VideoReport& report, bool is_dry_run) {
  const bool is_refused = report.outcome == Outcome::refused;
  fmt::print("{:<9} {}  {}  {}\n", word_of(report.outcome, is_dry_run), report.uuid.text(),
             printable(report.name),
             is_refused ? printable(report.reason) : sizes_of(report.bytes));
  for (const std::string& note : report.notes)
    fmt::print("          without {}\n", printable(note));
  // Whoever waits for hours wants to see each at once, also in a file.
  (void)std::fflush(stdout);
}

void print(const peertube::ImportSummary& summary, bool is_dry_run) {
  for (const std::string& note : summary.notes) fmt::print("not made: {}\n", printable(note));
  const std::string sizes = sizes_of(summary.bytes);
  fmt::print("{}{} taken, {} to be processed, {} here already, {} not taken{}{}\n",
             is_dry_run ? "would be: " : "", summary.taken, summary.queued, summary.there,
             summary.refused, sizes.empty() ? "" : "; ", sizes);
}

/// Empty where no file is named.
Result<std::string> read_secret(io::FileSystem& files, const std::string& path) {
  if (path.empty()) return std::string();
  TRY(const std::string text, io::read_whole(files, path, k_secret_limit));
  return std::string(trim(text));
}

/// Nothing where none is named. Another folder would have all be downloaded.
Result<std::optional<io::Path>> storage_folder(io::FileSystem& files, const std::string& folder) {
  if (folder.empty()) return std::nullopt;
  for (const char* below : {"streaming-playlists", "web-videos"})
    if (files.status(io::Path(folder) / below)) return folder;
  return fail(ErrorCode::invalid,
              fmt::format("{} is not PeerTube's storage folder, or cannot be read: there is no "
                          "streaming-playlists in it",
                          folder));
}

/// Everything that one import uses.
struct Parts {
  Parts(db::Database& db, const Config& cfg) : database(db), config(cfg), opened(cfg, db) {}
  db::Database& database;
  const Config& config;
  SystemClock clock;
  SystemRandom random;
  io::PosixFileSystem files;
  io::Runtime runtime{1};
  io::Offload offload{"import", k_threads, k_queue};
  io::SandboxedRunner processes;
  processing::Steps steps{processes, files, offload};
  CommandStores opened;
  storage::Stores stores;  ///< of those
  peertube::OldInstanceConfig instance;
  peertube::SourcesConfig sources;
  peertube::NewPeople people;
};

Result<> open_store(Parts& parts, const std::string& name) {
  if (parts.stores.find(name) != nullptr) return {};
  const auto opened = parts.opened.open(name);
  if (!opened && opened.error().code == ErrorCode::not_found) {
    return fail(ErrorCode::not_found,
                fmt::format("{}. If it is a bucket that holds something already, take it over "
                            "with `shoal store accept {}`.",
                            opened.error().message, name));
  }
  TRY_VOID(opened);
  parts.stores.add(*parts.opened.find(name));
  return {};
}

/// The homes of what is brought, and the old instance's bucket.
Result<> open_stores(Parts& parts, const std::string& bucket) {
  using storage::FileKind;
  set_homes(parts.config.homes, parts.stores);
  // As an upload, it waits there until its renditions are made.
  parts.stores.set_home(FileKind::original, parts.config.homes.uploads);
  for (const FileKind kind :
       {FileKind::original, FileKind::rendition, FileKind::playlist, FileKind::segments_sha256,
        FileKind::thumbnail, FileKind::preview, FileKind::storyboard, FileKind::caption})
    TRY_VOID(open_store(parts, parts.stores.home_name(kind)));
  if (bucket.empty()) return {};
  TRY_VOID(open_store(parts, bucket));
  parts.sources.store = parts.stores.find(bucket);
  return {};
}

io::Task<Result<>> import_all(Parts& parts, peertube::ImportOptions options) {
  peertube::OldInstance instance(parts.instance, {parts.files, parts.offload});
  CO_TRY(const std::string version, co_await instance.connect());
  fmt::print("{}: PeerTube {}, {}\n", parts.instance.url, printable(version),
             instance.sees_all() ? "all videos" : "only what this user sees");
  peertube::Depot depot({parts.database, parts.stores, parts.offload, parts.clock});
  const peertube::Sources sources(parts.sources, {instance, depot, parts.files, parts.offload});
  const bool is_dry_run = options.is_dry_run;
  peertube::Importer importer(std::move(options),
                              {parts.database, instance, sources, depot, parts.steps, parts.clock},
                              parts.people);
  CO_TRY(const peertube::ImportSummary summary,
         co_await importer.run(
             [is_dry_run](const peertube::VideoReport& report) { print(report, is_dry_run); }));
  print(summary, is_dry_run);
  if (summary.refused > 0)
    co_return fail(ErrorCode::unavailable, "not all videos were taken; see above");
  co_return Result<>{};
}

io::Task<> keep(io::Task<Result<>> task, Result<>& out) {
  out = co_await std::move(task);
}

}  // namespace

Result<> ImportCommand::run(db::Database& database, const Config& config) const {
  Parts parts(database, config);
  TRY(const ImportFolder folder, ImportFolder::claim(config.storage.data, parts.files));
  parts.sources.scratch = folder.path();
  TRY(parts.sources.folder, storage_folder(parts.files, folder_));
  parts.instance.url = url_.substr(0, url_.find_last_not_of('/') + 1);
  parts.instance.username = username_;
  TRY(parts.instance.password, read_secret(parts.files, password_file_));
  TRY(parts.instance.token, read_secret(parts.files, token_file_));
  TRY_VOID(open_stores(parts, store_));
  parts.people.origin = config.webserver.origin();
  if (!config.webserver.hostname_is_given) {
    TRY(parts.people.origin, cli::known_origin(database));
  }
  // Of a password that nobody is told.
  TRY(parts.people.password_hash, catalog::hash_password(parts.random.hex(32), parts.random));
  Result<> done;
  parts.runtime.run_until_done(keep(import_all(parts, options_), done));
  // What is left of downloads belongs to videos that are to be tried again.
  if (done && !options_.is_dry_run && !options_.limit) (void)parts.files.remove_all(folder.path());
  return done;
}

void ImportCommand::add_to(CLI::App& program, Chosen& chosen) {
  CLI::App* group = program.add_subcommand("import", "Take over what other programs publish");
  group->require_subcommand(1);
  CLI::App* command = group->add_subcommand(
      "peertube", "Take over the videos of a PeerTube, without transcoding them again");
  command->add_option("--url", url_, "where it is: https://old.example.org")
      ->required()
      ->check([](const std::string& url) {
        const bool is_web = url.starts_with("http://") || url.starts_with("https://");
        return is_web ? std::string() : std::string("write it as https://old.example.org");
      });
  CLI::Option* password = command->add_option("--password-file", password_file_,
                                              "the file that holds the password of --username");
  CLI::Option* username = command->add_option(
      "--username", username_, "who logs in there: an administrator sees all videos");
  username->needs(password);
  password->needs(username)->check(CLI::ExistingFile);
  command->add_option("--token-file", token_file_, "a file with an access token instead")
      ->check(CLI::ExistingFile)
      ->excludes(username);
  CLI::Option* folder =
      command->add_option("--folder", folder_, "its storage folder: /var/www/peertube/storage");
  folder->check(CLI::ExistingDirectory);
  command->add_option("--store", store_,
                      "the S3 store of the configuration that is its bucket for streaming "
                      "playlists: files stay where they are");
  command->add_option("--channel", options_.channel, "only the videos of this channel");
  command->add_option("--limit", options_.limit, "take no more than so many videos")
      ->check(CLI::PositiveNumber);
  command->add_flag("--dry-run", options_.is_dry_run, "only say what would be taken, and whence");
  command->callback([this, &chosen] {
    chosen = [this](const Config& config) {
      return with_database(config, [&](db::Database& database) { return run(database, config); });
    };
  });
}

}  // namespace shoal::app
