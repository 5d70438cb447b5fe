#include <algorithm>
#include <optional>
#include <string_view>

#include "base/check.h"
#include "blob/s3/credentials.h"

namespace s3 = shoal::blob::s3;

namespace {

/// What goes into header fields holds nothing that could end one.
void check_lent(const shoal::Result<s3::LentCredentials>& lent) {
  if (!lent) {
    SHOAL_CHECK(lent.error().message.size() < 1000);
    return;
  }
  const auto is_plain = [](char c) { return c > ' ' && c < 0x7f; };
  for (const auto* text :
       {&lent->keys.access_key_id, &lent->keys.secret_access_key, &lent->keys.session_token})
    SHOAL_CHECK(!text->empty() && std::ranges::all_of(*text, is_plain));
}

/// Nobody but this machine and orchestrators is asked without TLS.
void check_place(std::string_view url) {
  const auto role = s3::find_role([url](std::string_view name) -> std::optional<std::string> {
    if (name == "AWS_CONTAINER_CREDENTIALS_FULL_URI") return std::string(url);
    return std::nullopt;
  });
  const auto* container = role ? std::get_if<s3::ContainerRole>(&*role) : nullptr;
  if (container == nullptr) return;
  const auto starts = [&](std::string_view with) { return container->url.starts_with(with); };
  SHOAL_CHECK(starts("https://") || starts("http://127.") || starts("http://[") ||
              starts("http://localhost") || starts("http://169.254.170."));
  SHOAL_CHECK(container->url.find_first_of(" \r\n\\") == std::string::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_lent(s3::parse_lent_credentials(text));
  check_lent(s3::parse_assumed_role(text));
  SHOAL_CHECK(s3::parse_sts_error(text).size() < 1000);
  if (const auto keys = s3::parse_credentials_file(text, "default"))
    SHOAL_CHECK(!keys->access_key_id.empty() && !keys->secret_access_key.empty());
  check_place(text);
  return 0;
}
