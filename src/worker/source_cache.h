#pragma once

#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>

#include "base/ids.h"
#include "base/result.h"
#include "io/file_system.h"
#include "io/offload.h"
#include "io/task.h"
#include "net/http/message.h"

namespace shoal::worker {

/// Sources of videos in a folder: each is fetched once however many of its work segments are made
/// here, and goes on from where it was cut off. A source that nobody uses stays until `kept` others
/// were used after it. One executor.
class SourceCache {
 public:
  /// Opens a source from a byte on.
  using Open =
      std::function<io::Task<Result<std::unique_ptr<net::BodySource>>>(std::uint64_t from)>;

  SourceCache(io::Path folder, std::size_t kept, io::FileSystem& files, io::Offload& disk)
      : folder_(std::move(folder)), kept_(kept), files_(files), disk_(disk) {}

  /// A source in use: its file stays. Must not outlive the cache.
  class Use {
   public:
    Use(SourceCache& cache, const Uuid& video);
    ~Use();
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    /// Returns once the whole source is there. Errors: corrupt where it has another size, those of
    /// `open` and the disk; what had come stays for the next try.
    io::Task<Result<io::Path>> fetch(std::uint64_t size, Open open);

   private:
    SourceCache& cache_;
    const Uuid video_;
  };

 private:
  struct Entry {
    std::size_t users = 0;
    bool is_fetched_now = false;
  };
  class Turn;

  io::Path path_of(const Uuid& video) const { return folder_ / video.text(); }
  void drop_unused();
  io::Task<Result<std::uint64_t>> size_of(io::Path path);
  io::Task<Result<>> fetch_rest(io::Path path, std::uint64_t from, std::uint64_t size, Open open);

  const io::Path folder_;
  const std::size_t kept_;
  io::FileSystem& files_;
  io::Offload& disk_;
  std::map<Uuid, Entry> entries_;
  std::list<Uuid> unused_;  ///< the longest first
};

}  // namespace shoal::worker
