#include "api/core/fields.h"
#include "api/core/reply.h"
#include "api/videos/routes.h"
#include "api/videos/video_json.h"
#include "catalog/constants.h"
#include "catalog/overview.h"

namespace shoal::api {
namespace {

/// An overview counts every public video, so it is asked for seldom.
constexpr Milliseconds k_keep_overview{60'000};

void write_videos(JsonWriter& json, const Context& context,
                  const std::vector<catalog::VideoSummary>& videos) {
  json.key("videos");
  json.array(videos,
             [&](const catalog::VideoSummary& video) { write_video(json, context, video, 0); });
}

/// An array of one element, or of none.
template <class Write>
void write_group(JsonWriter& json, std::string_view key,
                 const std::optional<catalog::Overview::Group>& group, Write write) {
  json.key(key);
  const bool present = group && !group->videos.empty();
  json.array(std::span(present ? &*group : nullptr, present ? 1 : 0),
             [&](const catalog::Overview::Group& one) { json.object([&] { write(one); }); });
}

std::string render(const Context& context, const catalog::Overview& overview) {
  using Group = catalog::Overview::Group;
  JsonWriter json(16'384);
  json.object([&] {
    write_group(json, "categories", overview.category, [&](const Group& group) {
      write_choice(json, "category", group.category,
                   catalog::label_of(catalog::categories(), group.category));
      write_videos(json, context, group.videos);
    });
    write_group(json, "channels", overview.channel, [&](const Group& group) {
      const auto& channel = group.videos.front().channel;
      json.key("channel").object([&] {
        json.field("id", channel.id)
            .field("name", channel.name)
            .field("displayName", channel.display_name)
            .field("url", channel.url)
            .field("host", channel.host.value_or(context.config.host))
            .raw_field("avatars", "[]");
      });
      write_videos(json, context, group.videos);
    });
    write_group(json, "tags", overview.tag, [&](const Group& group) {
      json.field("tag", group.tag);
      write_videos(json, context, group.videos);
    });
  });
  return json.take();
}

io::Task<Reply> get_overview(Call& call) {
  Context& context = call.context;
  Fields query = Fields::from(call.request.query, "query");
  const auto page = query.integer("page", 1, 20).value_or(1);
  CO_TRY_VOID(query.check());
  auto slot = co_await context.responses.open("videos overview " + std::to_string(page));
  if (slot.text) co_return json_response(std::move(slot.text));
  CO_TRY(const auto overview, co_await context.database.read_listing([&context,
                                                                      page](db::Session& session) {
    return Answer<catalog::Overview>(catalog::find_overview(session, page, context.clock.now()));
  }));
  co_return json_response(slot.keep(render(context, overview), k_keep_overview));
}

}  // namespace

void add_discovery_routes(Routes& routes) {
  routes.get("/api/v1/overviews/videos", {.operation = "getVideosOverview"}, get_overview);
}

}  // namespace shoal::api
