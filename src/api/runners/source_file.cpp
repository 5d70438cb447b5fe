#include "api/runners/source_file.h"

#include <fmt/format.h>

#include "net/http/range.h"

namespace shoal::api {
namespace {

/// Part of an object of another machine's.
class StreamBody final : public net::BodySource {
 public:
  StreamBody(std::shared_ptr<blob::ObjectReader> reader, std::unique_ptr<blob::ObjectStream> stream,
             std::uint64_t length)
      : reader_(std::move(reader)), stream_(std::move(stream)), length_(length) {}

  io::Task<Result<std::size_t>> read(std::span<std::byte> out) override {
    return stream_->read(out);
  }
  std::optional<std::uint64_t> length() const override { return length_; }

 private:
  std::shared_ptr<blob::ObjectReader> reader_;
  std::unique_ptr<blob::ObjectStream> stream_;
  std::uint64_t length_;
};

}  // namespace

io::Task<Answer<net::Response>> source_response(const net::Headers& request,
                                                const storage::Stores& stores,
                                                storage::StoredFile file) {
  blob::BlobStore* const store = stores.find(file.store);
  if (store == nullptr) co_return refuse(503, "The store of this file is away.");
  CO_TRY(std::shared_ptr<blob::ObjectReader> reader, co_await store->open(file.object_key));
  const std::uint64_t size = reader->size();
  const net::RangeAnswer range = net::decide_range(request.find("Range"), size);
  net::Response response;
  response.headers.set("Content-Type", file.content_type);
  response.headers.set("Accept-Ranges", "bytes");
  response.headers.set("Cache-Control", "private, no-store");
  if (range.outcome == net::RangeOutcome::unsatisfiable) {
    response.status = 416;
    response.headers.set("Content-Range", fmt::format("bytes */{}", size));
    co_return response;
  }
  net::ByteSpan span{0, size};
  if (range.outcome == net::RangeOutcome::partial) {
    span = range.span;
    response.status = 206;
    response.headers.set("Content-Range",
                         fmt::format("bytes {}-{}/{}", span.begin, span.end - 1, size));
  }
  if (auto local = reader->local_file()) {
    response.body = net::FileBody{std::move(local), span.begin, span.length()};
    co_return response;
  }
  CO_TRY(auto stream, co_await reader->stream(span.begin, span.length()));
  response.body = std::make_unique<StreamBody>(std::move(reader), std::move(stream), span.length());
  co_return response;
}

}  // namespace shoal::api
