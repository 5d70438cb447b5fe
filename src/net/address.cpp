#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/text.h"

namespace shoal::net {

namespace {

struct Address {
  unsigned char bytes[16];
  bool is_v4;
};

std::optional<Address> parse_address(std::string_view text) {
  Address address{};
  char buffer[INET6_ADDRSTRLEN] = {};
  if (text.size() >= sizeof(buffer)) return std::nullopt;
  std::ranges::copy(text, buffer);
  if (::inet_pton(AF_INET, buffer, address.bytes + 12) == 1) {
    address.bytes[10] = address.bytes[11] = 0xff;
    address.is_v4 = true;
    return address;
  }
  if (::inet_pton(AF_INET6, buffer, address.bytes) != 1) return std::nullopt;
  address.is_v4 = false;
  return address;
}

bool same_prefix(const unsigned char* a, const unsigned char* b, int bits) {
  const auto whole = static_cast<std::size_t>(bits / 8);
  if (std::memcmp(a, b, whole) != 0) return false;
  const int rest = bits % 8;
  if (rest == 0) return true;
  const int mask = 0xff << (8 - rest) & 0xff;
  return (a[whole] & mask) == (b[whole] & mask);
}

std::vector<std::string> expand(const std::string& entry) {
  if (entry == "loopback") return {"127.0.0.0/8", "::1/128"};
  if (entry == "linklocal") return {"169.254.0.0/16", "fe80::/10"};
  if (entry == "uniquelocal") return {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"};
  return {entry};
}

/// "[::1]:80", "1.2.3.4:80" and "::1" without port and brackets, as some proxies write them.
std::string_view without_port(std::string_view text) {
  text = trim(text);
  if (text.starts_with('[')) return text.substr(1, std::min(text.find(']'), text.size()) - 1);
  if (std::ranges::count(text, ':') == 1) return text.substr(0, text.find(':'));
  return text;
}

}  // namespace

Result<AddressSet> AddressSet::parse(const std::vector<std::string>& entries) {
  AddressSet set;
  for (const auto& entry : entries) {
    for (const std::string& range_text : expand(entry)) {
      const std::string_view text = range_text;
      const auto slash = text.find('/');
      const auto address = parse_address(text.substr(0, slash));
      std::optional<std::int64_t> bits;
      if (address) bits = address->is_v4 ? 32 : 128;
      if (address && slash != std::string_view::npos) {
        const auto given = parse_int(text.substr(slash + 1));
        bits = given && *given >= 0 && *given <= *bits ? given : std::nullopt;
      }
      if (!bits) {
        return fail(ErrorCode::invalid, "'" + entry +
                                            "' is no address, range (10.0.0.0/8), \"loopback\", "
                                            "\"linklocal\" or \"uniquelocal\"");
      }
      Range range{};
      std::ranges::copy(address->bytes, range.bytes);
      range.prefix = static_cast<int>(*bits) + (address->is_v4 ? 96 : 0);
      set.ranges_.push_back(range);
    }
  }
  return set;
}

bool AddressSet::contains(std::string_view text) const {
  if (ranges_.empty()) return false;
  const auto address = parse_address(text);
  if (!address) return false;
  return std::ranges::any_of(ranges_, [&address](const Range& range) {
    return same_prefix(range.bytes, address->bytes, range.prefix);
  });
}

std::string client_address(std::string_view peer, std::string_view forwarded,
                           const AddressSet& trusted) {
  std::string_view client = peer;
  while (!forwarded.empty() && trusted.contains(client)) {
    const auto comma = forwarded.rfind(',');
    const bool last = comma == std::string_view::npos;
    const auto hop = without_port(last ? forwarded : forwarded.substr(comma + 1));
    if (!parse_address(hop)) break;
    client = hop;
    forwarded = last ? std::string_view() : forwarded.substr(0, comma);
  }
  return std::string(client);
}

std::string client_network(std::string_view text) {
  constexpr unsigned char k_mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  auto address = parse_address(text);
  if (!address) return std::string(text);
  char buffer[INET6_ADDRSTRLEN] = {};
  if (std::memcmp(address->bytes, k_mapped, sizeof(k_mapped)) == 0) {
    ::inet_ntop(AF_INET, address->bytes + sizeof(k_mapped), buffer, sizeof(buffer));
    return buffer;
  }
  std::memset(address->bytes + 8, 0, 8);
  ::inet_ntop(AF_INET6, address->bytes, buffer, sizeof(buffer));
  return std::string(buffer) + "/64";
}

}  // namespace shoal::net
