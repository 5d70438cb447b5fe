#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/uploads/upload_staging.h"

namespace shoal::storage {

// The rows of upload_session and upload_chunk. Inside the caller's transaction.

std::optional<Upload> find_upload(db::Session& session, std::string_view upload_id);

/// Throws DatabaseError (conflict) when user or channel are gone.
Upload insert_upload(db::Session& session, const NewUpload& announced, std::string_view upload_id);

std::int64_t count_open_uploads(db::Session& session, UserId user);

/// What open uploads of all users have announced and not sent, of those that were heard of since
/// `since`: one that is paused for long keeps nobody else out.
std::uint64_t outstanding_bytes(db::Session& session, UtcTime since);

/// Lets one transaction at a time count what `user` uploads, on all nodes.
void lock_uploader(db::Session& session, UserId user);

/// Acknowledges [upload.received, to): the bytes are durable in `part`. In the upload's own file
/// neighbours below 16 MiB share a row, so that an upload in tiny pieces has few rows. Errors:
/// not_found (cancelled meanwhile), busy (another node was faster, or the part is being deleted).
Result<> record_range(db::Session& session, const Upload& upload, std::uint64_t to,
                      const UploadPart& part);

/// Its parts in order; empty where its bytes are in a file.
std::vector<UploadPart> find_upload_parts(db::Session& session, UploadId upload);

/// Whether the object is a part of an upload that is not done.
bool is_upload_part(db::Session& session, std::string_view store, std::string_view object_key);

/// The end was reached: it is the total.
Result<> record_total(db::Session& session, UploadId upload, std::uint64_t total);

void delete_upload(db::Session& session, UploadId upload);

/// Receiving ones untouched since `stale`, done ones since `done`.
std::vector<Upload> old_uploads(db::Session& session, UtcTime stale, UtcTime done,
                                std::size_t limit);

}  // namespace shoal::storage
