#include "catalog/instance.h"

#include "catalog/settings.h"
#include "catalog/users.h"

namespace shoal::catalog {
namespace {

constexpr std::string_view k_client_id = "instance.oauth_client_id";

std::string ensure(db::Session& session, std::string_view key, Random& random, std::size_t bytes,
                   UtcTime now) {
  if (auto value = find_setting(session, key)) return *value;
  return claim_setting(session, key, random.hex(bytes), now);
}

}  // namespace

InstanceIdentity ensure_identity(db::Session& session, Random& random, UtcTime now) {
  InstanceIdentity identity;
  identity.client_id = ensure(session, k_client_id, random, 16, now);
  identity.client_secret = ensure(session, "instance.oauth_client_secret", random, 16, now);
  identity.secret = ensure(session, "instance.secret", random, 32, now);
  return identity;
}

std::optional<std::string> find_instance_id(db::Session& session) {
  return find_setting(session, k_client_id);
}

bool has_administrator(db::Session& session) {
  return session.query_one("select id from users where role = 0 limit 1").has_value();
}

Result<> create_root(db::Session& session, std::string password_hash, std::string email,
                     std::string_view origin, UtcTime now) {
  NewUser root;
  root.username = "root";
  root.email = std::move(email);
  root.password_hash = std::move(password_hash);
  root.role = Role::administrator;
  root.channel_name = "root_channel";
  root.channel_display_name = "Main root channel";
  TRY_VOID(create_user(session, root, origin, now));
  return {};
}

}  // namespace shoal::catalog
