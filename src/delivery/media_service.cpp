#include "delivery/media_service.h"

#include "base/log.h"
#include "base/text.h"
#include "delivery/media_response.h"
#include "delivery/playlist_tokens.h"

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

bool wants_reinjection(const net::Request& request) {
  const auto wanted = request.query.find("reinjectVideoFileToken");
  return wanted && (*wanted == "true" || *wanted == "1");
}

bool is_playlist(const MediaEntry& entry) {
  constexpr std::uint64_t k_longest = std::uint64_t{8} << 20;
  return entry.size <= k_longest && to_lower_ascii(entry.content_type).contains("mpegurl");
}

/// A playlist's text, wherever it is.
io::Task<Result<std::string>> whole_text(std::shared_ptr<const CachedMedia> media) {
  if (media->entry.text) co_return *media->entry.text;
  std::string text(media->entry.size, '\0');
  const auto bytes = std::as_writable_bytes(std::span(text));
  for (std::size_t at = 0; at < text.size();) {
    CO_TRY(const auto got, co_await media->reader->read_at(at, bytes.subspan(at)));
    if (got == 0) co_return fail(ErrorCode::corrupt, "the object is shorter than its record");
    at += got;
  }
  co_return text;
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
      missing_(clock),
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

io::Task<MediaService::Found> MediaService::load(std::string name) {
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
  media->headers = media_headers(entry);
  media->entry = std::move(entry);
  cache_.put(name, media, generation);
  co_return media;
}

std::shared_ptr<const CachedMedia> MediaService::find_fresh(std::string_view name) const {
  auto known = cache_.find(name);
  return known && cache_.is_fresh(*known) ? known : nullptr;
}

io::Task<MediaService::Found> MediaService::find(std::string name) {
  for (;;) {
    if (auto known = find_fresh(name)) co_return known;
    if (missing_.contains(name)) co_return fail(ErrorCode::not_found, "there is no such file");
    // What began before a privacy change is of no use to who asks after it.
    auto flight = co_await flights_.board(fmt::format("{} {}", cache_.generation(), name));
    if (flight.found) co_return *std::move(flight.found);
    if (!flight.turn) continue;
    Found loaded = co_await load(name);
    if (!loaded && loaded.error().code == ErrorCode::not_found) {
      cache_.forget(name);
      missing_.add(name);
    } else if (!loaded) {
      // The catalogue is away: what is playing keeps playing.
      const auto known = cache_.find(name);
      if (known && !known->entry.text) loaded = known;
    }
    flight.turn->land(loaded);
    co_return loaded;
  }
}

bool MediaService::has_token(const net::Request& request, const MediaEntry& entry) const {
  const auto token = request.query.find(k_token_parameter);
  return token && tokens_.verify(*token, entry.video, entry.privacy_epoch);
}

std::optional<ViewerVerdict> MediaService::decide(const net::Request& request,
                                                  const MediaEntry& entry, Access how) const {
  const auto allow = [](bool yes) { return yes ? ViewerVerdict::allowed : ViewerVerdict::refused; };
  if (how == Access::picture) return allow(entry.is_picture);
  if (entry.open_to_all || how == Access::open) return allow(entry.open_to_all);
  if (has_token(request, entry)) return ViewerVerdict::allowed;
  return std::nullopt;
}

io::Task<net::Response> MediaService::serve(net::Request& request, std::string_view name,
                                            Access how) {
  Found found = find_fresh(name);
  if (*found == nullptr) found = co_await find(std::string(name));
  if (!found) co_return error_response(found.error());
  const CachedMedia& media = **found;
  auto verdict = decide(request, media.entry, how);
  if (!verdict) verdict = co_await access_.may_watch(request, media.entry.video);
  if (verdict != ViewerVerdict::allowed) {
    refused_.add();
    if (verdict == ViewerVerdict::too_many_tries) co_return too_many_tries_response();
    // The open path must not tell that a private file exists.
    co_return how == Access::open || how == Access::picture
        ? error_response({ErrorCode::not_found, "there is no such file"})
        : error_response({ErrorCode::forbidden, "this video asks for a token or a password"});
  }
  net::Response response;
  if (how == Access::restricted && wants_reinjection(request) && has_token(request, media.entry) &&
      is_playlist(media.entry)) {
    auto text = co_await whole_text(*found);
    if (!text) co_return error_response(text.error());
    response =
        playlist_response(media.entry, add_tokens(*text, *request.query.find(k_token_parameter)));
  } else {
    response = media_response(request, *found, how);
  }
  bytes_[static_cast<std::size_t>(how)].add(static_cast<double>(body_length(response)));
  co_return response;
}

}  // namespace shoal::delivery
