#include "worker/form_body.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace shoal::worker {

void PartsBody::append(std::string text) {
  length_ += text.size();
  parts_.emplace_back(std::move(text));
}

void PartsBody::append(std::shared_ptr<io::File> file, std::uint64_t size) {
  length_ += size;
  parts_.emplace_back(FilePart{std::move(file), size});
}

io::Task<Result<std::size_t>> PartsBody::read(std::span<std::byte> out) {
  while (current_ < parts_.size()) {
    const auto& part = parts_[current_];
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

std::string FormBody::head_of(std::string_view name, std::string_view more) const {
  return fmt::format("--{}\r\nContent-Disposition: form-data; name=\"{}\"{}\r\n\r\n", boundary_,
                     name, more);
}

void FormBody::add_field(std::string_view name, std::string_view value) {
  append(fmt::format("{}{}\r\n", head_of(name, ""), value));
}

void FormBody::add_file(std::string_view name, std::shared_ptr<io::File> file, std::uint64_t size) {
  append(head_of(name, "; filename=\"piece.mp4\"\r\nContent-Type: video/mp4"));
  append(std::move(file), size);
  append("\r\n");
}

void FormBody::finish() {
  append(fmt::format("--{}--\r\n", boundary_));
}

std::string FormBody::content_type() const {
  return fmt::format("multipart/form-data; boundary={}", boundary_);
}

}  // namespace shoal::worker
