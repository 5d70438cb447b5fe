#include "blob/blob_store.h"

#include "base/text.h"

namespace shoal::blob {

bool is_valid_key(std::string_view key) {
  constexpr std::size_t k_longest = 512;
  if (key.empty() || key.size() > k_longest) return false;
  for (const std::string_view segment : split(key, '/')) {
    // A leading dot is ours (marker, temporary names), and rules out "." and "..".
    if (segment.empty() || segment.front() == '.') return false;
    for (const char c : segment) {
      const bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
      if (!fine) return false;
    }
  }
  return true;
}

namespace {

/// A stream of a store whose reads cost the same wherever they begin.
class ReadsInOrder final : public ObjectStream {
 public:
  ReadsInOrder(ObjectReader& reader, std::uint64_t offset, std::uint64_t length)
      : reader_(reader), offset_(offset), left_(length) {}
  io::Task<Result<std::size_t>> read(std::span<std::byte> out) override {
    out = out.first(std::min<std::uint64_t>(out.size(), left_));
    if (out.empty()) co_return std::size_t{0};
    CO_TRY(const std::size_t got, co_await reader_.read_at(offset_, out));
    if (got == 0) co_return fail(ErrorCode::corrupt, "the object is shorter than it was");
    offset_ += got;
    left_ -= got;
    co_return got;
  }

 private:
  ObjectReader& reader_;
  std::uint64_t offset_;
  std::uint64_t left_;
};

}  // namespace

io::Task<Result<std::unique_ptr<ObjectStream>>> ObjectReader::stream(std::uint64_t offset,
                                                                     std::uint64_t length) {
  co_return std::make_unique<ReadsInOrder>(*this, offset, length);
}

}  // namespace shoal::blob
