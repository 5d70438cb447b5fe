#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "blob/blob_store.h"
#include "io/file_system.h"
#include "io/offload.h"
#include "peertube/depot.h"
#include "peertube/file_scan.h"
#include "peertube/old_instance.h"
#include "peertube/old_video.h"

namespace shoal::peertube {

enum class SourceKind { store, folder, download };
std::string_view to_string(SourceKind kind);

/// Where the bytes of a file of the old instance are.
struct Source {
  SourceKind kind = SourceKind::download;
  std::string object_key;  ///< store
  io::Path path;           ///< folder; of a download, where it lies once it is here
  std::string url;
  bool is_ours = false;  ///< the file at `path` is nobody else's: it may be moved
};

struct SourcesConfig {
  /// PeerTube's `storage` folder.
  std::optional<io::Path> folder;
  /// A store of ours that is the old instance's bucket.
  blob::BlobStore* store = nullptr;
  /// For downloads; a folder of this import alone, whose content is used again.
  io::Path scratch;
};

/// Finds files of the old instance: in its bucket, else in its folder, else by HTTP. One task at a
/// time.
class Sources {
 public:
  struct Services {
    OldInstance& instance;
    const Depot& depot;
    io::FileSystem& files;
    io::Offload& offload;
  };
  Sources(SourcesConfig config, Services services)
      : config_(std::move(config)), services_(services) {}

  /// A file of the video's streaming playlist. One of another size than the old instance says is
  /// not it. Errors: those of the store and the disk.
  io::Task<Result<Source>> find_hls(const OldVideo& video, OldFile file) const;
  /// As find_hls, but for whoever needs a file: never the bucket.
  io::Task<Result<Source>> find_hls_file(const OldVideo& video, OldFile file) const;
  io::Task<Result<Source>> find_web(const OldVideo& video, OldFile file) const;

  /// The playlist that lies beside a file of the streaming playlist.
  io::Task<Result<std::string>> read_playlist(Source source, OldFile file,
                                              std::string origin) const;
  /// Reads the file once; a download is brought into the scratch folder for it.
  io::Task<Result<ScannedFile>> scan(Source source, OldFile file, std::string origin,
                                     FileScan scan) const;
  /// Of a download that turned out wrong: the next try begins anew.
  io::Task<> drop(Source source) const;
  const std::string& store_name() const { return config_.store->name(); }
  const io::Path& scratch() const { return config_.scratch; }

 private:
  io::Task<Result<bool>> is_file(io::Path path, std::uint64_t size) const;
  /// In one of these folders below the old instance's; where none has it, it is to be downloaded.
  io::Task<Result<Source>> find_file(Source source, const OldVideo& video, OldFile file,
                                     std::vector<io::Path> folders) const;

  const SourcesConfig config_;
  const Services services_;
};

}  // namespace shoal::peertube
