#include "api/videos/publication.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "api/core/reply.h"
#include "api/instance/file_extensions.h"
#include "api/videos/services.h"
#include "base/log.h"
#include "base/text.h"
#include "catalog/channels.h"
#include "catalog/videos.h"
#include "media/sniff.h"
#include "storage/files.h"
#include "storage/read_through.h"

namespace shoal::api {
namespace {

/// The same for each try, so that a try after a crash finds what was handed over.
std::string original_key(const storage::Upload& upload) {
  return "originals/" + upload.upload_id;
}

/// Looks at the staged bytes; they may have been handed over before, which only media are. Errors:
/// unsupported, with the reason, for bytes that are no media.
io::Task<Result<>> look_at(Context& context, const storage::Upload& upload) {
  const auto head =
      co_await context.video_services->staging->read_head(upload, media::k_sniff_size);
  if (!head && head.error().code == ErrorCode::not_found) co_return Result<>{};
  CO_TRY_VOID(head);
  CO_TRY_VOID(media::sniff_media(*head));
  co_return Result<>{};
}

struct Sum {
  storage::Checksummer summer;
  Result<> take(std::span<const std::byte> bytes) {
    summer.update(bytes);
    return {};
  }
};

/// Never on the executor: hashing gigabytes would stop all that it serves.
io::Task<Result<storage::Checksum>> checksum_of_object(VideoServices& services, std::string key) {
  CO_TRY(std::shared_ptr<blob::ObjectReader> reader,
         co_await services.incoming->open(std::move(key)));
  if (const auto path = reader->local_path()) {
    co_return co_await services.bulk->run([files = services.files, path = *path, reader] {
      return storage::checksum_of(*files, path);
    });
  }
  const auto sum = std::make_shared<Sum>();
  CO_TRY_VOID(co_await storage::read_through(std::move(reader), sum, *services.bulk));
  co_return sum->summer.finish();
}

struct Handed {
  std::string key;
  std::string name;
  storage::Checksum checksum;
};

Answer<MadeVideo> write_rows(db::Session& session, Context& context, const storage::Upload& upload,
                             const Plan& plan, const Handed& handed, const Uuid& uuid) {
  const VideoServices& services = *context.video_services;
  const UtcTime now = context.clock.now();
  if (!catalog::find_channel(session, ChannelId{plan.attributes.channel}))
    return refuse(400, "Unknown video \"video channel\" for this instance.");
  const VideoId video = catalog::create_video(session,
                                              {.uuid = uuid,
                                               .channel = ChannelId{plan.attributes.channel},
                                               .attributes = plan.attributes.video,
                                               .source_filename = upload.filename,
                                               .source_size = handed.checksum.size,
                                               .state = catalog::VideoState::to_transcode},
                                              now);
  storage::record_file(session,
                       {.video = video,
                        .kind = storage::FileKind::original,
                        .name = handed.name,
                        .content_type = "application/octet-stream",
                        .checksum = handed.checksum},
                       services.incoming->name(), handed.key, now);
  attach_pictures(session, context, video, plan.pictures);
  TRY_VOID(storage::finish_upload(session, upload.id, video));
  // Several uploads at once may have been within the quota each by itself.
  if (const auto within = make_quota_check(context.clock)(session, upload.user, 0); !within) {
    Problem problem(within.error());
    if (problem.status != 413) return refuse(std::move(problem));
    return refuse(std::move(problem).with_code("quota_reached"));
  }
  if (services.start_processing) services.start_processing(session, video);
  return MadeVideo{.id = video, .uuid = uuid};
}

}  // namespace

bool has_media_extension(std::string_view filename) {
  const std::size_t point = filename.rfind('.');
  if (point == filename.npos) return false;
  const std::string extension = to_lower_ascii(filename.substr(point));
  return std::ranges::find(k_video_extensions, extension) != k_video_extensions.end();
}

Problem not_media(std::string_view filename, std::string_view reason) {
  if (has_media_extension(filename))
    return Problem(422, "Video file unreadable.").with_extra("reason", boost::json::value(reason));
  return Problem(415, fmt::format("This file is not supported. Please, make sure it is of the"
                                  " following type: {}",
                                  fmt::join(k_video_extensions, ", ")))
      .with_extra("reason", boost::json::value(reason));
}

Answer<> check_upload_services(const Context& context) {
  const VideoServices* services = context.video_services;
  const bool complete = services != nullptr && services->staging != nullptr &&
                        services->incoming != nullptr && services->files != nullptr &&
                        services->disk != nullptr && services->bulk != nullptr;
  if (!complete) return refuse(503, "This server does not take uploads.");
  return {};
}

Answer<> check_own_channel(db::Session& session, const Caller& caller, std::int64_t channel) {
  const auto found = catalog::find_channel(session, ChannelId{channel});
  if (!found) return refuse(400, "Unknown video \"video channel\" for this instance.");
  if (!caller.is_account(found->owner.id))
    return refuse(400, "Unknown video \"video channel\" for this account.");
  return {};
}

std::string to_metadata(const Plan& plan) {
  boost::json::object json{{"attributes", to_json(plan.attributes)}};
  if (plan.pictures.thumbnail) json["thumbnail"] = plan.pictures.thumbnail->value;
  if (plan.pictures.preview) json["preview"] = plan.pictures.preview->value;
  return boost::json::serialize(json);
}

Plan from_metadata(std::string_view metadata) {
  const boost::json::value value = boost::json::parse(metadata);
  return {.attributes = from_json(value.as_object().at("attributes").as_object()),
          .pictures = pictures_of_metadata(metadata)};
}

PictureFiles pictures_of_metadata(std::string_view metadata) {
  PictureFiles pictures;
  boost::system::error_code error;
  const boost::json::value value = boost::json::parse(metadata, error);
  if (error || !value.is_object()) return pictures;
  const auto read = [&](std::string_view name) -> std::optional<FileId> {
    const auto* file = value.as_object().if_contains(name);
    if (file == nullptr || !file->is_int64()) return std::nullopt;
    return FileId{file->as_int64()};
  };
  return {.thumbnail = read("thumbnail"), .preview = read("preview")};
}

io::Task<Answer<MadeVideo>> publish_upload(Context& context, storage::Upload upload, Plan plan) {
  VideoServices& services = *context.video_services;
  const auto looked = co_await look_at(context, upload);
  if (!looked && looked.error().code == ErrorCode::unsupported) {
    const auto removed = co_await services.staging->remove(upload.user, upload.upload_id);
    if (!removed)
      log::warn("an unreadable upload stays until it is stale", {{"upload", upload.id.value}});
    co_return refuse(not_media(upload.filename, looked.error().message));
  }
  CO_TRY_VOID(looked);
  const std::string key = original_key(upload);
  CO_TRY_VOID(co_await context.database.write(
      [&store = *services.incoming, key, now = context.clock.now()](db::Session& session) {
        return storage::announce_object(session, store.name(), key, now);
      }));
  CO_TRY_VOID(co_await services.staging->hand_over(upload, *services.incoming, key));
  CO_TRY(auto checksum, co_await checksum_of_object(services, key));
  // Not to be guessed: whoever may watch the video may not have its source.
  const Handed handed{.key = key,
                      .name = Uuid::generate(context.random).text() + "-original",
                      .checksum = std::move(checksum)};
  const Uuid uuid = Uuid::generate(context.random);
  auto made = co_await context.database.write(
      [&context, &upload, &plan, &handed, &uuid](db::Session& session) {
        return write_rows(session, context, upload, plan, handed, uuid);
      });
  if (!made && made.error().status == 409) {
    // Another request may have been faster with the same upload; nothing else is taken for that.
    CO_TRY(const auto now, co_await services.staging->find(upload.user, upload.upload_id));
    if (now.state == storage::UploadState::done) co_return co_await find_made_video(context, now);
    co_return made;
  }
  context.responses.clear();
  co_return made;
}

io::Task<Answer<MadeVideo>> find_made_video(Context& context, const storage::Upload& upload) {
  if (!upload.video) co_return refuse(404, "Video not found");
  co_return co_await context.database.read(
      [id = *upload.video](db::Session& session) -> Answer<MadeVideo> {
        const auto video = catalog::find_video_access(session, id);
        if (!video) return refuse(404, "Video not found");
        return MadeVideo{.id = video->id, .uuid = video->uuid};
      });
}

net::Response video_made_response(const MadeVideo& video) {
  JsonWriter json;
  json.object([&] {
    json.key("video").object([&] {
      json.field("id", video.id.value)
          .field("shortUUID", video.uuid.short_text())
          .field("uuid", video.uuid.text());
    });
  });
  return json_response(json);
}

}  // namespace shoal::api
