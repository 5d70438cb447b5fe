#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "db/session.h"
#include "jobs/queue.h"

/// The rows behind a move. Functions over the caller's transaction.
namespace shoal::storage {

using MoveBatchId = Id<struct MoveBatchTag>;

/// One file's way from a store into another: the payload of a `move-file` job, as JSON
/// {"file":7,"from":"local","to":"archive","batch":3,"keep":true}.
struct FileMove {
  FileId file;
  std::string from;
  std::string to;
  std::optional<MoveBatchId> batch{};  ///< that it is a part of
  bool keeps_source = false;           ///< the file gets a second copy
};
std::string write_move(const FileMove& move);
/// Errors: corrupt.
Result<FileMove> parse_move(std::string_view json);

/// What every true copy of a file is.
struct RecordedFile {
  FileId id;
  std::string name{};
  std::string content_type{};
  std::uint64_t size = 0;
  std::string sha256{};         ///< hex
  std::optional<Uuid> video{};  ///< whose it is
};

struct MovingFile {
  RecordedFile file;
  std::string object_key;   ///< in `from`
  bool has_target = false;  ///< a good copy in `to` is there already
};
/// Nothing when the file is gone, or has no verified copy in `from` any more.
std::optional<MovingFile> find_moving_file(db::Session& session, const FileMove& move);

/// What is known of an object key of a store before anything is put there.
enum class KeyUse {
  unknown,    ///< no row names it
  announced,  ///< by a try before; or it is in the trash
  taken,      ///< by a copy, right or wrong; or an orphan lies there, or what anybody was told of
};
KeyUse find_key_use(db::Session& session, std::string_view store, std::string_view object_key);

enum class WhichCopies { verified, bad };
/// Those copies of a file in a store go: their objects are due in the trash at `due`.
void trash_copies(db::Session& session, FileId file, std::string_view store, WhichCopies which,
                  UtcTime due);

/// An object that was put, announced and verified becomes a copy of the file. Errors: busy (it was
/// announced too long ago).
Result<> place_announced(db::Session& session, FileId file, std::string_view store,
                         std::string_view object_key, UtcTime now);

/// The file's place becomes `to`: its placement in `from` goes, unless it is kept, and that object
/// is due in the trash at `old_due`. `new_key` is the object that was put, announced and verified;
/// nothing where the copy in `to` was there before. True when the file has moved; false when it was
/// deleted, or another mover was faster: then the object is given up. Errors: busy, unavailable
/// (what the move relied on has changed: all over), and nothing is written then.
Result<bool> switch_placement(db::Session& session, const FileMove& move,
                              const std::optional<std::string>& new_key, UtcTime old_due,
                              UtcTime now);

}  // namespace shoal::storage
