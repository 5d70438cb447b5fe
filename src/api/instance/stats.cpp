#include "api/core/reply.h"
#include "api/instance/counts.h"
#include "api/instance/routes.h"

namespace shoal::api {
namespace {

constexpr Milliseconds k_keep{60'000};

io::Task<Answer<Counts>> read_counts(Context& context) {
  auto counts = co_await context.database.read(
      [now = context.clock.now()](db::Session& session) -> Result<Counts> {
        return count_all(session, now);
      });
  if (!counts) co_return refuse(Problem(counts.error()));
  co_return *counts;
}

std::string render_stats(const Counts& counts) {
  JsonWriter json;
  json.object([&] {
    json.field("totalUsers", counts.users);
    json.field("totalDailyActiveUsers", counts.active_day);
    json.field("totalWeeklyActiveUsers", counts.active_week);
    json.field("totalMonthlyActiveUsers", counts.active_month);
    json.field("totalModerators", counts.moderators).field("totalAdmins", counts.administrators);
    json.field("totalLocalVideos", counts.videos).field("totalLocalVideoViews", counts.views);
    json.field("totalLocalVideoComments", 0);
    json.field("totalLocalVideoFilesSize", counts.file_bytes);
    json.field("totalVideos", counts.videos).field("totalVideoComments", 0);
    json.field("totalLocalVideoChannels", counts.channels);
    json.field("totalLocalDailyActiveVideoChannels", counts.channels_day);
    json.field("totalLocalWeeklyActiveVideoChannels", counts.channels_week);
    json.field("totalLocalMonthlyActiveVideoChannels", counts.channels_month);
    json.field("totalLocalPlaylists", 0);
    json.field("totalInstanceFollowers", 0).field("totalInstanceFollowing", 0);
    json.key("videosRedundancy").raw("[]");
  });
  return json.take();
}

io::Task<Reply> get_stats(Call& call) {
  Context& context = call.context;
  auto slot = co_await context.responses.open("stats");
  if (slot.text) co_return json_response(std::move(slot.text));
  CO_TRY(const auto counts, co_await read_counts(context));
  co_return json_response(slot.keep(render_stats(counts), k_keep));
}

io::Task<Reply> get_nodeinfo_links(Call& call) {
  JsonWriter json;
  json.object([&] {
    json.key("links").array(std::array{0}, [&](int) {
      json.object([&] {
        json.field("rel", "http://nodeinfo.diaspora.software/ns/schema/2.0");
        json.field("href", call.context.config.origin + "/nodeinfo/2.0.json");
      });
    });
  });
  net::Response response = json_response(json);
  response.headers.set("Cache-Control", "max-age=600");
  co_return response;
}

std::string render_nodeinfo(const Counts& counts, const catalog::RuntimeSettings& settings) {
  JsonWriter json;
  json.object([&] {
    json.field("version", "2.0").key("software").object([&] {
      json.field("name", "shoal").field("version", SHOAL_VERSION);
    });
    json.key("protocols").raw("[]");
    json.key("services").raw(R"({"inbound":[],"outbound":["atom1.0","rss2.0"]})");
    json.field("openRegistrations", settings.signup.enabled);
    json.key("usage").object([&] {
      json.key("users").object([&] {
        json.field("total", counts.users).field("activeMonth", counts.active_month);
        json.field("activeHalfyear", counts.active_half_year);
      });
      json.field("localPosts", counts.videos).field("localComments", 0);
    });
    json.key("metadata").object([&] {
      json.key("taxonomy").raw(R"({"postsName":"Videos"})");
      json.field("nodeName", settings.instance.name);
      json.field("nodeDescription", settings.instance.short_description);
    });
  });
  return json.take();
}

io::Task<Reply> get_nodeinfo(Call& call) {
  Context& context = call.context;
  auto slot = co_await context.responses.open("nodeinfo");
  if (!slot.text) {
    const auto settings = co_await context.settings.get();
    CO_TRY(const auto counts, co_await read_counts(context));
    slot.text = slot.keep(render_nodeinfo(counts, *settings), k_keep);
  }
  net::Response response = json_response(std::move(slot.text));
  response.headers.set("Content-Type",
                       "application/json; charset=utf-8; "
                       "profile=\"http://nodeinfo.diaspora.software/ns/schema/2.0#\"");
  response.headers.set("Cache-Control", "max-age=600");
  co_return response;
}

}  // namespace

void add_stats_routes(Routes& routes) {
  routes.get("/api/v1/server/stats", {.operation = "getInstanceStats"}, get_stats);
  routes.get("/.well-known/nodeinfo", {.operation = "getNodeInfoLinks", .limit = Limit::well_known},
             get_nodeinfo_links);
  routes.get("/nodeinfo/2.0.json", {.operation = "getNodeInfo", .limit = Limit::well_known},
             get_nodeinfo);
}

}  // namespace shoal::api
