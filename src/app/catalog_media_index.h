#pragma once

#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/digest.h"
#include "base/ids.h"
#include "db/database.h"
#include "delivery/media_index.h"

namespace shoal::app {

/// The video of a name that a playlist of running work may have, by its form alone:
/// `<uuid>-running-master.m3u8` or `<uuid>[-r<number>]-<height>-running.m3u8`. Pure.
std::optional<Uuid> video_of_running_name(std::string_view name);
/// Hashes in hex, one behind the other, as bytes; none where the text is anything else. Pure.
std::vector<Sha256Digest> parse_hashes(std::string_view hex);
/// The same of sums of 32 bits.
std::vector<std::uint32_t> parse_sums(std::string_view hex);

/// Delivery's index over the catalogue: stored files by name, and the playlists of running work,
/// which are rendered from its rows, all of a video at once and at most every k_keep. Any thread.
class CatalogMediaIndex final : public delivery::MediaIndex {
 public:
  static constexpr Milliseconds k_keep{250};
  static constexpr std::size_t k_videos = 64;

  CatalogMediaIndex(db::Database& database, const Clock& clock)
      : database_(database), clock_(clock) {}
  io::Task<Result<delivery::MediaEntry>> find(std::string name) override;
  io::Task<Result<delivery::MediaHashes>> find_hashes(std::string name) override;

 private:
  /// The playlists of one video's running work by name; none where nothing is listed yet.
  using Playlists = std::map<std::string, std::shared_ptr<const std::string>, std::less<>>;
  struct Rendered {
    Uuid video;
    SteadyTime at;
    std::shared_ptr<const Playlists> playlists;
  };

  Result<delivery::MediaEntry> running_entry(db::Session& session, std::string name);
  Result<std::shared_ptr<const Playlists>> playlists_of(db::Session& session, VideoId id,
                                                        const Uuid& video);
  std::shared_ptr<const Playlists> find_rendered(const Uuid& video);
  void keep(Rendered rendered);

  db::Database& database_;
  const Clock& clock_;
  std::mutex mutex_;
  std::list<Rendered> rendered_;  ///< the newest first
};

}  // namespace shoal::app
