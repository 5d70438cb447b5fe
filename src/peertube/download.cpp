// Files of the old instance into files of ours, by HTTP.
#include <fmt/format.h>

#include "peertube/old_instance.h"

namespace shoal::peertube {
namespace {

constexpr std::size_t k_piece = std::size_t{1} << 20;
/// Connections that one file may take in a row without bringing anything.
constexpr int k_idle_tries = 4;

/// Owned by each call on the pool, which may outlive a cancelled task.
struct Piece {
  std::shared_ptr<io::File> file;
  std::uint64_t offset = 0;
  std::size_t filled = 0;
  std::vector<std::byte> bytes = std::vector<std::byte>(k_piece);
};

/// A part that begins where we want it.
bool begins_at(const net::ClientResponse& response, std::uint64_t offset) {
  const auto range = response.headers.find("Content-Range").value_or("");
  return range.starts_with(fmt::format("bytes {}-", offset));
}

}  // namespace

io::Task<Result<std::uint64_t>> OldInstance::go_on(std::string url, std::shared_ptr<io::File> file,
                                                   std::uint64_t have, std::uint64_t size) {
  CO_TRY(const auto response,
         co_await get(url, have == 0 ? "" : fmt::format("bytes={}-", have), "*/*"));
  if (response.status == 206 && !begins_at(response, have))
    co_return fail(ErrorCode::corrupt, "the other instance sends another part than was asked for");
  const auto piece = std::make_shared<Piece>();
  piece->file = std::move(file);
  // A server that knows no ranges sends it all again.
  piece->offset = response.status == 206 ? have : 0;
  for (;;) {
    piece->filled = 0;
    Result<std::size_t> got;
    while (piece->filled < k_piece) {
      got = co_await response.body->read(std::span(piece->bytes).subspan(piece->filled));
      if (!got || *got == 0) break;
      piece->filled += *got;
    }
    if (piece->offset + piece->filled > size) {
      co_return fail(ErrorCode::corrupt,
                     "the file is longer than the other instance said it would be");
    }
    CO_TRY_VOID(co_await services_.offload.run([piece] {
      return piece->file->write_at(piece->offset, std::span(piece->bytes).first(piece->filled));
    }));
    piece->offset += piece->filled;
    // A connection that broke: what came before is kept.
    if (!got || *got == 0) co_return piece->offset;
  }
}

io::Task<Result<>> OldInstance::download(std::string place, std::string origin, io::Path to,
                                         std::uint64_t size) {
  struct Start {
    std::shared_ptr<io::File> file;
    std::uint64_t have = 0;
  };
  CO_TRY(const Start start,
         co_await services_.offload.run([&files = services_.files, to, size,
                                         keep = config_.keep_free]() -> Result<Start> {
           TRY(std::shared_ptr<io::File> file, files.open(to, io::OpenMode::create));
           TRY(std::uint64_t have, file->size());
           if (have > size) {
             TRY_VOID(file->truncate(0));
             have = 0;
           }
           TRY(const std::uint64_t free, files.free_bytes(to.parent_path()));
           if (free < size - have + keep) {
             return fail(ErrorCode::full, fmt::format("the disk has no room for its {} bytes in {}",
                                                      size, to.parent_path().string()));
           }
           return Start{std::move(file), have};
         }));
  std::uint64_t have = start.have;
  for (int idle = 0; have < size;) {
    CO_TRY(const std::uint64_t now, co_await go_on(url_of(place, origin), start.file, have, size));
    idle = now > have ? 0 : idle + 1;
    have = now;
    if (idle == k_idle_tries)
      co_return fail(ErrorCode::corrupt, "the file ends before the size that it was said to have");
  }
  co_return Result<>{};
}

}  // namespace shoal::peertube
