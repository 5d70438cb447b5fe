#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "blob/local_store.h"
#include "blob/s3_store.h"
#include "db/database.h"
#include "io/file_system.h"
#include "io/offload.h"

namespace shoal::storage {

/// The one store that each instance has.
inline constexpr std::string_view k_local_store = "local";

/// Where a local store is, and whose.
struct LocalStoreSite {
  std::string name;
  io::Path root;
  std::string instance_id;
};

/// Opens the store that the database knows under this name: exactly its marker is needed. The first
/// time an empty folder is claimed and its marker registered. Blocking. Errors: unavailable when
/// the store is offline (not mounted, another's folder); the message says what to do.
Result<std::unique_ptr<blob::LocalStore>> open_registered_store(db::Database& database,
                                                                const LocalStoreSite& site,
                                                                io::FileSystem& files,
                                                                io::Offload& disk, Random& random,
                                                                UtcTime now);

/// Whether the folder is the store that the database knows under this name. Blocking.
Result<bool> is_store_here(db::Database& database, const LocalStoreSite& site,
                           io::FileSystem& files);

/// As open_registered_store, for a command beside the server: the store must be registered and
/// there, and nothing is written. Blocking. Errors: not_found (this instance has never opened it),
/// unavailable.
Result<std::unique_ptr<blob::LocalStore>> open_store_beside(db::Database& database,
                                                            const LocalStoreSite& site,
                                                            io::FileSystem& files,
                                                            io::Offload& disk, Random& random);

/// The store_id with which whoever finds the store's place empty claims it: the first that any node
/// proposed, until the store is registered.
std::string agree_on_claim(db::Session& session, const std::string& store,
                           const std::string& store_id);

/// Finds the marker of a bucket that the database knows under this name, or claims an empty place
/// and registers it; nodes that do so at once agree. May be repeated. Errors: unavailable (offline;
/// the message says what to do).
io::Task<Result<>> attach_registered_store(db::Database& database, blob::S3Store& store,
                                           std::string instance_id, Random& random,
                                           const Clock& clock);

/// Whether the registered store is in its folder now, without changing anything. Blocking. Errors:
/// as open_registered_store.
Result<> check_registered_store(db::Database& database, const LocalStoreSite& site,
                                io::FileSystem& files);

/// The administrator says that the folder is the store from now on, whatever was registered: its
/// marker is registered, or a new one of the next generation written where there is none. Nothing
/// else in the folder is touched. Blocking, with the server stopped. Errors: unavailable (another
/// instance's marker; cannot be written).
Result<blob::StoreIdentity> accept_store(db::Database& database, const LocalStoreSite& site,
                                         io::FileSystem& files, Random& random, UtcTime now);

/// The same for a bucket; the server may run, and finds it within half a minute.
io::Task<Result<blob::StoreIdentity>> accept_store(db::Database& database, blob::S3Store& store,
                                                   std::string instance_id, const Clock& clock);

}  // namespace shoal::storage
