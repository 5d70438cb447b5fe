#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace shoal::net {

/// Addresses and CIDR ranges of both families, and Express' names "loopback", "linklocal" and
/// "uniquelocal". An IPv4 address mapped into IPv6 counts as itself. Immutable, any thread.
class AddressSet {
 public:
  AddressSet() = default;
  /// Errors: invalid, naming the entry.
  static Result<AddressSet> parse(const std::vector<std::string>& entries);
  bool contains(std::string_view address) const;
  bool empty() const { return ranges_.empty(); }

 private:
  struct Range {
    unsigned char bytes[16];
    int prefix;  ///< bits, of 128
  };
  std::vector<Range> ranges_;
};

/// The client behind `peer`: walks the X-Forwarded-For `forwarded` (several fields joined by ',')
/// from its end while the addresses are `trusted`. What no trusted proxy vouches for, or is no
/// address, is not believed.
std::string client_address(std::string_view peer, std::string_view forwarded,
                           const AddressSet& trusted);

/// Who counts as one client where requests or connections are limited: an IPv4 address (also one
/// mapped into IPv6), or the /64 that one home or server has of IPv6. What is no address counts as
/// itself.
std::string client_network(std::string_view address);

}  // namespace shoal::net
