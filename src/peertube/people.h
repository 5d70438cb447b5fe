#pragma once

#include <map>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "db/session.h"
#include "peertube/old_video.h"

namespace shoal::peertube {

/// What accounts are made with.
struct NewPeople {
  std::string origin;                    ///< of this instance
  std::map<std::string, OldUser> users;  ///< by username; who is missing gets no address
  /// Of a password that nobody knows: an administrator gives each user a new one.
  std::string password_hash;
};

/// The channel of this name, made with its owner's account where they are not there: an account of
/// the same name is taken for the same. Makes users, never moderators. Over the caller's
/// transaction. Errors: conflict (the name is another account's channel, or an account's).
Result<ChannelId> ensure_channel(db::Session& session, const NewPeople& people,
                                 const OldChannel& channel, UtcTime now);

}  // namespace shoal::peertube
