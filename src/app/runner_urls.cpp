#include "app/runner_urls.h"

#include "api/runners/services.h"

namespace shoal::app {
namespace {

/// How long a worker may take to begin to read a source; a slow one goes on where it was.
constexpr Seconds k_source_url_life{3600};

std::optional<std::string> text_of(Result<std::string> url) {
  return url ? std::optional(*std::move(url)) : std::nullopt;
}

}  // namespace

std::optional<std::string> source_url(const OtherStores& stores, std::string_view store,
                                      std::string_view key) {
  const blob::S3Store* const bucket = stores.find_presigning(store);
  if (bucket == nullptr) return std::nullopt;
  return text_of(bucket->presigned_url(key, k_source_url_life));
}

std::optional<std::string> result_url(const OtherStores& stores, std::string_view store,
                                      std::string_view key, std::uint64_t size) {
  const blob::S3Store* const bucket = stores.find_presigning(store);
  if (bucket == nullptr || !bucket->is_attached()) return std::nullopt;
  return text_of(bucket->presigned_put_url(key, api::k_result_url_life, size));
}

}  // namespace shoal::app
