#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "delivery/media_hashes.h"
#include "io/task.h"
#include "net/http/message.h"

namespace shoal::delivery {

/// Where one verified copy is.
struct Copy {
  std::string store;
  std::string object_key;
  /// Anybody may read the object itself: viewers may be told its address.
  bool is_public = false;
  friend bool operator==(const Copy&, const Copy&) = default;
};

/// What delivery must know about a name in a media URL. Immutable snapshot.
struct MediaEntry {
  std::string name;
  std::string content_type;
  std::string etag;  ///< quoted, strong
  std::uint64_t size = 0;
  std::string sha256;  ///< of the whole, in hex; empty where nobody knows
  UtcTime modified{};
  Uuid video;
  /// Anybody may fetch it. Otherwise a token, a session or a password is asked for.
  bool open_to_all = false;
  /// Thumbnails, storyboards, captions: anybody who knows the name, and only on their own paths.
  bool is_picture = false;
  std::int64_t privacy_epoch = 0;
  /// The name a download is saved under; empty where none is offered.
  std::string download_name;
  std::vector<Copy> copies;
  /// The content itself where there is no object: playlists of running work, which change.
  std::shared_ptr<const std::string> text;
};

/// The small index that delivery reads; the assembly adapts the catalogue to it. Any thread.
class MediaIndex {
 public:
  virtual ~MediaIndex() = default;
  /// not_found for a name that is not (or no longer) media; unavailable or busy while the catalogue
  /// is away.
  virtual io::Task<Result<MediaEntry>> find(std::string name) = 0;
  /// Of the parts of a file. There are none of chunks for a file of a single one, whose entry has
  /// it. Errors: as find().
  virtual io::Task<Result<MediaHashes>> find_hashes(std::string name) = 0;
};

enum class ViewerVerdict {
  allowed,
  refused,
  too_many_tries,  ///< this client has guessed too many passwords
};

/// Who else than the holder of a media token may fetch restricted media: owner and moderators by
/// session, holders of a video password. Any thread.
class ViewerAccess {
 public:
  virtual ~ViewerAccess() = default;
  virtual io::Task<ViewerVerdict> may_watch(const net::Request& request, Uuid video) = 0;
};

}  // namespace shoal::delivery
