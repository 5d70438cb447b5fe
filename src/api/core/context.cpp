#include "api/core/context.h"

#include "base/digest.h"
#include "base/text.h"

namespace shoal::api {

Context::Context(ApiConfig api_config, Services services)
    : config(std::move(api_config)),
      database(services.database),
      clock(services.clock),
      random(services.random),
      metrics(services.metrics),
      passwords(services.passwords),
      settings(database, clock, config.defaults),
      totals(clock, metrics),
      callers(database, clock, metrics),
      rate_limiter(config.rate_limits, clock, metrics),
      login_throttle(to_hex(hmac_sha256(config.identity.secret, "logins"))),
      video_guesses({.free = 10, .longest = Seconds{300}}, clock),
      responses(clock, metrics),
      views(to_hex(hmac_sha256(config.identity.secret, "viewers")), clock, random, metrics),
      rates(clock, metrics),
      store_rates(clock, metrics),
      web(WebClient::load(config.web_folder)),
      started_at(clock.now()) {}

}  // namespace shoal::api
