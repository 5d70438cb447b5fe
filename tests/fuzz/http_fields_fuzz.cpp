// The small parsers of request fields: paths, queries, ranges, conditions, forwarded addresses.
#include <cstdlib>
#include <string>
#include <tuple>

#include "net/address.h"
#include "net/http/conditional.h"
#include "net/http/path.h"
#include "net/http/range.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace shoal;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto path = net::decode_path(text)) {
    require(path->starts_with('/') && (*path + "/").find("/../") == std::string::npos);
    require(path->find('\0') == std::string::npos && path->find("//") == std::string::npos);
  }
  if (const auto target = net::split_target(text)) require(!target->path.empty());
  std::ignore = net::Parameters::parse(text);
  for (const std::uint64_t length : {0ULL, 1ULL, 1000ULL, ~0ULL}) {
    const auto range = net::decide_range(text, length);
    if (range.outcome == net::RangeOutcome::partial)
      require(range.span.begin < range.span.end && range.span.end <= length);
  }
  net::Headers headers;
  for (const auto* name : {"If-Match", "If-None-Match", "If-Modified-Since", "If-Range"})
    headers.add(name, text);
  std::ignore = net::check_preconditions(headers, {"\"etag\"", {}});
  std::ignore = net::if_range_holds(headers, {"\"etag\"", {}});
  static const auto trusted = *net::AddressSet::parse({"loopback", "10.0.0.0/8"});
  const auto client = net::client_address("127.0.0.1", text, trusted);
  require(client.size() <= 45);
  std::ignore = net::AddressSet::parse({std::string(text)});
  return 0;
}
