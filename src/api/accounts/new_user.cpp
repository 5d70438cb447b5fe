#include "api/accounts/new_user.h"

#include <algorithm>
#include <array>

#include "api/accounts/passwords.h"
#include "base/text.h"

namespace shoal::api {
namespace {

constexpr std::string_view k_username_message =
    "Should have a valid username (lowercase alphanumeric characters)";
constexpr std::string_view k_channel_message =
    "Should have a valid channel name (alphanumeric characters, '.' and '_', 1 to 50)";

/// Names that the instance itself has, or will have once it federates.
constexpr std::array<std::string_view, 4> k_reserved{"peertube", "shoal", "admin", "instance"};

}  // namespace

std::string read_username(Fields& body) {
  std::string name = body.required_text("username", {1, 50, k_username_message});
  const bool good = std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_';
  });
  if (!name.empty() && !good) body.refuse("username", k_username_message);
  if (std::ranges::find(k_reserved, std::string_view(name)) != k_reserved.end()) {
    body.refuse("username", "This name is reserved");
  }
  return name;
}

void check_email(Fields& body, std::string_view email) {
  const std::size_t at = email.rfind('@');
  const std::string_view local = email.substr(0, at);
  const std::string_view domain =
      at == std::string_view::npos ? std::string_view() : email.substr(at + 1);
  const auto printable = [](char c) { return c > ' ' && c < 0x7f && c != '<' && c != '>'; };
  const bool good = !local.empty() && local.size() <= 64 && !domain.empty() &&
                    domain.find('.') != std::string_view::npos && domain.front() != '.' &&
                    domain.back() != '.' && local.find('@') == std::string_view::npos &&
                    std::ranges::all_of(email, printable);
  if (!good) body.refuse("email", "Should have a valid email address");
}

std::string read_channel_name(Fields& body, std::string_view field) {
  std::string name = body.text(field, {1, 50, k_channel_message}).value_or("");
  if (name.empty()) return name;
  const bool reserved =
      std::ranges::any_of(k_reserved, [&](std::string_view word) { return iequals(word, name); });
  if (!catalog::is_valid_actor_name(name) || reserved) body.refuse(field, k_channel_message);
  return name;
}

NewUserForm read_new_user(Fields& body) {
  NewUserForm form;
  form.user.username = read_username(body);
  form.password = body.required_text("password", k_password_rule);
  form.user.email = body.required_text("email", {3, 400, "Should have a valid email address"});
  if (!form.user.email.empty()) check_email(body, form.user.email);
  form.user.display_name = body.text("displayName", {1, 120, {}, true}).value_or("");
  return form;
}

}  // namespace shoal::api
