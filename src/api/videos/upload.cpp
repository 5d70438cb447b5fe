#include "api/core/body.h"
#include "api/core/reply.h"
#include "api/videos/pictures.h"
#include "api/videos/publication.h"
#include "api/videos/routes.h"
#include "api/videos/services.h"
#include "base/log.h"
#include "media/sniff.h"
#include "net/http/multipart.h"

namespace shoal::api {
namespace {

/// What came of a form so far. Text and pictures are in memory, the video is staged.
struct Form {
  net::Parameters parameters;
  FormText text{BodyLimits{}.text};
  std::vector<FormFile> pictures;
  std::optional<storage::Upload> upload;
};

Problem unreadable_form(const Error& error) {
  if (error.code == ErrorCode::too_large)
    return Problem(413, error.message).with_code("quota_reached");
  if (error.code == ErrorCode::unavailable) {
    log::warn("an upload was not stored", {{"reason", error.message}});
    return Problem(503, std::string(k_cannot_store));
  }
  return Problem(error);
}

/// Passes a part on and looks at its beginning: what is no media is refused before the rest came.
class SniffedPart {
 public:
  explicit SniffedPart(net::MultipartReader& reader) : reader_(reader) {}

  io::Task<Result<std::size_t>> read(std::span<std::byte> out) {
    CO_TRY(const auto got, co_await reader_.read(out));
    if (looked_) co_return got;
    const std::size_t wanted = std::min(got, media::k_sniff_size - head_.size());
    head_.insert(head_.end(), out.begin(), out.begin() + static_cast<std::ptrdiff_t>(wanted));
    if (head_.size() < media::k_sniff_size && got > 0) co_return got;
    looked_ = true;
    CO_TRY_VOID(media::sniff_media(head_));
    co_return got;
  }

 private:
  net::MultipartReader& reader_;
  std::vector<std::byte> head_;
  bool looked_ = false;
};

/// A channel of the user, until the form has named the right one.
Answer<ChannelId> any_channel(db::Session& session, AccountId account) {
  const auto row = session.query_one(
      "select id from channel where account_id = :account order by id limit 1", {account});
  if (!row) return refuse(400, "Unknown video \"video channel\" for this account.");
  return row->id<ChannelId>(0);
}

io::Task<Answer<>> take_video(Call& call, net::MultipartReader& reader, net::FormPart part,
                              Form& form) {
  Context& context = call.context;
  storage::UploadStaging& staging = *context.video_services->staging;
  const UserId user = call.user().id;
  CO_TRY(const auto channel,
         co_await context.database.read([account = call.user().account](db::Session& session) {
           return any_channel(session, account);
         }));
  auto created = co_await staging.create({.user = user,
                                          .channel = channel,
                                          .filename = part.filename,
                                          .content_type = part.content_type,
                                          .metadata = "{}",
                                          .total = std::nullopt});
  if (!created) co_return refuse(unreadable_form(created.error()));
  form.upload = *std::move(created);
  SniffedPart sniffed(reader);
  auto complete = co_await staging.append_all(
      user, form.upload->upload_id,
      [&sniffed](std::span<std::byte> out) { return sniffed.read(out); });
  if (!complete && (complete.error().code == ErrorCode::unsupported ||
                    complete.error().code == ErrorCode::invalid)) {
    co_return refuse(not_media(part.filename, complete.error().message));
  }
  if (!complete) co_return refuse(unreadable_form(complete.error()));
  form.upload = *std::move(complete);
  co_return Answer<>{};
}

io::Task<Answer<>> take_field(net::MultipartReader& reader, net::FormPart part, Form& form) {
  auto text = co_await form.text.read(reader, part);
  if (!text && text.error().code == ErrorCode::too_large)
    co_return refuse(413, "The text fields of this form are too long.");
  if (!text) co_return refuse(Problem::invalid_param(part.name, "Should be valid UTF-8"));
  form.parameters.add(part.name, *std::move(text));
  co_return Answer<>{};
}

io::Task<Answer<>> take_picture(net::MultipartReader& reader, net::FormPart part, Form& form) {
  FormFile file{.field = part.name,
                .filename = part.filename,
                .content_type = part.content_type,
                .bytes = {}};
  std::string buffer(64 * 1024, '\0');
  while (true) {
    CO_TRY(const auto got, co_await reader.read(std::as_writable_bytes(std::span(buffer))));
    if (got == 0) break;
    if (file.bytes.size() + got > k_picture_limit.value)
      co_return refuse(413, "A picture should have at most 4 MiB.");
    file.bytes.append(buffer, 0, got);
  }
  form.pictures.push_back(std::move(file));
  co_return Answer<>{};
}

io::Task<Answer<>> read_form(Call& call, Form& form) {
  auto opened = net::MultipartReader::open(call.request);
  if (!opened) co_return refuse(Problem(opened.error()));
  net::MultipartReader reader = *std::move(opened);
  while (true) {
    CO_TRY(auto part, co_await reader.next());
    if (!part) co_return Answer<>{};
    const bool known_picture = part->name == "thumbnailfile" || part->name == "previewfile";
    if (part->is_file && part->name == "videofile" && !form.upload) {
      CO_TRY_VOID(co_await take_video(call, reader, *std::move(part), form));
    } else if (part->is_file && known_picture && form.pictures.size() < 2) {
      CO_TRY_VOID(co_await take_picture(reader, *std::move(part), form));
    } else if (part->is_file) {
      co_return refuse(Problem::invalid_param(
          part->name, "Should be one of videofile, thumbnailfile, previewfile, once each"));
    } else {
      CO_TRY_VOID(co_await take_field(reader, *std::move(part), form));
    }
  }
}

/// The attributes, when all of them are right and the file is there.
Answer<UploadAttributes> check_form(const Form& form) {
  Fields body = Fields::from(form.parameters, "body");
  auto attributes = read_upload_attributes(body);
  if (!form.upload) body.refuse("videofile", "Should have a file");
  TRY_VOID(body.check());
  return attributes;
}

io::Task<Reply> receive(Call& call, Form& form) {
  Context& context = call.context;
  CO_TRY_VOID(co_await read_form(call, form));
  CO_TRY(const auto attributes, check_form(form));
  CO_TRY_VOID(co_await context.database.read([&call, &attributes](db::Session& session) {
    return check_own_channel(session, call.caller, attributes.channel);
  }));
  CO_TRY(const auto pictures, co_await put_pictures(context, form.pictures));
  auto recorded = co_await context.database.write(
      [&context, &pictures](db::Session& session) -> Answer<PictureFiles> {
        return record_pictures(session, context, pictures, std::nullopt);
      });
  if (!recorded) {
    co_await drop_small_files(context, pictures.all());
    co_return std::unexpected(std::move(recorded).error());
  }
  CO_TRY(const auto video,
         co_await publish_upload(context, *form.upload,
                                 {.attributes = attributes, .pictures = *recorded}));
  form.upload.reset();
  co_return video_made_response(video);
}

/// Nothing half-done stays of a form that was refused.
io::Task<Reply> upload_video(Call& call) {
  CO_TRY_VOID(check_upload_services(call.context));
  Form form;
  Reply reply = co_await receive(call, form);
  if (!reply && form.upload) {
    const auto removed = co_await call.context.video_services->staging->remove(
        call.user().id, form.upload->upload_id);
    if (!removed && removed.error().code != ErrorCode::not_found) {
      log::warn("a refused upload stays until it is stale",
                {{"upload", form.upload->id.value}, {"reason", removed.error().message}});
    }
  }
  co_return reply;
}

}  // namespace

void add_upload_routes(Routes& routes) {
  routes.post("/api/v1/videos/upload", {.operation = "uploadLegacy", .access = Access::signed_in},
              upload_video);
}

}  // namespace shoal::api
