#include "tests/support/sqlite_volatile.h"

#include <sqlite3.h>

#include <array>
#include <atomic>
#include <cstring>
#include <map>
#include <mutex>
#include <span>
#include <vector>

#include "base/check.h"
#include "tests/support/volatile_file_system.h"

namespace shoal::tests {

namespace {

/// What the connections to one file share: locks and the index of its log.
struct Node {
  int shared = 0;
  const void* reserved = nullptr;
  const void* pending = nullptr;
  const void* exclusive = nullptr;
  std::vector<std::unique_ptr<std::byte[]>> index;
  std::array<int, SQLITE_SHM_NLOCK> index_shared{};
  std::array<const void*, SQLITE_SHM_NLOCK> index_exclusive{};
  int open = 0;
};

/// What all files of one registered VFS share.
struct Shared {
  explicit Shared(io::FileSystem& target) : files(target) {}
  io::FileSystem& files;
  std::mutex mutex;
  std::map<std::string, std::shared_ptr<Node>> nodes;
  std::atomic<int> temporary = 0;
};

/// SQLite allocates it raw, with its own part first.
struct Handle {
  sqlite3_file base;
  Shared* shared;
  io::File* file;
  std::string* path;
  std::shared_ptr<Node>* node;
  int lock;
  unsigned index_shared;
  unsigned index_exclusive;
  bool sync_folder;
  bool remove_on_close;
};

Handle* as_handle(sqlite3_file* file) {
  return reinterpret_cast<Handle*>(file);
}

int close_file(sqlite3_file* base) {
  Handle* handle = as_handle(base);
  delete handle->file;
  if (handle->remove_on_close) (void)handle->shared->files.remove(*handle->path);
  if (handle->node != nullptr) {
    const std::scoped_lock guard(handle->shared->mutex);
    if (--(*handle->node)->open == 0) handle->shared->nodes.erase(*handle->path);
  }
  delete handle->node;
  delete handle->path;
  return SQLITE_OK;
}

int read_file(sqlite3_file* base, void* out, int count, sqlite3_int64 offset) {
  const auto size = static_cast<std::size_t>(count);
  const auto got = as_handle(base)->file->read_at(static_cast<std::uint64_t>(offset),
                                                  {static_cast<std::byte*>(out), size});
  if (!got) return SQLITE_IOERR_READ;
  if (*got == size) return SQLITE_OK;
  std::memset(static_cast<char*>(out) + *got, 0, size - *got);
  return SQLITE_IOERR_SHORT_READ;
}

int write_file(sqlite3_file* base, const void* bytes, int count, sqlite3_int64 offset) {
  const auto written = as_handle(base)->file->write_at(
      static_cast<std::uint64_t>(offset),
      {static_cast<const std::byte*>(bytes), static_cast<std::size_t>(count)});
  if (written) return SQLITE_OK;
  return written.error().message == k_disk_full ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

int truncate_file(sqlite3_file* base, sqlite3_int64 size) {
  return as_handle(base)->file->truncate(static_cast<std::uint64_t>(size)) ? SQLITE_OK
                                                                           : SQLITE_IOERR_TRUNCATE;
}

int sync_file(sqlite3_file* base, int) {
  Handle* handle = as_handle(base);
  if (!handle->file->sync()) return SQLITE_IOERR_FSYNC;
  // As SQLite's own VFS: the name of a new journal is synced with its first content.
  if (handle->sync_folder) {
    if (!handle->shared->files.sync_directory(io::Path(*handle->path).parent_path())) {
      return SQLITE_IOERR_DIR_FSYNC;
    }
    handle->sync_folder = false;
  }
  return SQLITE_OK;
}

int file_size(sqlite3_file* base, sqlite3_int64* size) {
  const auto found = as_handle(base)->file->size();
  if (!found) return SQLITE_IOERR_FSTAT;
  *size = static_cast<sqlite3_int64>(*found);
  return SQLITE_OK;
}

int lock_file(sqlite3_file* base, int wanted) {
  Handle* handle = as_handle(base);
  if (handle->lock >= wanted) return SQLITE_OK;
  const std::scoped_lock guard(handle->shared->mutex);
  Node& node = **handle->node;
  const auto another = [&](const void* holder) { return holder != nullptr && holder != handle; };
  if (another(node.exclusive)) return SQLITE_BUSY;
  if (wanted == SQLITE_LOCK_SHARED) {
    if (another(node.pending)) return SQLITE_BUSY;
    ++node.shared;
  } else if (another(node.reserved) || another(node.pending)) {
    return SQLITE_BUSY;
  } else if (wanted == SQLITE_LOCK_RESERVED) {
    node.reserved = handle;
  } else {
    node.pending = handle;
    if (node.shared > 1) return SQLITE_BUSY;
    node.exclusive = handle;
  }
  handle->lock = wanted;
  return SQLITE_OK;
}

int unlock_file(sqlite3_file* base, int wanted) {
  Handle* handle = as_handle(base);
  if (handle->lock <= wanted) return SQLITE_OK;
  const std::scoped_lock guard(handle->shared->mutex);
  Node& node = **handle->node;
  for (const void** holder : {&node.reserved, &node.pending, &node.exclusive}) {
    if (*holder == handle) *holder = nullptr;
  }
  if (wanted == SQLITE_LOCK_NONE) --node.shared;
  handle->lock = wanted;
  return SQLITE_OK;
}

int check_reserved(sqlite3_file* base, int* reserved) {
  const Handle* handle = as_handle(base);
  const std::scoped_lock guard(handle->shared->mutex);
  *reserved = (*handle->node)->reserved != nullptr ? 1 : 0;
  return SQLITE_OK;
}

int control(sqlite3_file*, int, void*) {
  return SQLITE_NOTFOUND;
}
int sector_size(sqlite3_file*) {
  return 512;
}
int characteristics(sqlite3_file*) {
  return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

int map_index(sqlite3_file* base, int region, int size, int extend, void volatile** out) {
  const Handle* handle = as_handle(base);
  const std::scoped_lock guard(handle->shared->mutex);
  Node& node = **handle->node;
  const auto wanted = static_cast<std::size_t>(region);
  *out = nullptr;
  if (node.index.size() <= wanted && extend == 0) return SQLITE_OK;
  while (node.index.size() <= wanted) {
    node.index.push_back(std::make_unique<std::byte[]>(static_cast<std::size_t>(size)));
  }
  *out = node.index[wanted].get();
  return SQLITE_OK;
}

int lock_index(sqlite3_file* base, int first, int count, int flags) {
  Handle* handle = as_handle(base);
  const std::scoped_lock guard(handle->shared->mutex);
  Node& node = **handle->node;
  const bool exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
  const auto each = [&](auto visit) {
    for (int i = first; i < first + count; ++i) visit(static_cast<std::size_t>(i), 1u << i);
  };
  if ((flags & SQLITE_SHM_UNLOCK) != 0) {
    each([&](std::size_t i, unsigned bit) {
      if (exclusive && (handle->index_exclusive & bit) != 0) node.index_exclusive[i] = nullptr;
      if (!exclusive && (handle->index_shared & bit) != 0) --node.index_shared[i];
      (exclusive ? handle->index_exclusive : handle->index_shared) &= ~bit;
    });
    return SQLITE_OK;
  }
  bool free = true;
  each([&](std::size_t i, unsigned bit) {
    if (node.index_exclusive[i] != nullptr && node.index_exclusive[i] != handle) free = false;
    const int own = (handle->index_shared & bit) != 0 ? 1 : 0;
    if (exclusive && node.index_shared[i] > own) free = false;
  });
  if (!free) return SQLITE_BUSY;
  each([&](std::size_t i, unsigned bit) {
    if (exclusive) {
      node.index_exclusive[i] = handle;
      handle->index_exclusive |= bit;
    } else if ((handle->index_shared & bit) == 0) {
      ++node.index_shared[i];
      handle->index_shared |= bit;
    }
  });
  return SQLITE_OK;
}

void index_barrier(sqlite3_file*) {
  std::atomic_thread_fence(std::memory_order_seq_cst);
}

int unmap_index(sqlite3_file* base, int remove) {
  const Handle* handle = as_handle(base);
  const std::scoped_lock guard(handle->shared->mutex);
  if (remove != 0) (*handle->node)->index.clear();
  return SQLITE_OK;
}

const sqlite3_io_methods k_methods{2,
                                   close_file,
                                   read_file,
                                   write_file,
                                   truncate_file,
                                   sync_file,
                                   file_size,
                                   lock_file,
                                   unlock_file,
                                   check_reserved,
                                   control,
                                   sector_size,
                                   characteristics,
                                   map_index,
                                   lock_index,
                                   index_barrier,
                                   unmap_index,
                                   nullptr,
                                   nullptr};

Shared& shared_of(sqlite3_vfs* vfs) {
  return *static_cast<Shared*>(vfs->pAppData);
}

int open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* base, int flags, int* out_flags) {
  Shared& shared = shared_of(vfs);
  Handle* handle = as_handle(base);
  base->pMethods = nullptr;
  const std::string path =
      name != nullptr ? name : "/volatile/temporary-" + std::to_string(++shared.temporary);
  auto mode = (flags & SQLITE_OPEN_READWRITE) != 0 ? io::OpenMode::write : io::OpenMode::read;
  if ((flags & SQLITE_OPEN_CREATE) != 0) mode = io::OpenMode::create;
  auto opened = shared.files.open(path, mode);
  if (!opened) return SQLITE_CANTOPEN;
  const std::scoped_lock guard(shared.mutex);
  auto& node = shared.nodes[path];
  if (!node) node = std::make_shared<Node>();
  ++node->open;
  handle->shared = &shared;
  handle->file = opened->release();
  handle->path = new std::string(path);
  handle->node = new std::shared_ptr<Node>(node);
  handle->lock = SQLITE_LOCK_NONE;
  handle->index_shared = 0;
  handle->index_exclusive = 0;
  // Also for one that exists: another connection may have made it and never synced its name.
  handle->sync_folder = (flags & SQLITE_OPEN_CREATE) != 0 &&
                        (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL)) != 0;
  handle->remove_on_close = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
  base->pMethods = &k_methods;
  if (out_flags != nullptr) *out_flags = flags;
  return SQLITE_OK;
}

int delete_file(sqlite3_vfs* vfs, const char* name, int sync_folder) {
  io::FileSystem& files = shared_of(vfs).files;
  const auto removed = files.remove(name);
  if (!removed) {
    return removed.error().code == ErrorCode::not_found ? SQLITE_IOERR_DELETE_NOENT
                                                        : SQLITE_IOERR_DELETE;
  }
  if (sync_folder != 0 && !files.sync_directory(io::Path(name).parent_path())) {
    return SQLITE_IOERR_DIR_FSYNC;
  }
  return SQLITE_OK;
}

int access_file(sqlite3_vfs* vfs, const char* name, int flags, int* answer) {
  const auto status = shared_of(vfs).files.status(name);
  // SQLite asks whether a log exists: an empty one does not count, as in its own VFS.
  *answer = status && (flags != SQLITE_ACCESS_EXISTS || status->size > 0) ? 1 : 0;
  return SQLITE_OK;
}

int full_path(sqlite3_vfs*, const char* name, int room, char* out) {
  sqlite3_snprintf(room, out, "%s", name);
  return SQLITE_OK;
}

std::string next_name() {
  static std::atomic<int> count = 0;
  return "volatile" + std::to_string(++count);
}

}  // namespace

struct SqliteOnFileSystem::Impl {
  explicit Impl(io::FileSystem& files) : shared(files), name(next_name()) {
    // Randomness, sleep and time are the machine's.
    vfs = *sqlite3_vfs_find(nullptr);
    vfs.iVersion = 2;
    vfs.szOsFile = sizeof(Handle);
    vfs.mxPathname = 512;
    vfs.pNext = nullptr;
    vfs.zName = name.c_str();
    vfs.pAppData = &shared;
    vfs.xOpen = open_file;
    vfs.xDelete = delete_file;
    vfs.xAccess = access_file;
    vfs.xFullPathname = full_path;
    SHOAL_CHECK(sqlite3_vfs_register(&vfs, 0) == SQLITE_OK);
  }
  ~Impl() { sqlite3_vfs_unregister(&vfs); }

  Shared shared;
  std::string name;
  sqlite3_vfs vfs{};
};

SqliteOnFileSystem::SqliteOnFileSystem(io::FileSystem& files)
    : impl_(std::make_unique<Impl>(files)) {
  SHOAL_CHECK(sqlite3_initialize() == SQLITE_OK);
}
SqliteOnFileSystem::~SqliteOnFileSystem() = default;

const std::string& SqliteOnFileSystem::name() const {
  return impl_->name;
}

}  // namespace shoal::tests
