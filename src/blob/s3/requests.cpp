#include "blob/s3/requests.h"

#include "base/digest.h"
#include "base/text.h"

namespace shoal::blob::s3 {
Result<std::uint64_t> length_in(const Reply& head) {
  const auto length = parse_int(head.headers.find("Content-Length").value_or(""));
  if (!length || *length < 0) return fail(ErrorCode::corrupt, "HeadObject told no length");
  return static_cast<std::uint64_t>(*length);
}

io::Task<Result<std::uint64_t>> size_of(Client& client, std::string key) {
  CO_TRY(const Reply head,
         co_await client.call({.name = "HeadObject", .method = "HEAD", .key = std::move(key)}));
  co_return length_in(head);
}

std::optional<ErrorBody> failure_of(Result<OrErrorBody<StoredObject>> parsed) {
  if (!parsed) {
    ErrorBody unclear;
    unclear.code = "InternalError";
    unclear.message = parsed.error().message;
    return unclear;
  }
  auto* const error = std::get_if<ErrorBody>(&*parsed);
  return error != nullptr ? std::optional(*error) : std::nullopt;
}

io::Task<Result<BegunUpload>> begin_multipart(Client& client, std::string key, NameValues headers) {
  CO_TRY(const Reply begun, co_await client.call({.name = "CreateMultipartUpload",
                                                  .method = "POST",
                                                  .key = std::move(key),
                                                  .query = {{"uploads", ""}},
                                                  .headers = std::move(headers)}));
  CO_TRY(std::string id, parse_initiate_multipart(begun.text));
  co_return BegunUpload{std::move(id), begun.attempts > 1};
}

io::Task<Result<>> complete_multipart(Client& client, std::string key, std::string upload_id,
                                      std::vector<Part> parts, std::uint64_t size) {
  const std::string text = write_complete_multipart(parts);
  Operation operation{
      .name = "CompleteMultipartUpload",
      .method = "POST",
      .key = key,
      .query = {{"uploadId", std::move(upload_id)}},
      .headers = {{"content-type", "application/xml"}},
      .body = [text] { return net::text_body(text); },
      .payload_sha256 = to_hex(Sha256::of(text)),
      .failure_in =
          [](std::string_view answer) { return failure_of(parse_complete_multipart(answer)); }};
  const auto completed = co_await client.call(std::move(operation));
  const auto stored = co_await size_of(client, key);
  if (stored && *stored == size) co_return Result<>{};
  if (!completed) co_return std::unexpected(completed.error());
  if (!stored) co_return std::unexpected(stored.error());
  co_return fail(ErrorCode::corrupt,
                 fmt::format("{} has {} bytes in the store instead of {}", key, *stored, size));
}

}  // namespace shoal::blob::s3
