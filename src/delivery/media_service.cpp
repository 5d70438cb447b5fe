#include "delivery/media_service.h"

#include "base/log.h"
#include "base/text.h"
#include "delivery/media_response.h"

namespace shoal::delivery {
namespace {

constexpr std::string_view k_token_parameter = "videoFileToken";

std::string label(Access how) {
  switch (how) {
    case Access::open:
      return "open";
    case Access::restricted:
      return "restricted";
    case Access::download:
      return "download";
    case Access::picture:
      return "picture";
  }
  return "open";
}

}  // namespace

MediaService::MediaService(MediaIndex& index, ViewerAccess& access, const MediaTokens& tokens,
                           StoreLookup stores, const Clock& clock, Metrics& metrics)
    : index_(index),
      access_(access),
      tokens_(tokens),
      stores_(std::move(stores)),
      clock_(clock),
      cache_({}, clock),
      refused_(metrics.counter("shoal_media_refused_total",
                               "Requests for restricted media without the right to it")),
      bytes_{metrics.counter("shoal_media_bytes_total", "Bytes of media answered",
                             {{"access", label(Access::open)}}),
             metrics.counter("shoal_media_bytes_total", "Bytes of media answered",
                             {{"access", label(Access::restricted)}}),
             metrics.counter("shoal_media_bytes_total", "Bytes of media answered",
                             {{"access", label(Access::download)}}),
             metrics.counter("shoal_media_bytes_total", "Bytes of media answered",
                             {{"access", label(Access::picture)}})} {}

io::Task<Result<std::shared_ptr<const CachedMedia>>> MediaService::load(std::string name) {
  const std::uint64_t generation = cache_.generation();
  CO_TRY(MediaEntry entry, co_await index_.find(name));
  auto media = std::make_shared<CachedMedia>();
  media->checked = clock_.steady_now();
  if (!entry.text) {
    Result<> last = fail(ErrorCode::not_found, "no copy of this file is known");
    for (const Copy& copy : entry.copies) {
      blob::BlobStore* store = stores_(copy.store);
      if (store == nullptr) continue;
      auto opened = co_await store->open(copy.object_key);
      if (opened) {
        media->reader = std::move(*opened);
        break;
      }
      last = std::unexpected(opened.error());
      log::error("a copy cannot be opened",
                 {{"file", name}, {"store", copy.store}, {"error", opened.error().message}});
    }
    // Never "missing" while a row says that it is there: that is for repair, not for a 404.
    if (!media->reader) co_return fail(ErrorCode::unavailable, last.error().message);
  }
  // What is rendered now was modified now; an older time would answer 304 for a playlist that grew.
  if (entry.text) entry.modified = clock_.now();
  media->entry = std::move(entry);
  cache_.put(name, media, generation);
  co_return media;
}

io::Task<Result<std::shared_ptr<const CachedMedia>>> MediaService::find(std::string name) {
  auto known = cache_.find(name);
  if (known && cache_.is_fresh(*known)) co_return known;
  auto loaded = co_await load(name);
  if (loaded) co_return loaded;
  if (loaded.error().code == ErrorCode::not_found) {
    cache_.forget(name);
    co_return loaded;
  }
  // The catalogue is away: what is playing keeps playing.
  if (known && !known->entry.text) co_return known;
  co_return loaded;
}

io::Task<bool> MediaService::is_allowed(const net::Request& request, const MediaEntry& entry,
                                        Access how) {
  if (how == Access::picture) co_return entry.is_picture;
  if (entry.open_to_all) co_return true;
  if (how == Access::open) co_return false;
  const auto token = request.query.find(k_token_parameter);
  if (token && tokens_.verify(*token, entry.video, entry.privacy_epoch)) co_return true;
  co_return co_await access_.may_watch(request, entry.video);
}

io::Task<net::Response> MediaService::serve(net::Request& request, std::string name, Access how) {
  auto found = co_await find(std::move(name));
  if (!found) co_return error_response(found.error());
  const CachedMedia& media = **found;
  if (!co_await is_allowed(request, media.entry, how)) {
    refused_.add();
    // The open path must not tell that a private file exists.
    co_return how == Access::open || how == Access::picture
        ? error_response({ErrorCode::not_found, "there is no such file"})
        : error_response({ErrorCode::forbidden, "this video asks for a token or a password"});
  }
  net::Response response = media_response(request, *found, how);
  bytes_[static_cast<std::size_t>(how)].add(static_cast<double>(body_length(response)));
  co_return response;
}

}  // namespace shoal::delivery
