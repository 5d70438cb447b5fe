#include "blob/s3/address.h"

#include <gtest/gtest.h>

namespace shoal::blob::s3 {
namespace {

Address address_of(std::string_view endpoint, std::string_view bucket = "videos",
                   std::string_view prefix = "", bool force_path_style = false) {
  const auto address = parse_address(endpoint, bucket, prefix, force_path_style);
  EXPECT_TRUE(address) << endpoint << ": " << address.error().message;
  return address.value_or(Address{});
}

std::string refusal(std::string_view endpoint, std::string_view bucket = "videos",
                    std::string_view prefix = "") {
  const auto address = parse_address(endpoint, bucket, prefix, false);
  if (address) return "(accepted)";
  EXPECT_EQ(address.error().code, ErrorCode::invalid);
  return address.error().message;
}

TEST(S3Address, a_host_without_scheme_is_https_with_the_bucket_before_it) {
  const Address address = address_of("s3.eu-west-3.amazonaws.com");
  EXPECT_EQ(address.scheme, "https");
  EXPECT_EQ(object_location(address, "a/b.mp4"),
            (Location{"videos.s3.eu-west-3.amazonaws.com", "/a/b.mp4"}));
  EXPECT_EQ(bucket_location(address), (Location{"videos.s3.eu-west-3.amazonaws.com", "/"}));
}

TEST(S3Address, path_style_puts_the_bucket_into_the_path) {
  const Address address = address_of("http://minio:9000/", "videos", "hls/", true);
  EXPECT_EQ(address.scheme, "http");
  EXPECT_EQ(object_location(address, "a.mp4"), (Location{"minio:9000", "/videos/hls/a.mp4"}));
  EXPECT_EQ(bucket_location(address), (Location{"minio:9000", "/videos/"}));
}

TEST(S3Address, the_port_of_the_scheme_is_left_out_as_clients_send_the_host) {
  EXPECT_EQ(address_of("https://s3.example.org:443").host_and_port, "s3.example.org");
  EXPECT_EQ(address_of("http://s3.example.org:80").host_and_port, "s3.example.org");
  EXPECT_EQ(address_of("s3.example.org:80").host_and_port, "s3.example.org:80");
  EXPECT_EQ(address_of(" HTTP://S3.Example.org:9000 ").host_and_port, "s3.example.org:9000");
}

TEST(S3Address, an_ip_address_is_always_path_style) {
  for (const std::string_view host : {"10.0.0.7:9000", "[fd00::7]:9000", "[::1]", "127.0.0.1"}) {
    const Address address = address_of("http://" + std::string(host));
    EXPECT_TRUE(address.path_style) << host;
    EXPECT_EQ(address.host_and_port, host);
  }
}

TEST(S3Address, a_bucket_that_no_certificate_covers_is_path_style) {
  EXPECT_TRUE(address_of("s3.example.org", "my.videos").path_style);
  EXPECT_TRUE(address_of("s3.example.org", "My_Videos").path_style);
  EXPECT_FALSE(address_of("http://s3.example.org", "my.videos").path_style);
  EXPECT_FALSE(address_of("s3.example.org", "my-videos").path_style);
}

TEST(S3Address, the_path_of_an_endpoint_stands_before_everything) {
  const Address address =
      address_of("https://abc.example.co/storage/v1/s3/", "videos", "", /*force_path_style=*/true);
  EXPECT_EQ(object_location(address, "a").path, "/storage/v1/s3/videos/a");
  EXPECT_EQ(bucket_location(address).path, "/storage/v1/s3/videos/");
}

TEST(S3Address, keys_are_encoded_but_for_unreserved_characters_and_slashes) {
  EXPECT_EQ(encode_key("a/b-_.~Z9"), "a/b-_.~Z9");
  EXPECT_EQ(encode_key("a b+c&d=é$:@"), "a%20b%2Bc%26d%3D%C3%A9%24%3A%40");
  EXPECT_EQ(encode_key("/a//b/"), "/a//b/");
  EXPECT_EQ(encode_key("%2F"), "%252F");
  EXPECT_EQ(encode_key(""), "");
}

TEST(S3Address, what_is_no_endpoint_is_refused) {
  for (const std::string_view bad : {"",
                                     "https://",
                                     "ftp://s3.example.org",
                                     "s3.example.org:0",
                                     "s3.example.org:70000",
                                     "s3.example.org:x",
                                     "s3.example.org:",
                                     "s3..example.org",
                                     "-s3.example.org",
                                     "s3.example.org?x",
                                     "s3.example.org#x",
                                     "s3.example.org/a/../b",
                                     "s3.example.org//",
                                     "s3 example.org",
                                     "10.0.0",
                                     "10.0.0.256",
                                     "[::1",
                                     "[::1]x",
                                     "[zz]",
                                     "::1",
                                     "s3.exämple.org",
                                     "s3.example.org/%2e"})
    EXPECT_NE(refusal(bad), "(accepted)") << bad;
}

TEST(S3Address, a_password_in_the_endpoint_is_refused_and_not_repeated) {
  const std::string message = refusal("https://key:secret@s3.example.org");
  EXPECT_NE(message.find("'@'"), std::string::npos);
  EXPECT_EQ(message.find("secret"), std::string::npos);
}

TEST(S3Address, what_is_no_bucket_is_refused_by_its_name) {
  for (const std::string_view bad : {"", "ab", "a/b", "a b c", ".abc", "a..b", "bücket", "abc?"})
    EXPECT_NE(refusal("s3.example.org", bad), "(accepted)") << bad;
  EXPECT_NE(refusal("s3.example.org", "a/b").find("'a/b'"), std::string::npos);
}

TEST(S3Address, a_prefix_that_would_be_normalised_away_is_refused) {
  for (const std::string_view bad : {"/videos/", "a//b", "./", "a/../b", "..", "a\nb", "\xff"})
    EXPECT_NE(refusal("s3.example.org", "videos", bad), "(accepted)") << bad;
  for (const std::string_view good : {"videos/", "videos-", "a/b/", "a b"})
    EXPECT_EQ(address_of("s3.example.org", "videos", good).prefix, good);
}

}  // namespace
}  // namespace shoal::blob::s3
