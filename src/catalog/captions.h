#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "db/session.h"

namespace shoal::catalog {

struct Caption {
  std::string language;
  bool automatically_generated = false;
  std::string file_name;
  UtcTime updated_at{};
};

/// By language code.
std::vector<Caption> find_captions(db::Session& session, VideoId video);

/// Puts the caption of a language. Returns the file that it replaced, whose object and row are the
/// caller's to remove in the same transaction.
std::optional<FileId> put_caption(db::Session& session, VideoId video, std::string_view language,
                                  FileId file, bool automatically_generated, UtcTime now);
/// Returns the file, as above. Errors: not_found.
Result<FileId> remove_caption(db::Session& session, VideoId video, std::string_view language);

}  // namespace shoal::catalog
