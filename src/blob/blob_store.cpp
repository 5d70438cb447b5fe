#include "blob/blob_store.h"

#include "base/text.h"

namespace shoal::blob {

bool is_valid_key(std::string_view key) {
  constexpr std::size_t k_longest = 512;
  if (key.empty() || key.size() > k_longest) return false;
  for (const std::string_view segment : split(key, '/')) {
    // A leading dot is ours (marker, temporary names), and rules out "." and "..".
    if (segment.empty() || segment.front() == '.') return false;
    for (const char c : segment) {
      const bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
      if (!fine) return false;
    }
  }
  return true;
}

}  // namespace shoal::blob
