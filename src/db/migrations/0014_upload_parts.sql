-- The store of a chunk that is an object of its own; null: the bytes are in the upload's file.
alter table upload_chunk add column store text;
