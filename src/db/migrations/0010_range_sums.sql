-- Hex CRC-32C per 512 KiB range, concatenated, so that a range that came damaged is noticed before
-- a viewer has it; null up to one range, and for files that were recorded before there were any.
alter table media_file add column range_crc32c text;
