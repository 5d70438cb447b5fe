#include <fmt/format.h>

#include <charconv>

#include "api/core/reply.h"
#include "api/videos/content_range.h"
#include "api/videos/pictures.h"
#include "api/videos/publication.h"
#include "api/videos/routes.h"
#include "api/videos/services.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/text.h"
#include "media/sniff.h"

namespace shoal::api {
namespace {

constexpr std::string_view k_path = "/api/v1/videos/upload-resumable";
constexpr std::size_t k_prefix_length = 16;
/// When another request works on the same upload, or the disk is full.
constexpr std::string_view k_retry_soon = "2";
constexpr std::string_view k_retry_late = "300";

/// uploadx's errors are not problem+json.
net::Response upload_error(int status, std::string_view code, std::string_view message) {
  JsonWriter json;
  json.object([&] {
    json.key("error").object([&] { json.field("code", code).field("message", message); });
  });
  net::Response response = net::Response::text(status, json.take(), "application/json");
  response.headers.set("Cache-Control", "no-store");
  return response;
}

net::Response not_found() {
  return upload_error(404, "FileNotFound", "Not found");
}
net::Response not_yours() {
  return upload_error(403, "Forbidden", "Authenticated user is not allowed access");
}

net::Response response_to(const Error& error) {
  switch (error.code) {
    case ErrorCode::not_found:
      return not_found();
    case ErrorCode::conflict:
      return upload_error(409, "FileConflict", "File conflict");
    case ErrorCode::invalid:
      return upload_error(400, "BadRequest", error.message);
    case ErrorCode::busy: {
      auto response = upload_error(503, "FileLocked", error.message);
      response.headers.set("Retry-After", k_retry_soon);
      return response;
    }
    case ErrorCode::unavailable:
    case ErrorCode::timeout: {
      auto response = upload_error(503, "StorageError", k_cannot_store);
      response.headers.set("Retry-After", k_retry_late);
      return response;
    }
    default:
      return to_response(Problem(error), {}, {});
  }
}

net::Response quota_reached(std::string_view message) {
  return to_response(Problem(413, std::string(message)).with_code("quota_reached"),
                     "uploadResumableInit", k_path);
}

/// Ids begin with what is the user's own, so that a stranger's id and a forgotten one of one's own
/// are told apart, as PeerTube does, without a look at the database.
std::string prefix_of(const Call& call) {
  const std::string& secret = call.context.config.identity.secret;
  const auto digest = hmac_sha256(secret, "upload of user " + std::to_string(call.user().id.value));
  return to_hex(std::span(digest).first(k_prefix_length / 2));
}

/// The id that staging knows, or what refuses it.
std::expected<std::string, net::Response> staging_id(const Call& call) {
  const auto id = call.request.query.find("upload_id");
  const std::string prefix = prefix_of(call) + "-";
  if (!id || !id->starts_with(prefix)) return std::unexpected(not_yours());
  return std::string(id->substr(prefix.size()));
}

bool is_plain_host(std::string_view host) {
  return !host.empty() && host.size() <= 255 &&
         host.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
             "0123456789.-:[]") == host.npos;
}

/// Scheme-relative: only a proxy knows how the client came.
std::string location_of(const Call& call, std::string_view upload_id) {
  std::string_view host = call.request.headers.find("Host").value_or("");
  if (!is_plain_host(host)) host = call.context.config.host;
  return fmt::format("//{}{}?upload_id={}-{}", host, k_path, prefix_of(call), upload_id);
}

struct Announced {
  UploadAttributes attributes;
  std::string filename;
  std::uint64_t size = 0;
};

Answer<Announced> read_announced(const Call& call, Fields& body) {
  Announced announced;
  announced.attributes = read_upload_attributes(body);
  const auto filename = body.text("filename", {.min = 1, .max = 255});
  if (!filename && body.ok()) body.refuse("filename");
  TRY_VOID(body.check());
  announced.filename = filename.value_or("");
  const auto length = parse_int(call.request.headers.find("X-Upload-Content-Length").value_or(""));
  if (!length || *length <= 0) {
    return refuse(Problem::invalid_param("x-upload-content-length", "Invalid value", "headers"));
  }
  announced.size = static_cast<std::uint64_t>(*length);
  const std::string type =
      to_lower_ascii(call.request.headers.find("X-Upload-Content-Type").value_or(""));
  const bool called_media = type.starts_with("video/") || type.starts_with("audio/");
  if (!has_media_extension(announced.filename) && !called_media)
    return refuse(not_media(announced.filename, "Neither its name nor its type is of a video."));
  return announced;
}

/// Creates the upload; the pictures of the form wait with it.
io::Task<Answer<net::Response>> create_upload(Call& call, const Announced& announced,
                                              const std::vector<FormFile>& files) {
  Context& context = call.context;
  VideoServices& services = *context.video_services;
  CO_TRY(const auto pictures, co_await put_pictures(context, files));
  auto recorded = co_await context.database.write(
      [&context, &pictures](db::Session& session) -> Answer<PictureFiles> {
        return record_pictures(session, context, pictures, std::nullopt);
      });
  if (!recorded) {
    co_await drop_small_files(context, pictures.all());
    co_return std::unexpected(std::move(recorded).error());
  }
  const auto created = co_await services.staging->create(
      {.user = call.user().id,
       .channel = ChannelId{announced.attributes.channel},
       .filename = announced.filename,
       .content_type =
           std::string(call.request.headers.find("X-Upload-Content-Type").value_or("video/mp4")),
       .metadata = to_metadata({.attributes = announced.attributes, .pictures = *recorded}),
       .total = announced.size});
  if (!created) {
    if (created.error().code == ErrorCode::too_large)
      co_return quota_reached(created.error().message);
    if (created.error().code == ErrorCode::busy)
      co_return upload_error(429, "TooManyRequests", created.error().message);
    co_return response_to(created.error());
  }
  net::Response response;
  response.status = 201;
  response.headers.set("Location", location_of(call, created->upload_id));
  response.headers.set("Cache-Control", "no-store");
  co_return response;
}

io::Task<Reply> init_upload(Call& call) {
  Context& context = call.context;
  CO_TRY_VOID(check_upload_services(context));
  CO_TRY(auto body, co_await read_body(call));
  CO_TRY(const auto announced, read_announced(call, body.fields));
  if (announced.size > context.video_services->max_upload_size)
    co_return upload_error(413, "RequestEntityTooLarge", "Request entity too large");
  CO_TRY_VOID(co_await context.database.read([&call, &announced](db::Session& session) {
    return check_own_channel(session, call.caller, announced.attributes.channel);
  }));
  co_return co_await create_upload(call, announced, body.files);
}

/// How far it is: what a client goes on from.
net::Response incomplete(const storage::Upload& upload) {
  net::Response response;
  response.status = 308;
  // As recorded: nothing yet is "0--1".
  response.headers.set("Range",
                       fmt::format("bytes=0-{}", static_cast<std::int64_t>(upload.received) - 1));
  response.headers.set("Cache-Control", "no-store");
  return response;
}

/// Looks at the first bytes as they pass: no need to send the rest of what is no media.
class SniffedBody {
 public:
  SniffedBody(net::BodySource& body, bool from_start) : body_(body), looked_(!from_start) {}

  io::Task<Result<std::size_t>> read(std::span<std::byte> out) {
    CO_TRY(const auto got, co_await body_.read(out));
    if (looked_) co_return got;
    const std::size_t wanted = std::min(got, media::k_sniff_size - head_.size());
    head_.insert(head_.end(), out.begin(), out.begin() + static_cast<std::ptrdiff_t>(wanted));
    // A first chunk that is shorter is looked at when all is there.
    if (head_.size() < media::k_sniff_size) co_return got;
    looked_ = true;
    CO_TRY_VOID(media::sniff_media(head_));
    co_return got;
  }

 private:
  net::BodySource& body_;
  std::vector<std::byte> head_;
  bool looked_;
};

io::Task<Answer<net::Response>> finish(Context& context, storage::Upload upload) {
  if (upload.state == storage::UploadState::done) {
    // The answer was lost and the client asks again.
    auto video = co_await find_made_video(context, upload);
    if (!video) co_return not_found();
    co_return video_made_response(*video);
  }
  Plan plan = from_metadata(upload.metadata);
  CO_TRY(const auto video, co_await publish_upload(context, std::move(upload), std::move(plan)));
  co_return video_made_response(video);
}

io::Task<Result<storage::Upload>> take_bytes(Call& call, std::string id,
                                             const storage::Upload& known,
                                             const ContentRange& range) {
  storage::UploadStaging& staging = *call.context.video_services->staging;
  SniffedBody body(*call.request.body, range.start == 0 && known.received == 0);
  co_return co_await staging.append(call.user().id, id, range.start, range.length, range.total,
                                    [&body](std::span<std::byte> out) { return body.read(out); });
}

io::Task<Reply> put_bytes(Call& call) {
  Context& context = call.context;
  CO_TRY_VOID(check_upload_services(context));
  auto id = staging_id(call);
  if (!id) co_return std::move(id.error());
  storage::UploadStaging& staging = *context.video_services->staging;
  auto known = co_await staging.find(call.user().id, *id);
  if (!known) co_return response_to(known.error());
  const auto range = parse_content_range(call.request.headers.find("Content-Range"),
                                         call.request.body->length(), known->total.value_or(0));
  if (!range) co_return upload_error(400, "BadRequest", range.error().message);
  if (range->total != known->total)
    co_return response_to(Error{ErrorCode::conflict, "another total than announced"});
  if (known->state == storage::UploadState::done) co_return co_await finish(context, *known);
  if (range->length > 0) {
    auto appended = co_await take_bytes(call, *id, *known, *range);
    if (!appended && appended.error().code == ErrorCode::unsupported) {
      const auto removed = co_await staging.remove(call.user().id, *id);
      if (!removed)
        log::warn("an unreadable upload stays until it is stale", {{"upload", known->id.value}});
      co_return refuse(not_media(known->filename, appended.error().message));
    }
    if (!appended && appended.error().code == ErrorCode::too_large)
      co_return quota_reached(appended.error().message);
    if (!appended) co_return response_to(appended.error());
    known = *std::move(appended);
  }
  if (!known->is_complete()) co_return incomplete(*known);
  co_return co_await finish(context, *known);
}

io::Task<Reply> cancel_upload(Call& call) {
  CO_TRY_VOID(check_upload_services(call.context));
  auto id = staging_id(call);
  if (!id) co_return std::move(id.error());
  const auto removed = co_await call.context.video_services->staging->remove(call.user().id, *id);
  if (!removed) {
    // What has become a video is no upload any more.
    if (removed.error().code == ErrorCode::conflict) co_return not_found();
    co_return response_to(removed.error());
  }
  net::Response response = no_content();
  response.headers.set("Cache-Control", "no-store");
  co_return response;
}

}  // namespace

void add_resumable_upload_routes(Routes& routes) {
  routes.post(k_path, {.operation = "uploadResumableInit", .access = Access::signed_in},
              init_upload);
  routes.put(k_path, {.operation = "uploadResumable", .access = Access::signed_in}, put_bytes);
  routes.del(k_path, {.operation = "uploadResumableCancel", .access = Access::signed_in},
             cancel_upload);
}

}  // namespace shoal::api
