#include "storage/pieces.h"

#include <algorithm>

#include "base/text.h"

namespace shoal::storage {
namespace {

constexpr std::uint64_t k_least_length = std::uint64_t{256} << 10;
constexpr std::uint64_t k_most_pieces = 2048;

}  // namespace

std::uint64_t piece_length_of(std::uint64_t size) {
  std::uint64_t length = k_least_length;
  while (size / length >= k_most_pieces) length *= 2;
  return length;
}

void PieceHasher::update(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const auto part = bytes.first(std::min<std::uint64_t>(bytes.size(), length_ - filled_));
    piece_.update(part);
    filled_ += part.size();
    bytes = bytes.subspan(part.size());
    if (filled_ == length_) end_piece();
  }
}

Pieces PieceHasher::finish() {
  if (filled_ > 0) end_piece();
  return {length_, std::move(digests_)};
}

void PieceHasher::end_piece() {
  const Sha1Digest digest = piece_.finish();
  digests_.append(reinterpret_cast<const char*>(digest.data()), digest.size());
  piece_ = Sha1();
  filled_ = 0;
}

std::optional<Pieces> find_pieces(db::Session& session, FileId file) {
  const auto row = session.query_one(
      "select piece_length, sha1 from file_pieces where file_id = :file and sha1 is not null",
      {file});
  if (!row) return std::nullopt;
  const std::string hex = row->text(1);
  Pieces pieces{static_cast<std::uint64_t>(row->integer(0)), std::string(hex.size() / 2, '\0')};
  if (!from_hex(hex, std::as_writable_bytes(std::span(pieces.sha1)))) return std::nullopt;
  return pieces;
}

void record_pieces(db::Session& session, FileId file, const Pieces& pieces) {
  session.execute(
      "insert into file_pieces (file_id, piece_length, sha1) values (:file, :length, :sha1) "
      "on conflict (file_id) do update set piece_length = excluded.piece_length, "
      "sha1 = excluded.sha1, job_id = null, asked_at = null",
      {file, pieces.length, to_hex(std::as_bytes(std::span(pieces.sha1)))});
}

}  // namespace shoal::storage
