-- The marker that the folder of a store must hold, as registered when it was claimed: with another
-- one, or none, the store is offline.
create table store (
  name text primary key,
  store_id text not null,
  generation bigint not null,
  registered_at bigint not null
);
