#include "blob/s3/join.h"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>
#include <numeric>

#include "base/digest.h"
#include "base/text.h"
#include "blob/s3/copy.h"
#include "blob/s3/multipart_plan.h"
#include "blob/s3/reader.h"
#include "blob/s3/requests.h"
#include "io/task_group.h"

namespace shoal::blob::s3 {
namespace {

/// Below S3's own bound, because parts that go through us break the even division.
constexpr std::uint64_t k_most_parts = 9000;

std::uint64_t length_of(const JoinPart& part) {
  std::uint64_t length = 0;
  for (const JoinRange& range : part) length += range.length;
  return length;
}

/// One object in parts, of one upload id.
class Join {
 public:
  Join(Client& client, std::vector<std::string> from_keys, std::string to_key)
      : client_(client), from_keys_(std::move(from_keys)), to_key_(std::move(to_key)) {}

  io::Task<Result<>> run(NameValues headers, std::size_t parallel) {
    sizes_.reserve(from_keys_.size());
    for (const std::string& key : from_keys_) {
      CO_TRY(const std::uint64_t size, co_await size_of(client_, key));
      sizes_.push_back(size);
    }
    CO_TRY(plan_, plan_join(sizes_));
    CO_TRY(BegunUpload begun, co_await begin_multipart(client_, to_key_, std::move(headers)));
    upload_id_ = std::move(begun.id);
    parts_.resize(plan_.size());
    CO_TRY_VOID(co_await make_parts(parallel));
    const std::uint64_t size = std::accumulate(sizes_.begin(), sizes_.end(), std::uint64_t{0});
    co_return co_await complete_multipart(client_, to_key_, upload_id_, std::move(parts_), size);
  }

 private:
  /// Several at a time; the first failure lets the others end what they have begun.
  io::Task<Result<>> make_parts(std::size_t parallel) {
    io::TaskGroup workers(co_await boost::asio::this_coro::executor, "parts of " + to_key_);
    // Who is cancelled waits for the parts that are on their way, and begins no other.
    const auto cancellation = co_await boost::asio::this_coro::cancellation_state;
    for (std::size_t i = 0; i < std::min(parallel, plan_.size()); ++i)
      workers.spawn(work(cancellation));
    co_await workers.drain();
    if (error_) co_return std::unexpected(*error_);
    co_return Result<>{};
  }

  io::Task<> work(boost::asio::cancellation_state outer) {
    while (!error_ && next_ < plan_.size() &&
           outer.cancelled() == boost::asio::cancellation_type::none) {
      const std::size_t i = next_++;
      const bool is_copied =
          plan_[i].size() == 1 && (plan_[i][0].length >= k_min_part_size || i + 1 == plan_.size());
      auto etag = is_copied ? co_await copy(i) : co_await send(i);
      if (etag) {
        parts_[i] = {number_of(i), length_of(plan_[i]), *std::move(etag)};
      } else {
        error_ = etag.error();
      }
    }
  }

  static std::uint32_t number_of(std::size_t i) { return static_cast<std::uint32_t>(i + 1); }
  NameValues query_of(std::size_t i) const {
    return {{"partNumber", std::to_string(number_of(i))}, {"uploadId", upload_id_}};
  }

  io::Task<Result<std::string>> copy(std::size_t i) {
    const JoinRange range = plan_[i].front();
    co_return co_await copy_part(client_, {.from_key = from_keys_[range.object],
                                           .to_key = to_key_,
                                           .offset = range.offset,
                                           .length = range.length,
                                           .query = query_of(i)});
  }

  io::Task<Result<std::string>> send(std::size_t i) {
    const auto bytes = std::make_shared<std::string>(length_of(plan_[i]), '\0');
    std::size_t at = 0;
    for (const JoinRange& range : plan_[i]) {
      const auto reader = make_reader(client_, from_keys_[range.object], sizes_[range.object]);
      const auto out = std::as_writable_bytes(std::span(*bytes)).subspan(at, range.length);
      CO_TRY(const std::size_t got, co_await reader->read_at(range.offset, out));
      if (got != range.length)
        co_return fail(ErrorCode::corrupt, from_keys_[range.object] + " became shorter");
      at += got;
    }
    CO_TRY(const Reply reply,
           co_await client_.call({.name = "UploadPart",
                                  .method = "PUT",
                                  .key = to_key_,
                                  .query = query_of(i),
                                  .body = [bytes] { return net::text_body(*bytes); },
                                  .payload_sha256 = to_hex(Sha256::of(*bytes))}));
    const auto etag = unquoted_etag(reply.headers.find("ETag").value_or(""));
    if (etag.empty()) co_return fail(ErrorCode::corrupt, "UploadPart was answered without an ETag");
    co_return std::string(etag);
  }

  Client& client_;
  const std::vector<std::string> from_keys_;
  const std::string to_key_;
  std::vector<std::uint64_t> sizes_;
  std::vector<JoinPart> plan_;
  std::string upload_id_;
  std::vector<Part> parts_;
  std::size_t next_ = 0;
  std::optional<Error> error_;
};

}  // namespace

Result<std::vector<JoinPart>> plan_join(std::span<const std::uint64_t> sizes) {
  const std::uint64_t total = std::accumulate(sizes.begin(), sizes.end(), std::uint64_t{0});
  if (total == 0) return fail(ErrorCode::invalid, "there is nothing to join");
  if (total > k_max_object_size)
    return fail(ErrorCode::too_large, fmt::format("an object of {} bytes is too large", total));
  const std::uint64_t least = std::max(k_min_part_size, (total + k_most_parts - 1) / k_most_parts);
  std::vector<JoinPart> parts;
  JoinPart pending;
  std::uint64_t gathered = 0;
  for (std::size_t object = 0; object < sizes.size(); ++object) {
    std::uint64_t offset = 0;
    const auto take = [&](std::uint64_t length) {
      offset += length;
      return JoinRange{object, offset - length, length};
    };
    while (offset < sizes[object]) {
      const std::uint64_t left = sizes[object] - offset;
      if (gathered == 0 && left >= least) {
        parts.push_back({take(std::min(left, k_max_part_size))});
        continue;
      }
      pending.push_back(take(std::min(left, least - gathered)));
      gathered += pending.back().length;
      if (gathered < least) continue;
      parts.push_back(std::exchange(pending, {}));
      gathered = 0;
    }
  }
  if (!pending.empty()) parts.push_back(std::move(pending));
  return parts;
}

io::Task<Result<>> join_objects(Client& client, std::vector<std::string> from_keys,
                                std::string to_key, NameValues headers, std::size_t parallel) {
  Join join(client, std::move(from_keys), std::move(to_key));
  co_return co_await join.run(std::move(headers), parallel);
}

}  // namespace shoal::blob::s3
