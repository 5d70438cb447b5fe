#include <set>

#include "api/core/body.h"
#include "api/core/paging.h"
#include "api/core/reply.h"
#include "api/videos/routes.h"
#include "api/videos/services.h"
#include "api/videos/video_access.h"
#include "api/videos/video_attributes.h"
#include "api/videos/video_json.h"
#include "base/text.h"
#include "catalog/captions.h"
#include "catalog/chapters.h"
#include "catalog/languages.h"
#include "catalog/media_urls.h"
#include "catalog/storyboards.h"
#include "catalog/video_passwords.h"

namespace shoal::api {
namespace {

/// Reads a part of a video that the caller may watch.
template <class Find>
auto read_part(Call& call, const catalog::VideoKey& key, Find find) {
  using Part = std::invoke_result_t<Find&, db::Session&, VideoId>;
  return call.context.database.read(
      [key, find, watcher = Watcher::of(call, key)](db::Session& session) -> Answer<Part> {
        TRY(const auto video, find_watchable(session, key, watcher));
        return find(session, video.id);
      });
}

io::Task<Reply> list_captions(Call& call) {
  CO_TRY(const auto key, read_video_key(call));
  auto found = co_await read_part(call, key, catalog::find_captions);
  // Of a video's parts PeerTube words only this one so.
  if (!found && found.error().status == 401) co_return refuse(missing_token());
  CO_TRY(const auto captions, std::move(found));
  const auto total = static_cast<std::int64_t>(captions.size());
  co_return list_response(total, captions, [](JsonWriter& json, const catalog::Caption& caption) {
    json.object([&] {
      json.key("language").object([&] {
        json.field("id", caption.language);
        json.field("label", catalog::language_label(caption.language).value_or("Unknown"));
      });
      json.field("automaticallyGenerated", caption.automatically_generated)
          .field("captionPath", catalog::caption_path(caption.file_name))
          .field("updatedAt", caption.updated_at);
    });
  });
}

io::Task<Reply> get_chapters(Call& call) {
  CO_TRY(const auto key, read_video_key(call));
  CO_TRY(const auto chapters, co_await read_part(call, key, catalog::find_chapters));
  JsonWriter json;
  json.object([&] {
    json.key("chapters");
    json.array(chapters, [&](const catalog::Chapter& chapter) {
      json.object(
          [&] { json.field("timecode", chapter.timecode.count()).field("title", chapter.title); });
    });
  });
  co_return json_response(json);
}

/// Errors: 400 for an odd title or time, or two chapters at one time.
Answer<std::vector<catalog::Chapter>> read_chapters(Fields& body) {
  constexpr std::string_view k_message =
      "Chapters must have a valid title and timecode, and each timecode must be unique";
  auto elements = body.nested_array("chapters", catalog::k_max_chapters);
  bool valid = elements.has_value();
  std::vector<catalog::Chapter> chapters;
  std::set<Seconds> timecodes;
  if (!elements) elements.emplace();
  for (Fields& element : *elements) {
    const Seconds timecode{element.required_integer("timecode", 0, 10'000'000)};
    auto title = element.required_text("title", {.min = catalog::k_chapter_title_length.least,
                                                 .max = catalog::k_chapter_title_length.most});
    valid = valid && element.ok() && timecodes.insert(timecode).second;
    chapters.push_back({.timecode = timecode, .title = std::move(title)});
  }
  if (!valid) {
    InvalidParam param{.name = "chapters",
                       .message = std::string(k_message),
                       .location = "body",
                       .value = std::nullopt};
    if (const auto* sent = body.object().if_contains("chapters")) param.value = *sent;
    return refuse(Problem::invalid_params({std::move(param)}));
  }
  return chapters;
}

io::Task<Reply> put_chapters(Call& call) {
  CO_TRY(const auto key, read_video_key(call));
  CO_TRY(auto body, co_await read_fields(call));
  CO_TRY(const auto chapters, read_chapters(body));
  CO_TRY_VOID(co_await call.context.database.write(
      [&call, &key, &chapters](db::Session& session) -> Answer<> {
        TRY(const auto video, find_manageable(session, key, call.caller));
        catalog::replace_chapters(session, video.id, chapters);
        return {};
      }));
  co_return no_content();
}

io::Task<Reply> list_storyboards(Call& call) {
  CO_TRY(const auto key, read_video_key(call));
  CO_TRY(const auto found, co_await read_part(call, key, catalog::find_storyboard));
  JsonWriter json;
  json.object([&] {
    json.key("storyboards");
    const std::span<const catalog::Storyboard> boards(found ? &*found : nullptr, found ? 1 : 0);
    json.array(boards, [&](const catalog::Storyboard& board) {
      json.object([&] {
        json.field("storyboardPath", catalog::storyboard_path(board.file_name))
            .field("totalHeight", board.total_height)
            .field("totalWidth", board.total_width)
            .field("spriteWidth", board.sprite_width)
            .field("spriteHeight", board.sprite_height)
            .field("spriteDuration", board.sprite_duration.count());
      });
    });
  });
  co_return json_response(json);
}

struct PasswordPage {
  std::vector<catalog::VideoPassword> passwords;
  std::int64_t total = 0;
};

io::Task<Reply> list_video_passwords(Call& call) {
  CO_TRY(const auto key, read_video_key(call));
  Fields query = Fields::from(call.request.query, "query");
  const Page page = read_page(query);
  CO_TRY_VOID(query.check());
  CO_TRY(const auto found,
         co_await call.context.database.read([&call, &key,
                                              &page](db::Session& session) -> Answer<PasswordPage> {
           TRY(const auto video, find_manageable(session, key, call.caller));
           return PasswordPage{catalog::list_passwords(session, video.id, page.start, page.count),
                               catalog::count_passwords(session, video.id)};
         }));
  co_return list_response(found.total, found.passwords,
                          [](JsonWriter& json, const catalog::VideoPassword& one) {
                            json.object([&] {
                              json.field("id", one.id.value)
                                  .field("password", one.password)
                                  .field("videoId", one.video.value)
                                  .field("createdAt", one.created_at)
                                  .field("updatedAt", one.updated_at);
                            });
                          });
}

/// Delivery must not go on with an epoch that has ended.
void forget_media(const Call& call, const catalog::VideoAccess& video) {
  const VideoServices* services = call.context.video_services;
  if (services != nullptr && services->forget_media) services->forget_media(video.uuid);
}

Answer<catalog::VideoAccess> find_password_protected(db::Session& session,
                                                     const catalog::VideoKey& key,
                                                     const Caller& caller) {
  TRY(const auto video, find_manageable(session, key, caller));
  if (video.privacy != catalog::Privacy::password)
    return refuse(400, "Video is not password protected");
  return video;
}

io::Task<Reply> put_video_passwords(Call& call) {
  CO_TRY(const auto key, read_video_key(call));
  CO_TRY(auto body, co_await read_fields(call));
  const auto passwords = read_video_passwords(body, "passwords", true);
  CO_TRY_VOID(body.check());
  CO_TRY(const auto protected_video,
         co_await call.context.database.write(
             [&call, &key, &passwords](db::Session& session) -> Answer<catalog::VideoAccess> {
               TRY(const auto video, find_password_protected(session, key, call.caller));
               catalog::replace_passwords(session, video.id, passwords, call.context.clock.now());
               return video;
             }));
  forget_media(call, protected_video);
  co_return no_content();
}

io::Task<Reply> delete_video_password(Call& call) {
  CO_TRY(const auto key, read_video_key(call));
  const auto id = parse_int(call.parameter("passwordId"));
  if (!id) co_return refuse(Problem::invalid_param("passwordId", "Invalid value", "params"));
  CO_TRY(const auto protected_video,
         co_await call.context.database.write(
             [&call, &key, &id](db::Session& session) -> Answer<catalog::VideoAccess> {
               TRY(const auto video, find_password_protected(session, key, call.caller));
               const auto removed =
                   catalog::remove_password(session, video.id, catalog::VideoPasswordId{*id});
               if (removed) return video;
               if (removed.error().code == ErrorCode::conflict)
                 return refuse(400, removed.error().message);
               return refuse(Problem(removed.error()));
             }));
  forget_media(call, protected_video);
  co_return no_content();
}

}  // namespace

void add_video_part_routes(Routes& routes) {
  constexpr auto k_owner = Access::signed_in;
  routes.get("/api/v1/videos/:id/captions", {.operation = "getVideoCaptions"}, list_captions);
  routes.get("/api/v1/videos/:id/chapters", {.operation = "getVideoChapters"}, get_chapters);
  routes.put("/api/v1/videos/:id/chapters",
             {.operation = "replaceVideoChapters", .access = k_owner}, put_chapters);
  routes.get("/api/v1/videos/:id/storyboards", {.operation = "listVideoStoryboards"},
             list_storyboards);
  routes.get("/api/v1/videos/:id/passwords", {.operation = "listVideoPasswords", .access = k_owner},
             list_video_passwords);
  routes.put("/api/v1/videos/:id/passwords",
             {.operation = "updateVideoPasswordList", .access = k_owner}, put_video_passwords);
  routes.del("/api/v1/videos/:id/passwords/:passwordId",
             {.operation = "removeVideoPassword", .access = k_owner}, delete_video_password);
}

}  // namespace shoal::api
