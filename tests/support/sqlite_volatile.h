#pragma once

#include <memory>
#include <string>

#include "io/file_system.h"

namespace shoal::tests {

/// SQLite on an io::FileSystem: registers a VFS under a name of its own for as long as it lives, so
/// that a database shares its power cuts with the media files (VolatileFileSystem). Locks and the
/// WAL index are kept per file in this process, which is all that one program needs. Close every
/// connection before it goes. Any thread.
class SqliteOnFileSystem {
 public:
  explicit SqliteOnFileSystem(io::FileSystem& files);
  ~SqliteOnFileSystem();
  SqliteOnFileSystem(const SqliteOnFileSystem&) = delete;
  SqliteOnFileSystem& operator=(const SqliteOnFileSystem&) = delete;

  const std::string& name() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shoal::tests
