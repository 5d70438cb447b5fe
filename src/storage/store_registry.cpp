#include "storage/store_registry.h"

namespace shoal::storage {
namespace {

Result<blob::StoreRegistration> find_registration(db::Database& database,
                                                  const LocalStoreSite& site) {
  return database.read_blocking([&](db::Session& session) -> Result<blob::StoreRegistration> {
    blob::StoreRegistration known{.instance_id = site.instance_id, .marker = {}};
    const auto row =
        session.query_one("select store_id, generation from store where name = :name", {site.name});
    if (row) known.marker = {row->text(0), site.instance_id, row->integer(1)};
    // Databases of before stores were registered.
    known.holds_objects =
        session.query_one("select 1 from placement where store = :name limit 1", {site.name})
            .has_value();
    return known;
  });
}

Result<> register_store(db::Database& database, const std::string& name,
                        const blob::StoreIdentity& identity, UtcTime now) {
  return database.write_blocking([&](db::Session& session) -> Result<> {
    session.execute(
        "insert into store (name, store_id, generation, registered_at) "
        "values (:name, :id, :generation, :now) on conflict (name) do update set "
        "store_id = excluded.store_id, generation = excluded.generation, "
        "registered_at = excluded.registered_at",
        {name, identity.store_id, identity.generation, now});
    return {};
  });
}

}  // namespace

Result<std::unique_ptr<blob::LocalStore>> open_registered_store(db::Database& database,
                                                                const LocalStoreSite& site,
                                                                io::FileSystem& files,
                                                                io::Offload& disk, Random& random,
                                                                UtcTime now) {
  TRY(const blob::StoreRegistration known, find_registration(database, site));
  TRY(auto store, blob::LocalStore::open(site.name, site.root, known, files, disk, random));
  // The marker first, then the row: after a kill in between the marker is found and registered.
  if (!known.marker) TRY_VOID(register_store(database, site.name, store->identity(), now));
  return store;
}

Result<> check_registered_store(db::Database& database, const LocalStoreSite& site,
                                io::FileSystem& files) {
  TRY(const blob::StoreRegistration known, find_registration(database, site));
  if (!known.marker && !known.holds_objects) return {};
  return blob::LocalStore::check_marker(site.name, site.root, known, files);
}

Result<blob::StoreIdentity> accept_store(db::Database& database, const LocalStoreSite& site,
                                         io::FileSystem& files, Random& random, UtcTime now) {
  TRY(const blob::StoreRegistration known, find_registration(database, site));
  TRY(blob::StoreIdentity identity,
      blob::LocalStore::accept(site.name, site.root, known, files, random));
  TRY_VOID(register_store(database, site.name, identity, now));
  return identity;
}

}  // namespace shoal::storage
