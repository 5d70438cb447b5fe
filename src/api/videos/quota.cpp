#include "api/videos/services.h"
#include "catalog/users.h"

namespace shoal::api {
namespace {

bool exceeds(std::int64_t quota, std::int64_t used, std::uint64_t more) {
  if (quota == catalog::k_unlimited) return false;
  return used > quota || more > static_cast<std::uint64_t>(quota - used);
}

}  // namespace

storage::QuotaCheck make_quota_check(const Clock& clock) {
  return [&clock](db::Session& session, UserId id, std::uint64_t more) -> Result<> {
    const auto user = catalog::find_user(session, id);
    if (!user) return fail(ErrorCode::not_found, "this user is gone");
    const UtcTime day_ago = clock.now() - std::chrono::hours{24};
    const bool too_much =
        exceeds(user->video_quota, catalog::quota_used(session, id), more) ||
        exceeds(user->video_quota_daily, catalog::quota_used_since(session, id, day_ago), more);
    if (too_much) {
      return fail(ErrorCode::too_large,
                  "The user video quota is exceeded with this video to upload.");
    }
    return {};
  };
}

}  // namespace shoal::api
