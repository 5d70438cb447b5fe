#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "db/session.h"

namespace shoal::catalog {

/// What an instance makes for itself at its first start and keeps: the OAuth client of the web
/// client and of PeerTube's tools, and the secret that media tokens are signed with.
struct InstanceIdentity {
  std::string client_id;
  std::string client_secret;
  std::string secret;  ///< hex, 32 bytes; never leaves the server
};

/// The identity, made when there is none.
InstanceIdentity ensure_identity(db::Session& session, Random& random, UtcTime now);

/// What the instance is known by in its stores: its public client_id. Nothing before the first
/// start.
std::optional<std::string> find_instance_id(db::Session& session);

/// Whether the instance has an administrator already.
bool has_administrator(db::Session& session);
/// `root` with its channel. Errors: conflict (there is one).
Result<> create_root(db::Session& session, std::string password_hash, std::string email,
                     std::string_view origin, UtcTime now);

}  // namespace shoal::catalog
