#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/core/context.h"
#include "api/core/problem.h"
#include "api/core/routes.h"
#include "api/videos/pictures.h"
#include "api/videos/video_attributes.h"
#include "base/ids.h"
#include "io/task.h"
#include "storage/uploads/upload_staging.h"

namespace shoal::api {

/// What a client is told when a disk is full or away.
inline constexpr std::string_view k_cannot_store =
    "The bytes cannot be stored at the moment; try again later.";

struct MadeVideo {
  VideoId id;
  Uuid uuid;
};

/// What an upload will become once its bytes are there.
struct Plan {
  UploadAttributes attributes;
  PictureFiles pictures;
};
std::string to_metadata(const Plan& plan);
Plan from_metadata(std::string_view metadata);
/// None for metadata that are not a plan's.
PictureFiles pictures_of_metadata(std::string_view metadata);

/// Makes a video of a complete upload: looks at its bytes, hands them to the store, and writes the
/// video, its original, its first job and the upload's end in one transaction. May be repeated at
/// any point, by several at once: one video comes of it. Errors: 422 for bytes that are no media
/// (the upload is gone then), 400 when the channel is gone.
io::Task<Answer<MadeVideo>> publish_upload(Context& context, storage::Upload upload, Plan plan);

/// The video that a finished upload became. Errors: 404 when it is deleted.
io::Task<Answer<MadeVideo>> find_made_video(Context& context, const storage::Upload& upload);

/// {"video": {id, shortUUID, uuid}}
net::Response video_made_response(const MadeVideo& video);

/// Errors: 400 as recorded, for a channel that is not there or not the caller's.
Answer<> check_own_channel(db::Session& session, const Caller& caller, std::int64_t channel);

/// Names that PeerTube takes, with the point.
bool has_media_extension(std::string_view filename);
/// What content that is no media is answered with: 415 where the name says so too, else 422.
/// `reason` is a sentence for its owner.
Problem not_media(std::string_view filename, std::string_view reason);

/// 503, when this program was not given what uploads need.
Answer<> check_upload_services(const Context& context);

}  // namespace shoal::api
