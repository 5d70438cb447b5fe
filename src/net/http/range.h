#pragma once

#include <boost/container/static_vector.hpp>
#include <cstdint>
#include <optional>
#include <string_view>

namespace shoal::net {

/// Bytes [begin, end) of a representation; HTTP's closed "0-4" is {0, 5}.
struct ByteSpan {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint64_t length() const { return end - begin; }
  friend bool operator==(const ByteSpan&, const ByteSpan&) = default;
};

enum class RangeOutcome {
  whole,          ///< no Range, another unit, or a header that RFC 9110 14.2 lets us ignore: 200
  partial,        ///< 206 with `span`
  unsatisfiable,  ///< 416 with `Content-Range: bytes */size`
};

struct RangeAnswer {
  RangeOutcome outcome = RangeOutcome::whole;
  ByteSpan span;
};

/// Decides what a Range header (RFC 9110 section 14.2) asks of a representation of `size` bytes.
/// Several ranges are answered with the whole representation, as PeerTube's clients are used to and
/// the RFC allows: a multipart answer costs a server more than it helps a player. Pure.
RangeAnswer decide_range(std::optional<std::string_view> header, std::uint64_t size);

/// The ranges of a syntactically right header as they stand, at most `k_max_ranges`; nothing when
/// it is malformed. A missing first position is a suffix.
struct RangeSpec {
  std::optional<std::uint64_t> first;
  std::optional<std::uint64_t> last;
};
inline constexpr std::size_t k_max_ranges = 16;
using RangeSpecs = boost::container::static_vector<RangeSpec, k_max_ranges>;
std::optional<RangeSpecs> parse_range(std::string_view header);

}  // namespace shoal::net
