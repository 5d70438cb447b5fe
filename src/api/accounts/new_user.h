#pragma once

#include <string>

#include "api/core/fields.h"
#include "catalog/users.h"

namespace shoal::api {

/// The fields that registration and an administrator's form share; refused ones are noted in
/// `body`. The hash is made later, only when everything else is good.
struct NewUserForm {
  catalog::NewUser user;
  std::string password;
};
NewUserForm read_new_user(Fields& body);

/// Username, e-mail, names: the rules and their messages.
std::string read_username(Fields& body);
void check_email(Fields& body, std::string_view email);
std::string read_channel_name(Fields& body, std::string_view field);

}  // namespace shoal::api
