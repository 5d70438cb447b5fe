#include "blob/local_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "base/ids.h"
#include "blob/request_counts.h"

namespace shoal::blob {
namespace {

/// Temporary names live beside the objects, on the same file system; a crash leaves them here only.
constexpr std::string_view k_temporary = ".incoming";
constexpr std::uint64_t k_marker_limit = 4096;
constexpr int k_link_attempts = 10;
constexpr std::size_t k_copy_buffer = std::size_t{1} << 20;

class LocalReader final : public ObjectReader {
 public:
  LocalReader(std::shared_ptr<io::File> file, std::uint64_t size, io::Path path, io::Offload& disk,
              std::function<void(const Error&)> on_failed)
      : file_(std::move(file)),
        size_(size),
        path_(std::move(path)),
        disk_(disk),
        on_failed_(std::move(on_failed)) {}

  std::uint64_t size() const override { return size_; }
  io::Task<Result<std::size_t>> read_at(std::uint64_t offset, std::span<std::byte> out) override {
    // The pool reads into a buffer of its own: a cancelled caller's memory may be gone by then.
    auto buffer = std::make_shared<std::vector<std::byte>>(out.size());
    auto got = co_await disk_.run(
        [file = file_, buffer, offset] { return file->read_at(offset, *buffer); });
    if (got) {
      std::copy_n(buffer->begin(), *got, out.begin());
    } else {
      on_failed_(got.error());
    }
    co_return got;
  }
  std::shared_ptr<io::File> local_file() const override { return file_; }
  std::optional<io::Path> local_path() const override { return path_; }

 private:
  std::shared_ptr<io::File> file_;
  std::uint64_t size_;
  io::Path path_;
  io::Offload& disk_;
  std::function<void(const Error&)> on_failed_;
};

Result<StoreIdentity> read_marker(io::FileSystem& files, const io::Path& root) {
  TRY(const std::string text, io::read_whole(files, root / k_marker_name, k_marker_limit));
  return parse_marker(text);
}

Result<> write_marker(io::FileSystem& files, const io::Path& root, const StoreIdentity& identity) {
  const std::string text = format_marker(identity);
  return io::write_durably(files, root / k_marker_name, std::as_bytes(std::span(text)));
}

StorePlace place_of(const std::string& name, const io::Path& root) {
  return {name, root.string(), "If its disk is not mounted, mount it and start again."};
}

/// The marker that is there and right. Errors: not_found when a new store may be claimed here.
Result<StoreIdentity> find_marker(const std::string& name, const io::Path& root,
                                  const StoreRegistration& known, io::FileSystem& files) {
  return judge_marker(place_of(name, root), read_marker(files, root), known);
}

Result<StoreIdentity> claim(io::FileSystem& files, const io::Path& root,
                            const std::string& instance_id, Random& random) {
  TRY(const auto names, files.list(root));
  const bool empty = std::ranges::all_of(
      names, [](const std::string& name) { return name == k_temporary || name == "lost+found"; });
  if (!empty) {
    return fail(
        ErrorCode::unavailable,
        fmt::format("{} holds files but no {} marker: it is not a store of this instance, or "
                    "its disk is not mounted. Mount it, or choose an empty folder.",
                    root.string(), k_marker_name));
  }
  StoreIdentity identity{Uuid::generate(random).text(), instance_id, 1};
  TRY_VOID(write_marker(files, root, identity));
  return identity;
}

struct KeyRange {
  std::string prefix;
  std::string after;
};

void list_below(io::FileSystem& files, const io::Path& folder, const std::string& key,
                const KeyRange& range, std::vector<std::string>& out) {
  const std::string& prefix = range.prefix;
  const auto names = files.list(folder);
  if (!names) return;
  for (const std::string& name : *names) {
    if (name.starts_with('.')) continue;
    const std::string child = key.empty() ? name : fmt::format("{}/{}", key, name);
    // Neither a start of the prefix nor below it: nothing to find there.
    if (!child.starts_with(prefix) && !prefix.starts_with(child)) continue;
    // '0' comes after '/': the object and all below the folder were on pages before.
    if (child + '0' <= range.after) continue;
    const auto status = files.status(folder / name);
    if (!status) continue;
    if (status->is_directory) {
      list_below(files, folder / name, child, range, out);
    } else if (child.starts_with(prefix)) {
      out.push_back(child);
    }
  }
}

}  // namespace

LocalStore::LocalStore(std::string name, io::Path root, StoreIdentity identity,
                       io::FileSystem& files, io::Offload& disk, Random& random)
    : name_(std::move(name)),
      root_(std::move(root)),
      identity_(std::move(identity)),
      files_(files),
      disk_(disk),
      random_(random) {}

Result<std::unique_ptr<LocalStore>> LocalStore::open(std::string name, io::Path root,
                                                     const StoreRegistration& known,
                                                     io::FileSystem& files, io::Offload& disk,
                                                     Random& random) {
  auto identity = find_marker(name, root, known, files);
  const bool is_new = !identity && identity.error().code == ErrorCode::not_found;
  if (!identity && !is_new) return std::unexpected(identity.error());
  TRY_VOID(files.create_directories(root / k_temporary));
  if (is_new) identity = claim(files, root, known.instance_id, random);
  if (!identity) return std::unexpected(identity.error());
  // What a crash left half written was never acknowledged.
  TRY(const auto left, files.list(root / k_temporary));
  for (const std::string& file : left) TRY_VOID(files.remove(root / k_temporary / file));
  return std::unique_ptr<LocalStore>(
      new LocalStore(std::move(name), std::move(root), *std::move(identity), files, disk, random));
}

Result<std::unique_ptr<LocalStore>> LocalStore::open_beside(std::string name, io::Path root,
                                                            const StoreRegistration& known,
                                                            io::FileSystem& files,
                                                            io::Offload& disk, Random& random) {
  TRY(StoreIdentity identity, find_marker(name, root, known, files));
  return std::unique_ptr<LocalStore>(
      new LocalStore(std::move(name), std::move(root), std::move(identity), files, disk, random));
}

Result<StoreIdentity> LocalStore::marker_of(const io::Path& root, io::FileSystem& files) {
  return read_marker(files, root);
}

Result<> LocalStore::check_marker(const std::string& name, const io::Path& root,
                                  const StoreRegistration& known, io::FileSystem& files) {
  TRY_VOID(find_marker(name, root, known, files));
  return {};
}

Result<StoreIdentity> LocalStore::accept(const std::string& name, const io::Path& root,
                                         const StoreRegistration& known, io::FileSystem& files,
                                         Random& random) {
  auto found = find_marker(name, root, {.instance_id = known.instance_id, .marker = {}}, files);
  if (found || found.error().code != ErrorCode::not_found) return found;
  TRY_VOID(files.create_directories(root / k_temporary));
  StoreIdentity identity{Uuid::generate(random).text(), known.instance_id,
                         known.marker ? known.marker->generation + 1 : 1};
  TRY_VOID(write_marker(files, root, identity));
  return identity;
}

template <class T>
Result<T> LocalStore::counted(std::string_view operation, Result<T> result) const {
  if (metrics_ != nullptr) {
    request_counter(*metrics_, name_, operation, result ? "ok" : to_string(result.error().code))
        .add();
  }
  return result;
}

Result<io::Path> LocalStore::path_of(const std::string& key) const {
  if (!is_valid_key(key)) return fail(ErrorCode::invalid, "not an object key: " + key);
  return root_ / key;
}

Result<> LocalStore::check_online() const {
  const auto found = read_marker(files_, root_);
  if (found && *found == identity_) return {};
  return fail(ErrorCode::unavailable,
              fmt::format("store {} is offline: its marker is gone or another's. Is {} mounted?",
                          name_, root_.string()));
}

io::Path LocalStore::temporary_path() {
  return root_ / k_temporary / random_.hex(16);
}

Result<> LocalStore::sync_folders(const io::Path& target) {
  // Each new folder on the way is an entry of the one above it.
  for (io::Path folder = target.parent_path();; folder = folder.parent_path()) {
    TRY_VOID(files_.sync_directory(folder));
    if (folder == root_) return {};
  }
}

Result<> LocalStore::link_into_folder(const io::Path& synced, const io::Path& target) {
  for (int attempt = 1;; ++attempt) {
    const auto made = files_.create_directories(target.parent_path());
    auto linked = made ? files_.link(synced, target) : made;
    // A removal may take a folder with its last object between any two of our calls: then a folder
    // is missing (not_found), or what was just there is none (conflict of the folders).
    const bool folder_may_be_gone =
        !linked && (linked.error().code == ErrorCode::not_found ||
                    (!made && made.error().code == ErrorCode::conflict));
    if (!folder_may_be_gone || attempt == k_link_attempts) return linked;
  }
}

Result<> LocalStore::link_durably(const io::Path& synced, const io::Path& target) {
  auto linked = link_into_folder(synced, target);
  if (!linked && linked.error().code == ErrorCode::conflict) {
    // Perhaps the same put, of a process that died before it could sync: who hears "conflict" may
    // rely on the object that is there.
    TRY_VOID(sync_folders(target));
    return linked;
  }
  TRY_VOID(std::move(linked));
  if (auto durable = sync_folders(target); !durable) {
    (void)files_.remove(target);
    return durable;
  }
  return {};
}

Result<> LocalStore::put_linked(const io::Path& synced, const io::Path& target) {
  TRY_VOID(link_durably(synced, target));
  // The object is safe; a name that cannot be removed now is only litter.
  (void)files_.remove(synced);
  return {};
}

Result<> LocalStore::put_copied(const std::vector<io::Path>& sources, const io::Path& target) {
  const io::Path temporary = temporary_path();
  auto copied = copy_and_sync(sources, temporary);
  if (copied) copied = put_linked(temporary, target);
  if (!copied) (void)files_.remove(temporary);
  return copied;
}

Result<> LocalStore::copy_and_sync(const std::vector<io::Path>& sources, const io::Path& copy) {
  TRY(const auto out, files_.open(copy, io::OpenMode::create_new));
  std::vector<std::byte> buffer(k_copy_buffer);
  std::uint64_t end = 0;
  for (const io::Path& source : sources) {
    TRY(const auto in, files_.open(source, io::OpenMode::read));
    for (std::uint64_t offset = 0;;) {
      TRY(const std::size_t got, in->read_at(offset, buffer));
      if (got == 0) break;
      TRY_VOID(out->write_at(end, std::span(buffer).first(got)));
      offset += got;
      end += got;
    }
  }
  return out->sync();
}

io::Task<Result<>> LocalStore::put_file(std::string key, io::Path file, ObjectTraits) {
  auto done =
      co_await disk_.run([this, key = std::move(key), file = std::move(file)]() -> Result<> {
        TRY(const io::Path target, path_of(key));
        TRY_VOID(check_online());
        {
          TRY(const auto opened, files_.open(file, io::OpenMode::write));
          TRY_VOID(opened->sync());
        }
        auto put = put_linked(file, target);
        if (put || put.error().code == ErrorCode::conflict) return put;
        // Another file system (EXDEV), or one without links: the bytes have to travel.
        TRY_VOID(put_copied({file}, target));
        (void)files_.remove(file);
        return {};
      });
  co_return counted("put", std::move(done));
}

io::Task<Result<>> LocalStore::put_copy(std::string key, io::Path file, ObjectTraits) {
  auto done =
      co_await disk_.run([this, key = std::move(key), file = std::move(file)]() -> Result<> {
        TRY(const io::Path target, path_of(key));
        TRY_VOID(check_online());
        if (files_.status(target)) {
          // A repeated copy is told so before its bytes travel; what is there is durable then.
          TRY_VOID(sync_folders(target));
          return fail(ErrorCode::conflict, "there is an object " + key + " already");
        }
        return put_copied({file}, target);
      });
  co_return counted("put", std::move(done));
}

io::Task<Result<>> LocalStore::put_bytes(std::string key, std::string bytes, ObjectTraits) {
  auto done =
      co_await disk_.run([this, key = std::move(key), bytes = std::move(bytes)]() -> Result<> {
        TRY(const io::Path target, path_of(key));
        TRY_VOID(check_online());
        const io::Path temporary = temporary_path();
        auto put = write_and_sync(temporary, bytes);
        if (put) put = put_linked(temporary, target);
        if (!put) (void)files_.remove(temporary);
        return put;
      });
  co_return counted("put", std::move(done));
}

Result<> LocalStore::write_and_sync(const io::Path& path, const std::string& bytes) {
  TRY(const auto opened, files_.open(path, io::OpenMode::create_new));
  TRY_VOID(opened->write_at(0, std::as_bytes(std::span(bytes))));
  return opened->sync();
}

io::Task<Result<>> LocalStore::copy(std::string from_key, std::string to_key, ObjectTraits) {
  auto done = co_await disk_.run(
      [this, from_key = std::move(from_key), to_key = std::move(to_key)]() -> Result<> {
        TRY(const io::Path source, path_of(from_key));
        TRY(const io::Path target, path_of(to_key));
        TRY_VOID(check_online());
        TRY_VOID(files_.status(source));
        auto linked = link_durably(source, target);
        if (linked || linked.error().code == ErrorCode::conflict) return linked;
        // A file system without links.
        return put_copied({source}, target);
      });
  co_return counted("copy", std::move(done));
}

io::Task<Result<>> LocalStore::join(std::vector<std::string> from_keys, std::string to_key,
                                    ObjectTraits) {
  auto done = co_await disk_.run(
      [this, from_keys = std::move(from_keys), to_key = std::move(to_key)]() -> Result<> {
        TRY(const io::Path target, path_of(to_key));
        TRY_VOID(check_online());
        std::vector<io::Path> sources;
        sources.reserve(from_keys.size());
        std::uint64_t size = 0;
        for (const std::string& key : from_keys) {
          TRY(sources.emplace_back(), path_of(key));
          TRY(const io::FileStatus status, files_.status(sources.back()));
          size += status.size;
        }
        if (size == 0) return fail(ErrorCode::invalid, "there is nothing to join");
        return put_copied(sources, target);
      });
  co_return counted("join", std::move(done));
}

io::Task<Result<std::unique_ptr<ObjectReader>>> LocalStore::open(std::string key) {
  auto done =
      co_await disk_.run([this, key = std::move(key)]() -> Result<std::unique_ptr<ObjectReader>> {
        TRY(const io::Path path, path_of(key));
        auto opened = files_.open(path, io::OpenMode::read);
        if (!opened) {
          if (opened.error().code == ErrorCode::not_found) TRY_VOID(check_online());
          return std::unexpected(opened.error());
        }
        TRY(const std::uint64_t size, (*opened)->size());
        // A reader may outlive what made it.
        return std::make_unique<LocalReader>(
            *std::move(opened), size, path, disk_,
            [metrics = metrics_, name = name_](const Error& error) {
              if (metrics != nullptr)
                request_counter(*metrics, name, "read", to_string(error.code)).add();
            });
      });
  co_return counted("open", std::move(done));
}

io::Task<Result<ObjectStatus>> LocalStore::status(std::string key) {
  auto done = co_await disk_.run([this, key = std::move(key)]() -> Result<ObjectStatus> {
    TRY(const io::Path path, path_of(key));
    const auto found = files_.status(path);
    if (!found && found.error().code == ErrorCode::not_found) TRY_VOID(check_online());
    if (!found) return std::unexpected(found.error());
    return ObjectStatus{found->size, found->modified};
  });
  co_return counted("status", std::move(done));
}

io::Task<Result<>> LocalStore::remove(std::string key) {
  auto done = co_await disk_.run([this, key = std::move(key)]() -> Result<> {
    TRY(const io::Path path, path_of(key));
    const auto removed = files_.remove(path);
    if (!removed) {
      if (removed.error().code != ErrorCode::not_found) return removed;
      TRY_VOID(check_online());
      // Perhaps a kill came between the object and its folders: they go now.
    }
    return remove_empty_folders(path.parent_path());
  });
  co_return counted("remove", std::move(done));
}

Result<> LocalStore::remove_empty_folders(io::Path folder) {
  auto synced = files_.sync_directory(folder);
  while (!synced && synced.error().code == ErrorCode::not_found && folder != root_) {
    // Another removal took the folder: the end of its name is what has to last.
    folder = folder.parent_path();
    synced = files_.sync_directory(folder);
  }
  TRY_VOID(synced);
  for (; folder != root_; folder = folder.parent_path()) {
    const auto names = files_.list(folder);
    // Best effort: another removal may have been faster, or a put has just moved in.
    if (!names || !names->empty() || !files_.remove(folder)) return {};
  }
  return {};
}

io::Task<Result<std::vector<std::string>>> LocalStore::list(std::string prefix, std::string after,
                                                            std::size_t limit) {
  auto done = co_await disk_.run([this, prefix = std::move(prefix), after = std::move(after),
                                  limit]() -> Result<std::vector<std::string>> {
    TRY_VOID(check_online());
    std::vector<std::string> keys;
    list_below(files_, root_, "", {prefix, after}, keys);
    std::ranges::sort(keys);
    keys.erase(keys.begin(), std::ranges::upper_bound(keys, after));
    if (keys.size() > limit) keys.resize(limit);
    return keys;
  });
  co_return counted("list", std::move(done));
}

}  // namespace shoal::blob
