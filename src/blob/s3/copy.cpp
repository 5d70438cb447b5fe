#include "blob/s3/copy.h"

#include "blob/s3/multipart_plan.h"
#include "blob/s3/requests.h"

namespace shoal::blob::s3 {
namespace {

std::optional<ErrorBody> failure_of_copy(std::string_view answer) {
  return failure_of(parse_copy(answer));
}

std::string source_of(const Client& client, const std::string& from_key) {
  const Address& address = client.config().address;
  return fmt::format("/{}/{}", address.bucket, encode_key(address.prefix + from_key));
}

io::Task<Result<>> copy_whole(Client& client, const CopyRequest& request) {
  NameValues headers = request.headers;
  headers.emplace_back("x-amz-copy-source", source_of(client, request.from_key));
  headers.emplace_back("x-amz-metadata-directive", "REPLACE");
  CO_TRY_VOID(co_await client.call({.name = "CopyObject",
                                    .method = "PUT",
                                    .key = request.to_key,
                                    .headers = std::move(headers),
                                    .failure_in = failure_of_copy}));
  CO_TRY(const std::uint64_t size, co_await size_of(client, request.to_key));
  if (size == request.size) co_return Result<>{};
  co_return fail(ErrorCode::corrupt,
                 fmt::format("the store's copy of {} has {} bytes instead of {}", request.from_key,
                             size, request.size));
}

io::Task<Result<>> copy_parts(Client& client, const CopyRequest& request, std::string upload_id) {
  CO_TRY(const MultipartPlan plan, plan_multipart(request.size, request.largest_single));
  std::vector<Part> parts;
  parts.reserve(plan.part_count);
  for (std::uint32_t number = 1; number <= plan.part_count; ++number) {
    const std::uint64_t length = plan.length_of(number);
    CO_TRY(std::string etag,
           co_await copy_part(client, {.from_key = request.from_key,
                                       .to_key = request.to_key,
                                       .offset = plan.offset_of(number),
                                       .length = length,
                                       .query = {{"partNumber", std::to_string(number)},
                                                 {"uploadId", upload_id}}}));
    parts.push_back({number, length, std::move(etag)});
  }
  co_return co_await complete_multipart(client, request.to_key, std::move(upload_id),
                                        std::move(parts), request.size);
}

}  // namespace

io::Task<Result<std::string>> copy_part(Client& client, CopiedPart part) {
  const std::string range = fmt::format("bytes={}-{}", part.offset, part.offset + part.length - 1);
  CO_TRY(const Reply reply,
         co_await client.call({.name = "UploadPartCopy",
                               .method = "PUT",
                               .key = part.to_key,
                               .query = std::move(part.query),
                               .headers = {{"x-amz-copy-source", source_of(client, part.from_key)},
                                           {"x-amz-copy-source-range", range}},
                               .failure_in = failure_of_copy}));
  CO_TRY(OrErrorBody<StoredObject> parsed, parse_copy(reply.text));
  auto* const copied = std::get_if<StoredObject>(&parsed);
  if (copied == nullptr || copied->etag.empty())
    co_return fail(ErrorCode::corrupt, "UploadPartCopy was answered without an ETag");
  co_return std::move(copied->etag);
}

io::Task<Result<>> copy_object(Client& client, CopyRequest request) {
  if (request.size <= request.largest_single) co_return co_await copy_whole(client, request);
  CO_TRY(BegunUpload begun, co_await begin_multipart(client, request.to_key, request.headers));
  co_return co_await copy_parts(client, request, std::move(begun.id));
}

}  // namespace shoal::blob::s3
