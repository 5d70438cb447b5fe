#pragma once

#include <cstdint>

namespace shoal::io {

/// Whether the byte at `offset` of an open file is in memory, so that sending it does not wait for
/// the disk; true where the system cannot tell. Does not block. Any thread.
bool is_resident(int descriptor, std::uint64_t offset);

/// Reads [offset, offset + length) into the page cache. Blocks: use it inside Offload. Errors are
/// left to whoever then reads the bytes.
void read_ahead(int descriptor, std::uint64_t offset, std::uint64_t length);

/// Lets the page cache forget the file's pages that are on the disk already, so that the next read
/// asks the disk. Blocks; a hint.
void drop_from_cache(int descriptor);

}  // namespace shoal::io
