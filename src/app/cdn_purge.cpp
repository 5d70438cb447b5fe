#include "app/cdn_purge.h"

#include <boost/json.hpp>

#include "blob/s3/address.h"

namespace shoal::app {
namespace {

constexpr Milliseconds k_deadline{20'000};

}  // namespace

CdnPurge::CdnPurge(const std::vector<StoreConfig>& stores) {
  for (const StoreConfig& store : stores) {
    if (store.purge_url.empty()) continue;
    Target target{.purge_url = store.purge_url, .roots = {}};
    for (const auto& base : store.weighted_base_urls())
      target.roots.push_back(fmt::format("{}/{}", base.url, blob::s3::encode_key(store.prefix)));
    targets_.emplace(store.name, std::move(target));
  }
}

io::Task<Result<>> CdnPurge::purge(std::string store, std::string object_key) const {
  const auto found = targets_.find(store);
  if (found == targets_.end() || found->second.roots.empty()) co_return Result<>{};
  boost::json::array urls;
  for (const std::string& root : found->second.roots)
    urls.emplace_back(root + blob::s3::encode_key(object_key));
  net::ClientRequest request{.method = "POST", .url = found->second.purge_url};
  request.headers.add("Content-Type", "application/json");
  request.body = net::text_body(boost::json::serialize(boost::json::object{{"urls", urls}}));
  request.deadline = k_deadline;
  CO_TRY(const net::ClientResponse response, co_await http_.send(std::move(request)));
  if (response.status >= 200 && response.status < 300) co_return Result<>{};
  co_return fail(ErrorCode::unavailable,
                 fmt::format("the purge_url of store {} answered {}", store, response.status));
}

}  // namespace shoal::app
