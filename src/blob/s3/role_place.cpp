#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>

#include "base/text.h"
#include "blob/s3/credentials.h"

namespace shoal::blob::s3 {
namespace {

constexpr std::string_view k_container_host = "http://169.254.170.2";
constexpr std::string_view k_metadata = "http://169.254.169.254";
constexpr std::string_view k_metadata_v6 = "http://[fd00:ec2::254]";
/// The endpoints of ECS and EKS, which answer over the link alone.
constexpr std::array<std::string_view, 3> k_container_hosts = {"169.254.170.2", "169.254.170.23",
                                                               "fd00:ec2::23"};

std::string value_of(const EnvironmentLookup& environment, std::string_view name) {
  return environment(name).value_or("");
}

bool is_plain(std::string_view url) {
  return std::ranges::all_of(url, [](char c) { return c > ' ' && c < 0x7f && c != '\\'; });
}

/// The host of "host", "host:80", "[::1]" or "[::1]:80"; nothing where it is anything else.
std::optional<std::string> host_of(std::string_view authority) {
  std::string_view host = authority;
  std::string_view rest;
  if (authority.starts_with('[')) {
    const auto end = authority.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    host = authority.substr(1, end - 1);
    rest = authority.substr(end + 1);
  } else if (const auto colon = authority.find(':'); colon != std::string_view::npos) {
    host = authority.substr(0, colon);
    rest = authority.substr(colon);
  }
  if (!rest.empty() && (!rest.starts_with(':') || !parse_int(rest.substr(1)))) return std::nullopt;
  return std::string(host);
}

/// Keys come over TLS, from this machine, or over the link to the orchestrator. As AWS' own
/// clients.
bool may_lend(std::string_view url) {
  if (!is_plain(url)) return false;
  constexpr std::string_view k_http = "http://";
  if (url.starts_with("https://")) return true;
  if (!url.starts_with(k_http)) return false;
  url.remove_prefix(k_http.size());
  const auto host = host_of(url.substr(0, url.find_first_of("/?#")));
  if (!host) return false;
  if (*host == "localhost") return true;
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(*host, error);
  if (error) return false;
  return address.is_loopback() ||
         std::ranges::find(k_container_hosts, *host) != k_container_hosts.end();
}

Result<RolePlace> container_role(std::string url, const EnvironmentLookup& environment) {
  if (!may_lend(url)) {
    return fail(ErrorCode::invalid,
                fmt::format("AWS_CONTAINER_CREDENTIALS_FULL_URI must be https, or http to this "
                            "machine, 169.254.170.2, 169.254.170.23 or [fd00:ec2::23]"));
  }
  return ContainerRole{std::move(url), value_of(environment, "AWS_CONTAINER_AUTHORIZATION_TOKEN"),
                       value_of(environment, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")};
}

std::string sts_endpoint(const EnvironmentLookup& environment) {
  for (const auto* name : {"AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"})
    if (const auto url = value_of(environment, name); !url.empty()) return url;
  for (const auto* name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    const auto region = value_of(environment, name);
    if (region.empty()) continue;
    return fmt::format("https://sts.{}.amazonaws.com{}", region,
                       region.starts_with("cn-") ? ".cn" : "");
  }
  return "https://sts.amazonaws.com";
}

Result<RolePlace> web_identity(std::string token_file, std::string role,
                               const EnvironmentLookup& environment) {
  std::string endpoint = sts_endpoint(environment);
  if (!may_lend(endpoint)) {
    return fail(ErrorCode::invalid,
                "the address of STS (AWS_ENDPOINT_URL_STS, AWS_REGION) must be https");
  }
  auto session = value_of(environment, "AWS_ROLE_SESSION_NAME");
  return WebIdentity{std::move(endpoint), std::move(role), session.empty() ? "shoal" : session,
                     std::move(token_file)};
}

Result<RolePlace> instance_role(const EnvironmentLookup& environment) {
  if (iequals(value_of(environment, "AWS_EC2_METADATA_DISABLED"), "true")) {
    return fail(ErrorCode::not_found,
                "and AWS_EC2_METADATA_DISABLED keeps us from asking the machine for a role's");
  }
  std::string endpoint = value_of(environment, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
  if (endpoint.empty()) {
    const auto mode = value_of(environment, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
    endpoint = iequals(mode, "ipv6") ? k_metadata_v6 : k_metadata;
  }
  while (endpoint.ends_with('/')) endpoint.pop_back();
  const bool is_url = endpoint.starts_with("http://") || endpoint.starts_with("https://");
  if (!is_url || !is_plain(endpoint))
    return fail(ErrorCode::invalid, "AWS_EC2_METADATA_SERVICE_ENDPOINT is no URL");
  return InstanceRole{std::move(endpoint)};
}

std::string describe_place(const ContainerRole& role) {
  return fmt::format("the container's endpoint {}", role.url.substr(0, role.url.find('?')));
}
std::string describe_place(const WebIdentity& role) {
  return fmt::format("{} for the role {}", role.endpoint, role.role_arn);
}
std::string describe_place(const InstanceRole& role) {
  return fmt::format("the metadata service of EC2 at {}", role.endpoint);
}

}  // namespace

Result<RolePlace> find_role(const EnvironmentLookup& environment) {
  auto token_file = value_of(environment, "AWS_WEB_IDENTITY_TOKEN_FILE");
  auto role = value_of(environment, "AWS_ROLE_ARN");
  if (!token_file.empty() && !role.empty())
    return web_identity(std::move(token_file), std::move(role), environment);
  const auto path = value_of(environment, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  if (path.starts_with('/'))
    return container_role(fmt::format("{}{}", k_container_host, path), environment);
  auto url = value_of(environment, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (!url.empty()) return container_role(std::move(url), environment);
  return instance_role(environment);
}

std::string describe(const RolePlace& place) {
  return std::visit([](const auto& role) { return describe_place(role); }, place);
}

}  // namespace shoal::blob::s3
