#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/random.h"
#include "delivery/block_cache.h"
#include "delivery/media_cache.h"
#include "delivery/media_index.h"
#include "delivery/media_loader.h"
#include "delivery/media_token.h"
#include "delivery/object_body.h"
#include "delivery/presigned_playlist.h"
#include "delivery/store_doors.h"
#include "io/task.h"
#include "net/http/message.h"

namespace shoal::delivery {

/// How a URL asks for media. The path decides; the entry's privacy must agree with it.
enum class Access {
  open,        ///< /static/streaming-playlists/hls/…: only what is open to all
  restricted,  ///< …/private/…: only with a token, a session or a password
  download,    ///< /download/…: either, saved as a file
  picture,     ///< /lazy-static/…: thumbnails, storyboards, captions
};

struct MediaConfig {
  MediaCache::Config cache{};
  BlockCache::Config blocks{};
};

/// Serves media files and running playlists: Range, conditional requests, HEAD, CORS and caching
/// headers; through us or by the doors of the store they lie in. Playlists, lists of hashes and
/// pictures are always answered by us: URIs in the first are relative to us, and a browser keeps
/// ours for longer than a redirect. Lives as long as the server; stop() after it. Any thread.
class MediaService {
 public:
  struct Services {
    MediaIndex& index;
    ViewerAccess& access;
    const MediaTokens& tokens;
    DoorsLookup stores;
    const Clock& clock;
    Random& random;
    Metrics& metrics;
    io::Executor executor;  ///< of one thread
    DiskCache* disk = nullptr;
  };
  explicit MediaService(Services services, MediaConfig config = {});

  /// `name` is of the request, or lives as long.
  io::Task<net::Response> serve(net::Request& request, std::string_view name, Access how);
  /// A video changed its privacy or the places of its files, or is gone: nothing of it is answered
  /// from memory any more. Answers that have begun go on.
  void forget_video(const Uuid& video) { loader_.forget_video(video); }
  /// Ends reads that nobody waits for.
  io::Task<> stop() { return blocks_.stop(); }

 private:
  /// Nothing where only the catalogue knows.
  std::optional<ViewerVerdict> decide(const net::Request& request, const MediaEntry& entry,
                                      Access how) const;
  /// When the request's token for this entry expires; nothing without a right one.
  std::optional<UtcTime> token_end(const net::Request& request, const MediaEntry& entry) const;
  net::Response refuse(ViewerVerdict verdict, Access how) const;
  /// An answer of ours.
  void count(const net::Response& response, const CachedMedia& media, Access how,
             bool is_head) const;

  /// Answers that are not an open file or a text as it is. Errors: the copy cannot be read.
  io::Task<Result<net::Response>> answer(const net::Request& request,
                                         std::shared_ptr<const CachedMedia> media, Access how);
  struct Reading;
  io::Task<Result<>> begin(ObjectBody& body, std::shared_ptr<const CachedMedia> media);
  /// Where a body goes on whose copy failed. Errors: there is no other copy.
  io::Task<Result<std::shared_ptr<const RemoteObject>>> next_copy(std::shared_ptr<Reading> reading,
                                                                  Error error);
  /// A copy of a file cannot be read.
  void report(std::string_view name, const Copy& copy, const Error& error);
  bool is_made_for_viewer(const net::Request& request, const CachedMedia& media, Access how) const;
  /// Nothing where the viewer's playlist is everybody's.
  io::Task<Result<std::optional<net::Response>>> viewer_playlist(
      const net::Request& request, std::shared_ptr<const CachedMedia> media);
  io::Task<SignedUrls> sign_files(PlaylistFiles files, Uuid video, std::optional<UtcTime> until);
  /// Nothing where the answer is ours to give.
  std::optional<net::Response> redirect(const net::Request& request, const CachedMedia& media,
                                        Access how) const;
  std::optional<std::string> presign(const CachedMedia& media, Seconds life,
                                     const std::string& disposition) const;

  Services services_;
  BlockCache blocks_;
  MediaLoader loader_;
  Counter refused_;
  std::array<Counter, 4> bytes_;  // by Access
};

}  // namespace shoal::delivery
