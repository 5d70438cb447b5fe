#include "worker/form_body.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace shoal::worker {
void FormBody::add(Part part, std::uint64_t size) {
  length_ += size;
  parts_.push_back(std::move(part));
}

void FormBody::begin_part(std::string_view name, std::string_view more) {
  std::string head = fmt::format("--{}\r\nContent-Disposition: form-data; name=\"{}\"{}\r\n\r\n",
                                 boundary_, name, more);
  const std::size_t size = head.size();
  add(std::move(head), size);
}

void FormBody::add_field(std::string_view name, std::string_view value) {
  begin_part(name, "");
  add(fmt::format("{}\r\n", value), value.size() + 2);
}

void FormBody::add_file(std::string_view name, std::shared_ptr<io::File> file, std::uint64_t size) {
  begin_part(name, "; filename=\"piece.mp4\"\r\nContent-Type: video/mp4");
  add(FilePart{std::move(file), size}, size);
  add(std::string("\r\n"), 2);
}

void FormBody::finish() {
  std::string tail = fmt::format("--{}--\r\n", boundary_);
  const std::size_t size = tail.size();
  add(std::move(tail), size);
}

std::string FormBody::content_type() const {
  return fmt::format("multipart/form-data; boundary={}", boundary_);
}

io::Task<Result<std::size_t>> FormBody::read(std::span<std::byte> out) {
  while (current_ < parts_.size()) {
    const Part& part = parts_[current_];
    const auto* text = std::get_if<std::string>(&part);
    const auto* file = std::get_if<FilePart>(&part);
    const std::uint64_t left = (text != nullptr ? text->size() : file->size) - at_;
    if (left == 0) {
      ++current_;
      at_ = 0;
      continue;
    }
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), left));
    if (text != nullptr) {
      std::memcpy(out.data(), text->data() + at_, wanted);
      at_ += wanted;
      co_return wanted;
    }
    // The pool reads into a buffer of its own: a cancelled caller's memory may be gone by then.
    const auto buffer = std::make_shared<std::vector<std::byte>>(wanted);
    CO_TRY(const std::size_t got, co_await disk_.run([from = file->file, buffer, at = at_] {
      return from->read_at(at, *buffer);
    }));
    if (got == 0) co_return fail(ErrorCode::corrupt, "the piece became shorter while it was sent");
    std::memcpy(out.data(), buffer->data(), got);
    at_ += got;
    co_return got;
  }
  co_return std::size_t{0};
}

}  // namespace shoal::worker
