#include "net/address.h"

#include <gtest/gtest.h>

namespace shoal::net {
namespace {

TEST(AddressSet, holds_addresses_ranges_and_names) {
  const auto set = AddressSet::parse({"loopback", "10.0.0.0/9", "2001:db8::/33", "192.0.2.7"});
  ASSERT_TRUE(set);
  for (const auto* in : {"127.0.0.1", "127.9.9.9", "::1", "10.127.255.255", "2001:db8:7fff::1",
                         "192.0.2.7", "::ffff:192.0.2.7"})
    EXPECT_TRUE(set->contains(in)) << in;
  for (const auto* out : {"10.128.0.0", "2001:db8:8000::1", "192.0.2.8", "::", "nonsense", ""})
    EXPECT_FALSE(set->contains(out)) << out;
  EXPECT_FALSE(AddressSet().contains("127.0.0.1"));
}

TEST(AddressSet, names_the_entry_that_is_wrong) {
  for (const auto* bad : {"1.2.3", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1", "x"}) {
    const auto set = AddressSet::parse({"loopback", bad});
    ASSERT_FALSE(set) << bad;
    EXPECT_NE(set.error().message.find(bad), std::string::npos);
  }
}

TEST(ClientNetwork, is_an_ipv4_address_or_half_an_ipv6_one) {
  EXPECT_EQ(client_network("203.0.113.7"), "203.0.113.7");
  EXPECT_EQ(client_network("::ffff:203.0.113.7"), "203.0.113.7");
  EXPECT_EQ(client_network("2001:db8:1:2::1"), "2001:db8:1:2::/64");
  EXPECT_EQ(client_network("2001:db8:1:2:ffff::9"), client_network("2001:DB8:1:2::1"));
  EXPECT_EQ(client_network("2001:db8::1:0:0:1"), "2001:db8::/64");
  EXPECT_NE(client_network("2001:db8:0:1::1"), client_network("2001:db8:0:2::1"));
  EXPECT_EQ(client_network("::1"), "::/64");
  EXPECT_EQ(client_network("nonsense"), "nonsense");
}

TEST(ClientAddress, believes_only_what_trusted_proxies_say) {
  const auto trusted = *AddressSet::parse({"10.0.0.0/8"});
  EXPECT_EQ(client_address("203.0.113.1", "9.9.9.9", trusted), "203.0.113.1");
  EXPECT_EQ(client_address("10.0.0.1", "9.9.9.9", trusted), "9.9.9.9");
  EXPECT_EQ(client_address("10.0.0.1", "6.6.6.6, 9.9.9.9, 10.0.0.2", trusted), "9.9.9.9");
  EXPECT_EQ(client_address("10.0.0.1", "10.0.0.3, 10.0.0.2", trusted), "10.0.0.3");
  EXPECT_EQ(client_address("10.0.0.1", "", trusted), "10.0.0.1");
  EXPECT_EQ(client_address("10.0.0.1", "9.9.9.9, <script>", trusted), "10.0.0.1");
  EXPECT_EQ(client_address("10.0.0.1", "[2001:db8::1]:4711", trusted), "2001:db8::1");
  EXPECT_EQ(client_address("10.0.0.1", "9.9.9.9:80", trusted), "9.9.9.9");
}

}  // namespace
}  // namespace shoal::net
