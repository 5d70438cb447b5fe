#include "storage/uploads/staging_room.h"

#include <fmt/format.h>

#include "storage/store_registry.h"

namespace shoal::storage {
namespace {

constexpr FileKind k_stored_kinds[] = {
    FileKind::rendition, FileKind::playlist,   FileKind::segments_sha256, FileKind::thumbnail,
    FileKind::preview,   FileKind::storyboard, FileKind::caption};
constexpr FileKind k_passing_kinds[] = {FileKind::original, FileKind::running_work,
                                        FileKind::running_init, FileKind::running_audio};

bool is_elsewhere(const Stores& stores, FileKind kind) {
  return stores.home_name(kind) != k_local_store;
}

bool has_home_elsewhere(const Stores& stores) {
  return std::ranges::any_of(k_stored_kinds,
                             [&](FileKind kind) { return is_elsewhere(stores, kind); });
}

}  // namespace

std::uint64_t staged_bytes(db::Session& session, const Stores& stores) {
  std::string kinds;
  const auto add = [&kinds](FileKind kind) {
    kinds += fmt::format("{}{}", kinds.empty() ? "" : ", ", static_cast<int>(kind));
  };
  for (const FileKind kind : k_passing_kinds) add(kind);
  for (const FileKind kind : k_stored_kinds)
    if (is_elsewhere(stores, kind)) add(kind);
  const auto files = session.query_one(
      fmt::format("select cast(coalesce(sum(f.size), 0) as bigint) from placement p "
                  "join media_file f on f.id = p.file_id "
                  "where p.store = :store and f.kind in ({})",
                  kinds),
      {k_local_store});
  const auto uploads = session.query_one(
      "select cast(coalesce(sum(s.total_size), 0) as bigint) from upload_session s where s.state = "
      "1 "
      "and not exists (select 1 from upload_chunk c where c.session_id = s.id and c.store is not "
      "null)");
  return static_cast<std::uint64_t>(files->integer(0)) +
         static_cast<std::uint64_t>(std::max<std::int64_t>(0, uploads->integer(0)));
}

QuotaCheck bounded_by_staging(QuotaCheck quota, const Stores& stores, std::uint64_t limit) {
  return [quota = std::move(quota), &stores, limit](db::Session& session, UserId user,
                                                    std::uint64_t more) -> Result<> {
    TRY_VOID(quota(session, user, more));
    // What was begun may end: its bytes are counted since it was announced.
    if (more == 0 || limit == 0 || !has_home_elsewhere(stores)) return {};
    const std::uint64_t staged = staged_bytes(session, stores);
    if (staged + more <= limit) return {};
    return fail(
        ErrorCode::full,
        fmt::format("the server holds {} MB of uploads that wait to be stored, and takes no "
                    "more than {} MB; try again later",
                    staged / 1'000'000, limit / 1'000'000));
  };
}

}  // namespace shoal::storage
