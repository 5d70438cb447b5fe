#include <string>
#include <string_view>

#include "base/check.h"
#include "base/text.h"
#include "blob/s3/failure.h"
#include "blob/s3/xml.h"

namespace s3 = shoal::blob::s3;

namespace {

void check_failure(const s3::ErrorBody& body) {
  const shoal::Error error = s3::to_error({.status = 400,
                                           .body = body,
                                           .operation = "PutObject",
                                           .store = "cloud",
                                           .bucket = "videos",
                                           .endpoint = "s3.example.org"});
  // One bounded line for the log, whatever the server says.
  SHOAL_CHECK(error.message.size() < 3000 && error.message.find('\n') == std::string::npos);
}

void check_stored(const shoal::Result<s3::OrErrorBody<s3::StoredObject>>& answer) {
  if (!answer) return;
  if (const auto* body = std::get_if<s3::ErrorBody>(&*answer)) check_failure(*body);
}

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++found;
  return found;
}

void check_parts(const s3::PartPage& page) {
  // No ETag can open an element of its own.
  const std::string text = s3::write_complete_multipart(page.parts);
  SHOAL_CHECK(count(text, "<") == 2 + 6 * page.parts.size());
  SHOAL_CHECK(!page.is_truncated || page.next_marker > 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto body = s3::parse_error(text)) check_failure(*body);
  if (const auto id = s3::parse_initiate_multipart(text)) SHOAL_CHECK(!id->empty());
  check_stored(s3::parse_complete_multipart(text));
  check_stored(s3::parse_copy(text));
  if (const auto page = s3::parse_list_objects(text)) {
    for (const auto& object : page->objects)
      SHOAL_CHECK(!object.key.empty() && shoal::is_valid_utf8(object.key));
    SHOAL_CHECK(!page->is_truncated || !page->next_token.empty() || !page->next_marker.empty());
  }
  if (const auto page = s3::parse_list_parts(text)) check_parts(*page);
  if (const auto page = s3::parse_list_uploads(text))
    SHOAL_CHECK(!page->is_truncated || !page->next_key_marker.empty());
  return 0;
}
