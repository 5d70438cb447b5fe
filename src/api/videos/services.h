#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "blob/blob_store.h"
#include "catalog/views.h"
#include "db/session.h"
#include "io/file_system.h"
#include "io/offload.h"
#include "storage/file_kind.h"
#include "storage/uploads/upload_staging.h"

namespace shoal::api {

/// How far the work on a video is, for its page: our extension of PeerTube's VideoDetails.
struct VideoProcessing {
  enum class RenditionState { waiting, running, ready };
  struct Rendition {
    std::int64_t resolution = 0;
    RenditionState state = RenditionState::waiting;
    int percent = 0;
  };
  int percent = 0;
  std::optional<std::string> message;
  std::optional<Seconds> remaining;
  std::vector<Rendition> renditions;
};

/// Where progress is read from; app adapts processing to it. Called inside a read transaction,
/// only for videos whose work has not ended. Any thread.
class VideoProgress {
 public:
  virtual ~VideoProgress() = default;
  /// Nothing when no work is known of.
  virtual std::optional<VideoProcessing> find(db::Session& session, VideoId video) const = 0;
};

/// Media tokens as delivery checks them.
using MediaTokenSigner =
    std::function<std::string(const Uuid& video, std::int64_t privacy_epoch, UtcTime expires)>;

/// What video resources need beyond the catalogue; each may be absent in a program that does not
/// process, store or serve media. References outlive the API. Any thread.
struct VideoServices {
  const VideoProgress* progress = nullptr;
  MediaTokenSigner sign_media_token;
  /// A video's privacy changed or it is gone: delivery forgets what it kept of it.
  std::function<void(const Uuid& video)> forget_media;

  storage::UploadStaging* staging = nullptr;
  /// Where new files are put first.
  blob::BlobStore* incoming = nullptr;
  /// What is on this machine; null for a node that keeps nothing.
  blob::BlobStore* local = nullptr;
  /// Has a recorded file brought to where its kind is at home; in the transaction that records it.
  std::function<void(db::Session& session, FileId file, storage::FileKind kind)> send_home;
  io::FileSystem* files = nullptr;
  io::Offload* disk = nullptr;
  /// For calls that read whole files.
  io::Offload* bulk = nullptr;
  /// Queues the work on a new video whose original is recorded; in the transaction that makes it.
  std::function<void(db::Session& session, VideoId video)> start_processing;
  /// Tries what failed again. Errors: conflict when nothing did, not_found.
  std::function<Result<>(db::Session& session, VideoId video)> retry_processing;
  std::uint64_t max_upload_size = std::uint64_t{64} << 30;
  /// How long the objects of what was deleted stay in the trash.
  Milliseconds trash_for{std::chrono::hours{24}};
};

/// What staging asks before it takes bytes: the user's total and daily quota. Errors: too_large.
storage::QuotaCheck make_quota_check(const Clock& clock);

}  // namespace shoal::api
