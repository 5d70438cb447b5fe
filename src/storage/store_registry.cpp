#include "storage/store_registry.h"

#include "base/ids.h"

namespace shoal::storage {
namespace {

Result<blob::StoreRegistration> read_registration(db::Session& session, const std::string& name,
                                                  const std::string& instance_id) {
  blob::StoreRegistration known{.instance_id = instance_id, .marker = {}};
  const auto row =
      session.query_one("select store_id, generation from store where name = :name", {name});
  if (row) known.marker = {row->text(0), instance_id, row->integer(1)};
  // Databases of before stores were registered.
  known.holds_objects =
      session.query_one("select 1 from placement where store = :name limit 1", {name}).has_value();
  return known;
}

Result<blob::StoreRegistration> find_registration(db::Database& database,
                                                  const LocalStoreSite& site) {
  return database.read_blocking([&](db::Session& session) {
    return read_registration(session, site.name, site.instance_id);
  });
}

Result<> register_store(db::Session& session, const std::string& name,
                        const blob::StoreIdentity& identity, UtcTime now) {
  session.execute(
      "insert into store (name, store_id, generation, registered_at) "
      "values (:name, :id, :generation, :now) on conflict (name) do update set "
      "store_id = excluded.store_id, generation = excluded.generation, "
      "registered_at = excluded.registered_at",
      {name, identity.store_id, identity.generation, now});
  session.execute("delete from store_claim where name = :name", {name});
  return {};
}

}  // namespace

std::string agree_on_claim(db::Session& session, const std::string& store,
                           const std::string& store_id) {
  session.execute(
      "insert into store_claim (name, store_id) values (:name, :id) on conflict (name) do nothing",
      {store, store_id});
  return session.query_one("select store_id from store_claim where name = :name", {store})
      .value()
      .text(0);
}

Result<std::unique_ptr<blob::LocalStore>> open_registered_store(db::Database& database,
                                                                const LocalStoreSite& site,
                                                                io::FileSystem& files,
                                                                io::Offload& disk, Random& random,
                                                                UtcTime now) {
  TRY(const blob::StoreRegistration known, find_registration(database, site));
  TRY(auto store, blob::LocalStore::open(site.name, site.root, known, files, disk, random));
  // The marker first, then the row: after a kill in between the marker is found and registered.
  if (!known.marker) {
    TRY_VOID(database.write_blocking([&](db::Session& session) {
      return register_store(session, site.name, store->identity(), now);
    }));
  }
  return store;
}

Result<bool> is_store_here(db::Database& database, const LocalStoreSite& site,
                           io::FileSystem& files) {
  TRY(const blob::StoreRegistration known, find_registration(database, site));
  const auto marker = blob::LocalStore::marker_of(site.root, files);
  return known.marker && marker && *marker == *known.marker;
}

Result<std::unique_ptr<blob::LocalStore>> open_store_beside(db::Database& database,
                                                            const LocalStoreSite& site,
                                                            io::FileSystem& files,
                                                            io::Offload& disk, Random& random) {
  TRY(const blob::StoreRegistration known, find_registration(database, site));
  if (!known.marker)
    return fail(ErrorCode::not_found, "store " + site.name + " was never opened by the server");
  return blob::LocalStore::open_beside(site.name, site.root, known, files, disk, random);
}

io::Task<Result<>> attach_registered_store(db::Database& database, blob::S3Store& store,
                                           std::string instance_id, Random& random,
                                           const Clock& clock) {
  CO_TRY(blob::StoreRegistration known,
         co_await database.read([name = store.name(), instance_id](db::Session& session) {
           return read_registration(session, name, instance_id);
         }));
  const bool is_registered = known.marker.has_value();
  if (!is_registered) {
    CO_TRY(known.claim_id,
           co_await database.write([name = store.name(), id = Uuid::generate(random).text()](
                                       db::Session& session) -> Result<std::string> {
             return agree_on_claim(session, name, id);
           }));
  }
  CO_TRY(const blob::StoreIdentity identity, co_await store.attach(std::move(known)));
  if (is_registered) co_return Result<>{};
  co_return co_await database.write(
      [name = store.name(), identity, now = clock.now()](db::Session& session) {
        return register_store(session, name, identity, now);
      });
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
  TRY_VOID(database.write_blocking(
      [&](db::Session& session) { return register_store(session, site.name, identity, now); }));
  return identity;
}

io::Task<Result<blob::StoreIdentity>> accept_store(db::Database& database, blob::S3Store& store,
                                                   std::string instance_id, const Clock& clock) {
  CO_TRY(blob::StoreRegistration known,
         co_await database.read([name = store.name(), instance_id](db::Session& session) {
           return read_registration(session, name, instance_id);
         }));
  CO_TRY(blob::StoreIdentity identity, co_await store.accept(std::move(known)));
  CO_TRY_VOID(co_await database.write(
      [name = store.name(), identity, now = clock.now()](db::Session& session) {
        return register_store(session, name, identity, now);
      }));
  co_return identity;
}

}  // namespace shoal::storage
