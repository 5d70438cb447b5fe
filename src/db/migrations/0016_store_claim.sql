-- What whoever claims an empty place for a store writes into its marker, so that nodes that find it
-- at the same moment write the same; gone once the store is registered.
create table store_claim (
  name text not null primary key,
  store_id text not null
);
