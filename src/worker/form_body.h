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

/// A form (RFC 7578) with files, sent in constant memory. Fill it, finish() it, then read it once.
/// One executor.
class FormBody final : public net::BodySource {
 public:
  explicit FormBody(io::Offload& disk)
      : boundary_("shoal-" + SystemRandom().hex(16)), disk_(disk) {}

  void add_field(std::string_view name, std::string_view value);
  /// `file` has at least `size` bytes.
  void add_file(std::string_view name, std::shared_ptr<io::File> file, std::uint64_t size);
  void finish();
  std::string content_type() const;

  /// Errors: corrupt where a file is shorter than was said, unavailable.
  io::Task<Result<std::size_t>> read(std::span<std::byte> out) override;
  std::optional<std::uint64_t> length() const override { return length_; }

 private:
  struct FilePart {
    std::shared_ptr<io::File> file;
    std::uint64_t size = 0;
  };
  using Part = std::variant<std::string, FilePart>;
  void add(Part part, std::uint64_t size);
  void begin_part(std::string_view name, std::string_view more);

  const std::string boundary_;  ///< random: nothing that is sent holds it
  io::Offload& disk_;
  std::vector<Part> parts_;
  std::uint64_t length_ = 0;
  std::size_t current_ = 0;
  std::uint64_t at_ = 0;  ///< in the current part
};

}  // namespace shoal::worker
