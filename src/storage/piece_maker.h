#pragma once

#include <optional>
#include <string>
#include <vector>

#include "io/offload.h"
#include "jobs/runner.h"
#include "storage/moves/file_copier.h"
#include "storage/pieces.h"

namespace shoal::storage {

inline constexpr std::string_view k_hash_pieces = "hash-pieces";

/// Reads an object once, and checks that it is what was recorded of its file. Errors: corrupt (it
/// is not), as reading.
io::Task<Result<Pieces>> hash_pieces(blob::BlobStore& store, std::string object_key,
                                     std::uint64_t size, std::string sha256, io::Offload& offload);

/// Has the pieces of a file made that has none, unless somebody is at it, or failed to within the
/// hour: in the caller's transaction, by a `hash-pieces` job. The job belongs to no video, so that
/// it never shows as the video's processing.
void ask_for_pieces(db::Session& session, FileId file, UtcTime now);

/// Makes the pieces of files that came here without: what was published before torrents were made
/// of it, or imported. Reads one copy of each once, of another machine's store if need be. May be
/// killed anywhere and done twice. Any thread.
class PieceMaker {
 public:
  struct Services {
    db::Database& database;
    StoreLookup stores;
    io::Offload& offload;  ///< for calls that take long
  };
  explicit PieceMaker(Services services) : services_(std::move(services)) {}

  /// The maker outlives the runner.
  void register_handlers(jobs::Runner& runner);

  /// One job of kind k_hash_pieces. Errors: corrupt (no copy is what was recorded), as reading.
  io::Task<Result<>> run(const jobs::LeasedJob& job);

 private:
  struct Copy {
    std::string store;
    std::string object_key;
  };
  struct Look {
    std::uint64_t size = 0;
    std::string sha256;
    std::vector<Copy> copies;
  };
  /// Nothing when the file is gone, or has its pieces.
  static std::optional<Look> look(db::Session& session, FileId file);
  io::Task<Result<Pieces>> make(Look file);

  const Services services_;
};

}  // namespace shoal::storage
