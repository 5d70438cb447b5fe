#include <algorithm>

#include "net/http/message.h"

namespace shoal::net {

io::Task<Result<std::string>> read_body(Request& request, std::uint64_t limit) {
  constexpr std::uint64_t k_first = 16 * 1024;
  const auto too_large = [limit] {
    return fail(ErrorCode::too_large,
                "the body is larger than the " + std::to_string(limit) + " bytes accepted here");
  };
  const auto length = request.body->length();
  if (length && *length > limit) co_return too_large();
  // Memory follows what has really arrived, not what the header promises. One byte of room more
  // than the limit tells "exactly full" from "too large".
  std::string text;
  std::size_t filled = 0;
  for (;;) {
    if (filled == text.size()) {
      const auto wanted = std::max<std::uint64_t>(k_first, text.size() * 2);
      text.resize(std::min({wanted, limit + 1, length.value_or(limit) + 1}));
    }
    const auto free = std::as_writable_bytes(std::span(text)).subspan(filled);
    CO_TRY(const auto got, co_await request.body->read(free));
    if (got == 0) break;
    filled += got;
    if (filled > limit) co_return too_large();
  }
  text.resize(filled);
  co_return text;
}

}  // namespace shoal::net
