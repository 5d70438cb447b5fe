#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/digest.h"

namespace shoal::tests {

/// The SHA-1 of each `length` bytes, one behind the other: the pieces of a torrent, made another
/// way than ours.
inline std::string piece_digests_of(std::string_view bytes, std::size_t length) {
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += length) {
    const Sha1Digest sum = Sha1::of(std::as_bytes(std::span(bytes.substr(at, length))));
    out.append(reinterpret_cast<const char*>(sum.data()), sum.size());
  }
  return out;
}

}  // namespace shoal::tests
