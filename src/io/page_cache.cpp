#include "io/page_cache.h"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>

namespace shoal::io {

bool is_resident(int descriptor, std::uint64_t offset) {
  char byte = 0;
  const iovec target{&byte, 1};
  const auto got = ::preadv2(descriptor, &target, 1, static_cast<off_t>(offset), RWF_NOWAIT);
  return got >= 0 || errno != EAGAIN;
}

void read_ahead(int descriptor, std::uint64_t offset, std::uint64_t length) {
  ::readahead(descriptor, static_cast<off64_t>(offset), static_cast<std::size_t>(length));
  // readahead(2) only begins the transfers: touching a byte of each waits for them.
  constexpr std::uint64_t k_stride = 64 * 1024;
  for (std::uint64_t done = 0; done < length; done += k_stride) {
    char byte = 0;
    if (::pread(descriptor, &byte, 1, static_cast<off_t>(offset + done)) <= 0) return;
  }
}

void drop_from_cache(int descriptor) {
  ::posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED);
}

}  // namespace shoal::io
