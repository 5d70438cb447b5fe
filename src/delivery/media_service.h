#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/metrics.h"
#include "blob/blob_store.h"
#include "delivery/media_cache.h"
#include "delivery/media_index.h"
#include "delivery/media_token.h"
#include "delivery/missing_names.h"
#include "io/single_flight.h"
#include "net/http/message.h"

namespace shoal::delivery {

/// Finds the store that a copy names, or null when this node does not have it.
using StoreLookup = std::function<blob::BlobStore*(std::string_view)>;

/// How a URL asks for media. The path decides; the entry's privacy must agree with it.
enum class Access {
  open,        ///< /static/streaming-playlists/hls/…: only what is open to all
  restricted,  ///< …/private/…: only with a token, a session or a password
  download,    ///< /download/…: either, saved as a file
  picture,     ///< /lazy-static/…: thumbnails, storyboards, captions
};

/// Serves media files and running playlists: Range, conditional requests, HEAD, CORS and caching
/// headers. Lives as long as the server. Any thread.
class MediaService {
 public:
  MediaService(MediaIndex& index, ViewerAccess& access, const MediaTokens& tokens,
               StoreLookup stores, const Clock& clock, Metrics& metrics);

  /// `name` is of the request, or lives as long.
  io::Task<net::Response> serve(net::Request& request, std::string_view name, Access how);
  /// A video changed its privacy or is gone: nothing of it is answered from memory any more.
  void forget_video(const Uuid& video) {
    cache_.forget_video(video);
    missing_.clear();
  }

 private:
  using Found = Result<std::shared_ptr<const CachedMedia>>;

  std::shared_ptr<const CachedMedia> find_fresh(std::string_view name) const;
  io::Task<Found> find(std::string name);
  io::Task<Found> load(std::string name);
  /// Nothing where only the catalogue knows.
  std::optional<ViewerVerdict> decide(const net::Request& request, const MediaEntry& entry,
                                      Access how) const;
  bool has_token(const net::Request& request, const MediaEntry& entry) const;

  MediaIndex& index_;
  ViewerAccess& access_;
  const MediaTokens& tokens_;
  StoreLookup stores_;
  const Clock& clock_;
  MediaCache cache_;
  MissingNames missing_;
  io::SingleFlight<Found> flights_;
  Counter refused_;
  std::array<Counter, 4> bytes_;  // by Access
};

}  // namespace shoal::delivery
