#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/random.h"
#include "io/file_system.h"
#include "io/offload.h"
#include "net/http/message.h"

namespace shoal::worker {

/// Texts and files, one behind the other, sent in constant memory. Append all, then read it once.
/// One executor.
class PartsBody : public net::BodySource {
 public:
  explicit PartsBody(io::Offload& disk) : disk_(disk) {}

  void append(std::string text);
  /// `file` has at least `size` bytes.
  void append(std::shared_ptr<io::File> file, std::uint64_t size);

  /// Errors: corrupt where a file is shorter than was said, unavailable.
  io::Task<Result<std::size_t>> read(std::span<std::byte> out) override;
  std::optional<std::uint64_t> length() const override { return length_; }

 private:
  struct FilePart {
    std::shared_ptr<io::File> file;
    std::uint64_t size = 0;
  };
  io::Offload& disk_;
  std::vector<std::variant<std::string, FilePart>> parts_;
  std::uint64_t length_ = 0;
  std::size_t current_ = 0;
  std::uint64_t at_ = 0;  ///< in the current part
};

/// A form (RFC 7578) with files. Fill it, finish() it, then read it once.
class FormBody final : public PartsBody {
 public:
  explicit FormBody(io::Offload& disk)
      : PartsBody(disk), boundary_("shoal-" + SystemRandom().hex(16)) {}

  void add_field(std::string_view name, std::string_view value);
  void add_file(std::string_view name, std::shared_ptr<io::File> file, std::uint64_t size);
  void finish();
  std::string content_type() const;

 private:
  std::string head_of(std::string_view name, std::string_view more) const;

  const std::string boundary_;  ///< random: nothing that is sent holds it
};

}  // namespace shoal::worker
